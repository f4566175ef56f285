"""The bytes of a source file: how big they may be, which encoding they are in, and what is no text at all."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from mailer.errors import SourceError

SOURCE_LIMIT_BYTES = 1 << 20
"""The longest issue that is read. A mail of a tenth of this is already cut off by Gmail (102 KB)."""

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32's little-endian mark begins with UTF-16's, so it is asked for first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_OTHER_FILES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a Word document or another ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
    (b"{\\rtf", "an RTF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a gzip file"),
)

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Where more of the bytes than this are not ASCII, Windows-1252 is a guess too many: it is Cyrillic, Greek, Chinese …
_WESTERN_SHARE = 0.12


def read_source_file(path: Path) -> tuple[str, list[str]]:
    """Return a file's text, and a note where its encoding had to be found out.

    Raises SourceError for a file that cannot be read, is over the limit, or is no text.
    """
    place = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(SOURCE_LIMIT_BYTES + 1)
            size_bytes = path.stat().st_size
    except OSError as error:
        raise SourceError(
            f"The file cannot be read ({error.strerror or error}).", place=place, fix="Check its name and its rights."
        ) from error
    if len(data) > SOURCE_LIMIT_BYTES:
        crossing = data.count(b"\n") + 1
        raise _too_long(f"{place}:{crossing}", max(size_bytes, len(data)))
    return decode_source(data, place=place)


def decode_source(data: bytes, *, place: str) -> tuple[str, list[str]]:
    """Return the text that the bytes say, and a note where the encoding is not plain UTF-8.

    A byte order mark is believed; without one it is UTF-8, else UTF-16 where every second byte is NUL, else
    Windows-1252 where little is not ASCII. All else is refused rather than guessed. Raises SourceError, with the line.
    """
    for beginning, what in _OTHER_FILES:
        if data.startswith(beginning):
            raise SourceError(
                f"This is {what}, not text.", place=f"{place}:1", fix="Save or copy it as plain text in UTF-8."
            )
    text, notes = _decoded(data, place)
    check_text(text, place=place)
    return text, notes


def check_text(text: str, *, place: str) -> None:
    """Raise SourceError, with the line, for text over the limit and for characters that no text has."""
    if len(text) > SOURCE_LIMIT_BYTES:
        crossing = text.count("\n", 0, SOURCE_LIMIT_BYTES) + 1
        raise _too_long(f"{place}:{crossing}", len(text))
    found = _CONTROL.search(text) or _SURROGATE.search(text)
    if found is None:
        return
    line = text.count("\n", 0, found.start()) + 1
    name = "a NUL byte" if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}"
    raise SourceError(
        f"There is {name} in it: this is not text, or it was damaged on its way.",
        place=f"{place}:{line}",
        fix="Save it again as plain text in UTF-8.",
    )


def _decoded(data: bytes, place: str) -> tuple[str, list[str]]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _strictly(data[len(mark) :], encoding, place)
            return text, [] if encoding == "utf-8" else [f"Read as {encoding.upper()}, as its byte order mark says."]
    if encoding := _unmarked_utf16(data):
        return _strictly(data, encoding, place), [f"Read as {encoding.upper()}: every second byte is NUL."]
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        return _western(data, error, place)


def _strictly(data: bytes, encoding: str, place: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(encoding, errors="ignore").count("\n") + 1
        raise SourceError(
            f"The file begins as {encoding.upper()}, but does not go on so.",
            place=f"{place}:{line}",
            fix="Save it again as plain text in UTF-8.",
        ) from error


def _unmarked_utf16(data: bytes) -> str:
    """Return the byte order of UTF-16 without a mark, told by the NULs of its ASCII part; "" where it is not that."""
    half = len(data) // 2
    if half < 2 or len(data) % 2:
        return ""
    even, odd = data[::2].count(0), data[1::2].count(0)
    if odd > half * 0.4 and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.4 and odd == 0 else ""


def _western(data: bytes, error: UnicodeDecodeError, place: str) -> tuple[str, list[str]]:
    line = data.count(b"\n", 0, error.start) + 1
    foreign = sum(byte > 0x7F for byte in data)
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if not text or foreign > len(data) * _WESTERN_SHARE or _CONTROL.search(text):
        raise SourceError(
            f"This is not UTF-8 (byte 0x{data[error.start]:02X}), and what else it could be is not clear.",
            place=f"{place}:{line}",
            fix="Save it again as UTF-8.",
        ) from error
    return text, [f"Read as Windows-1252, since line {line} is not UTF-8. Look at its accents and quotation marks."]


def _too_long(place: str, size_bytes: int) -> SourceError:
    return SourceError(
        f"The source is {size_bytes / (1 << 20):.1f} MB; an issue may have 1 MB at most, which is reached here.",
        place=place,
        fix="Link to pictures and documents instead of pasting them in.",
    )
