"""A file of rows: CSV with whatever delimiter and encoding its writer's program liked.

The whole file is read once before any row is used: a file that cannot be read to its end is refused before anything was
done with its beginning, with the line and what to do. What a row means is not known here.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from subscribers.errors import ImportFileError

LONGEST_LINE = 100_000
"""Bytes of one line; a table of people has none like that, a broken file has."""
MOST_COLUMNS = 500

_DELIMITERS = (",", ";", "\t", "|")
_LINES_IN_A_RECORD = 20  # more means that a quotation mark was opened and never closed
_SAVE_AS = "Save it as “CSV UTF-8” and import that."
_NOT_TEXT = {
    b"PK\x03\x04": "is a workbook or a zip file, not CSV.",
    b"\xd0\xcf\x11\xe0": "is an old Excel workbook, not CSV.",
    b"\x1f\x8b": "is compressed with gzip.",
    b"%PDF": "is a PDF, not CSV.",
}
_BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Row(NamedTuple):
    """One row: its number (1 is the first below the header), the line it begins at, and its cells."""

    number: int
    line: int
    cells: list[str]


class Table:
    """A file that was read through once and can be read again."""

    def __init__(self, name: str, opened: Callable[[], AbstractContextManager[TextIO]], encoding: str) -> None:
        """Read the header; `read_table` is the way to get one."""
        self.name = name
        self.encoding = encoding
        self.header: list[str] = []
        self.row_count = 0
        self._opened = opened
        self.delimiter = self._find_delimiter()

    def rows(self) -> Generator[Row, None, None]:
        """Yield the rows below the header; rows without any text are no rows. Close it where it is left early."""
        with closing(self._records()) as records:
            next(records, None)
            for number, (line, cells) in enumerate(records, start=1):
                yield Row(number, line, cells)

    def read_through(self) -> None:
        """Read every row, so that whatever is wrong with the file comes up now. Raises ImportFileError."""
        with closing(self._records()) as records:
            line, self.header = next(records, (1, []))
            if len(self.header) > MOST_COLUMNS:
                raise self._error(line, f"It has {len(self.header):,} columns.", "Keep the ones about people.")
            self.row_count = sum(1 for _ in records)

    def _records(self) -> Generator[tuple[int, list[str]], None, None]:
        last = 0
        with self._opened() as text:
            reader = csv.reader(text, delimiter=self.delimiter)
            try:
                for cells in reader:
                    first, last = last + 1, reader.line_num
                    if last > first and _is_unclosed(last - first, cells):
                        raise self._unclosed(first)
                    if any(map(str.strip, cells)):
                        yield first, cells
            except csv.Error as error:
                raise self._unclosed(last + 1) from error

    def _unclosed(self, line: int) -> ImportFileError:
        return self._error(
            line, "A quotation mark is opened here and not closed.", "Close it, or double it if it is part of the text."
        )

    def _error(self, line: int, message: str, fix: str) -> ImportFileError:
        return ImportFileError(message, place=f"{self.name}:{line}", fix=fix)

    def _find_delimiter(self) -> str:
        with self._opened() as text:
            first = next((line for line in text if line.strip()), "")
        return max(_DELIMITERS, key=lambda delimiter: len(next(csv.reader([first], delimiter=delimiter), [])))


def read_table(file: Path | BinaryIO, name: str = "") -> Table:
    """Read a file through and return its table. Raises ImportFileError with the place and what to do.

    A binary file object must be seekable, and is read from its beginning.
    """
    name = name or _name_of(file)
    try:
        with _binary(file) as stream:
            encoding = _encoding_of(stream, name)
    except OSError as error:
        raise ImportFileError(f"It cannot be read: {error.strerror}.", place=name, fix="Check its name.") from error
    try:
        table = Table(name, lambda: _text(file, encoding), encoding)
        table.read_through()
    except UnicodeError as error:
        raise ImportFileError(f"It is not the {encoding} it looks like.", place=name, fix=_SAVE_AS) from error
    if not table.header:
        raise ImportFileError("It is empty.", place=f"{name}:1", fix="Its first line must name the columns.")
    return table


def _name_of(file: Path | BinaryIO) -> str:
    named = file if isinstance(file, Path) else getattr(file, "name", None)
    return Path(named).name if isinstance(named, str | Path) else "the file"


@contextmanager
def _binary(file: Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(file, Path):
        with file.open("rb") as stream:
            yield stream
    else:
        file.seek(0)
        yield file


@contextmanager
def _text(file: Path | BinaryIO, encoding: str) -> Iterator[TextIO]:
    with _binary(file) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        try:
            yield text
        finally:
            text.detach()  # whoever opened the file closes it


def _encoding_of(stream: BinaryIO, name: str) -> str:
    start = stream.read(4096)
    for magic, what in _NOT_TEXT.items():
        if start.startswith(magic):
            raise ImportFileError(f"It {what}", place=f"{name}:1", fix=_SAVE_AS)
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            return _check_lines(stream, name, encoding)
    return _check_lines(stream, name, _wide_encoding(start) or "utf-8")


def _wide_encoding(start: bytes) -> str:
    """Return UTF-16's name where every other byte is zero, as in Latin text without a byte order mark."""
    half = max(1, len(start) // 2)
    if start[1::2].count(0) > half * 0.6 and start[::2].count(0) < half * 0.1:
        return "utf-16-le"
    if start[::2].count(0) > half * 0.6 and start[1::2].count(0) < half * 0.1:
        return "utf-16-be"
    return ""


def _check_lines(stream: BinaryIO, name: str, encoding: str) -> str:
    """Look at every line's bytes; return the encoding, or Windows-1252 where the file is not UTF-8 but must be that."""
    stream.seek(0)
    is_wide = encoding.startswith("utf-16")
    foreign: list[tuple[int, bytes]] = []
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 1), b""), start=1):
        if len(line) > LONGEST_LINE:
            message = f"This line has more than {LONGEST_LINE:,} bytes; a row of people has not."
            raise ImportFileError(message, place=f"{name}:{number}", fix="Mend or delete it.")
        if is_wide:
            continue
        if b"\0" in line:
            message = "There are zero bytes here: the file is damaged, or not text."
            raise ImportFileError(message, place=f"{name}:{number}", fix=_SAVE_AS)
        if not _is_utf8(line):
            foreign.append((number, line))
            if len(foreign) > 10_000:
                break
    if not foreign:
        return encoding
    if encoding == "utf-8-sig" or not _is_windows_1252(line for _, line in foreign):
        message = "This line is not UTF-8, nor is the file in Windows-1252."
        raise ImportFileError(message, place=f"{name}:{foreign[0][0]}", fix=_SAVE_AS)
    return "cp1252"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_windows_1252(lines: Iterator[bytes]) -> bool:
    """Whether this is western text: its accented letters stand alone between plain ones.

    Two-byte encodings such as GB 18030, Big5 or Shift JIS decode as Windows-1252 too, to rows of accents.
    """
    alone = paired = 0
    for line in lines:
        try:
            text = line.decode("cp1252")
        except UnicodeDecodeError:
            return False
        for place, character in enumerate(text):
            if character.isascii():
                if unicodedata.category(character) == "Cc" and character not in "\t\r\n\f":
                    return False
                continue
            beside = text[max(0, place - 1) : place] + text[place + 1 : place + 2]
            paired, alone = (paired, alone + 1) if beside.isascii() else (paired + 1, alone)
    return alone >= paired


def _is_unclosed(more_lines: int, cells: list[str]) -> bool:
    """Whether a record over several lines has swallowed other rows, rather than having a line break in a cell."""
    if more_lines >= _LINES_IN_A_RECORD:
        return True
    return any("\n" in cell.strip() and "@" in cell for cell in cells)
