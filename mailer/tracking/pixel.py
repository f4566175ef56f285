"""The pixel: the smallest picture that every mail program takes, a transparent GIF89a of one pixel."""

from __future__ import annotations

PIXEL = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00"
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
PIXEL_TYPE = "image/gif"
