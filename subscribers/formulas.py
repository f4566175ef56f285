"""Keeping a cell of an exported table from being run as a formula by the spreadsheet that opens it."""

from __future__ import annotations

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(text: str) -> str:
    """Return a cell's text with an apostrophe in front where a spreadsheet would take it for a formula.

    As OWASP's page on CSV injection says. A number, even a negative one, is no formula.
    """
    if not text.lstrip().startswith(_DANGEROUS) and not text.startswith(_DANGEROUS):
        return text
    return text if _is_number(text) else f"'{text}"


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isascii() and text[:1] in "+-" and text[1:].replace(".", "", 1).isdecimal()
