"""Quoted-printable (RFC 2045 §6.7) in pieces that can be joined with others.

A run and a value each end where a soft line break can follow at once: no line has more than 75 characters before it, so
that with the "=" it keeps to 76. The standard library's encoder is used for the bytes; the rest is about the seams, and
about dots: no line begins with one, so that a message need not be searched for them before it is handed over.
"""

from __future__ import annotations

import binascii
import re

SOFT_BREAK = b"=\r\n"
# Two spaces are parted by a soft line break: a signature's "relaxed" form (RFC 6376 §3.4.4) would make one of them,
# and looking for such places in every message costs more than signing it.
_BETWEEN_SPACES = re.compile("(?<= )(?= )")
_LEADING_DOTS = re.compile(rb"(?:\A|(?<=\n))\.{1,24}")


def encode_run(text: str) -> bytes:
    """Encode text with LF line ends, as a run that a soft line break may follow."""
    # The encoder treats the end of its input as the end of a line: it encodes a space there and fills the line to 76.
    # A letter more, taken away again, makes the seam an ordinary place within a line.
    if "  " in text:
        return SOFT_BREAK.join(map(encode_run, _BETWEEN_SPACES.split(text)))
    return _lines(binascii.b2a_qp(text.encode() + b"x", istext=True)[:-1])


def encode_last_run(text: str) -> bytes:
    """Encode the run that ends a body, with a line end of its own (RFC 2046 §5.1.1 gives the next to the boundary)."""
    *before, last = _BETWEEN_SPACES.split(text)
    if before:
        return SOFT_BREAK.join([*map(encode_run, before), encode_last_run(last)])
    return _lines(binascii.b2a_qp(text.encode().rstrip(b"\n") + b"\n", istext=True))


def encode_value(value: str) -> bytes:
    """Encode what goes into a hole: one line, between two soft line breaks."""
    if len(value) < 70 and value.isalnum() and value.isascii():
        return value.encode()
    # Runs of white space are encoded, so that a body stays as DKIM canonicalises it (RFC 6376 §3.4.4).
    has_runs = "  " in value or "\t" in value or value.startswith(" ") or value.endswith(" ")
    return _lines(binascii.b2a_qp(value.encode() + b"x", quotetabs=has_runs, istext=False)[:-1])


def _lines(encoded: bytes) -> bytes:
    """Return encoded text with CRLF line ends, of which none is followed by a dot."""
    encoded = encoded.replace(b"\r\n", b"\n")
    while (undotted := _LEADING_DOTS.sub(_encode_dots, encoded)) != encoded:
        encoded = undotted
    return encoded.replace(b"\n", b"\r\n")


def _encode_dots(dots: re.Match[bytes]) -> bytes:
    # On a line of their own: three bytes for one would make the line too long.
    return b"=2E" * len(dots[0]) + b"=\n"


def decode(body: bytes) -> str:
    """Return the text of a whole body, with LF line ends."""
    return binascii.a2b_qp(body).decode().replace("\r\n", "\n")
