"""What many mail programs do not understand, in an author's own markup and images.

A small table of our own, drawn up from the facts that caniemail.com publishes for Gmail, Outlook, Apple Mail, Yahoo and
Samsung. Only what the author wrote is judged: themes lean on such things deliberately, and do without where they fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from mailer.rendering.linkcheck import Flaw


class Unsupported(NamedTuple):
    """Who does not understand something, and what to write instead."""

    by: str
    instead: str


_CSS: Mapping[str, Unsupported] = {
    r"display\s*:\s*(?:inline-)?flex": Unsupported("Outlook on Windows", "Use columns, or a table."),
    r"display\s*:\s*(?:inline-)?grid": Unsupported("Gmail, Outlook and Yahoo", "Use columns, or a table."),
    r"position\s*:\s*(?:absolute|fixed|sticky)": Unsupported("Gmail, Outlook and Yahoo", "Use columns."),
    r"var\s*\(": Unsupported("Gmail, Outlook and Yahoo", "Write the value itself."),
    r"calc\s*\(": Unsupported("Outlook on Windows", "Write the value itself."),
    r"#[0-9a-fA-F]{8}\b|\brgba?\s*\([^)]*/": Unsupported("Outlook and Yahoo", "Write the colour as #112233."),
    r"\b(?:animation|transition|transform)\s*:": Unsupported("Gmail and Outlook", "Use an animated GIF, or nothing."),
    r"background-image\s*:|background\s*:[^;]*gradient": Unsupported("Outlook on Windows", "Give a plain colour too."),
    r"@font-face": Unsupported("Gmail and Outlook", "Use fonts that machines have."),
    r"object-fit\s*:": Unsupported("Outlook and Yahoo", "Cut the image itself."),
    r"\b(?:r?em|vw|vh)\b(?=\s*[;\"'}])|\d(?:vw|vh)\b": Unsupported("Outlook on Windows", "Use pixels."),
    r":(?:nth-child|not|has|is)\(": Unsupported("Gmail and Outlook", "Use a class."),
}
_IMAGES: Mapping[str, Unsupported] = {
    ".svg": Unsupported("Gmail and Outlook", "Use PNG."),
    ".webp": Unsupported("Outlook on Windows", "Use JPEG or PNG."),
    ".avif": Unsupported("Gmail, Outlook and Yahoo", "Use JPEG or PNG."),
    ".heic": Unsupported("nearly everybody but Apple", "Use JPEG."),
    ".tif": Unsupported("nearly everybody", "Use JPEG or PNG."),
    ".tiff": Unsupported("nearly everybody", "Use JPEG or PNG."),
    ".bmp": Unsupported("some mail programs", "Use PNG."),
}


def markup_flaws(source: str) -> Iterator[tuple[int, Flaw]]:
    """Judge markup; gives the line, too. Each thing is said once, where it first stands."""
    for pattern, unsupported in _CSS.items():
        if match := re.search(pattern, source):
            yield 1 + source.count("\n", 0, match.start()), _flaw(f"“{match[0].strip()}”", unsupported)


def image_flaw(address: str) -> Flaw | None:
    """Judge an image by the ending of its address."""
    try:
        path = urlsplit(address).path.lower()
    except ValueError:
        return None
    unsupported = next((found for ending, found in _IMAGES.items() if path.endswith(ending)), None)
    return _flaw(f"The image {address}", unsupported) if unsupported else None


def _flaw(what: str, unsupported: Unsupported) -> Flaw:
    return Flaw(
        is_blocking=False,
        rule="client-support",
        message=f"{what} is not understood by {unsupported.by}.",
        fix=unsupported.instead,
    )
