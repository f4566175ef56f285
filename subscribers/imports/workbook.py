"""The first sheet of an XLSX, XLSM, XLSB, XLS or ODS workbook, as a table.

Formulas are not computed: a cell is the value that the program which wrote the file last saw. A workbook is a zip file,
and may claim to be a few kilobytes and be gigabytes; its own table of contents is asked first. Read it in a process of
its own, whose memory is limited (`subscribers.imports.rowreading`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Generator
from datetime import date, datetime, time, timedelta
from pathlib import Path

import python_calamine

from subscribers.errors import ImportFileError
from subscribers.imports.table import MOST_COLUMNS, Row

MOST_UNPACKED_BYTES = 1 << 30
_MOST_TIMES_LARGER = 200  # XML shrinks to a tenth, seldom to a fiftieth; a bomb to a thousandth
_SMALL_BYTES = 10 << 20
_SAVE_AS = "Save it as “CSV UTF-8” and import that."

Cell = str | int | float | bool | date | datetime | time | timedelta


class Workbook:
    """A sheet that was opened and can be read again."""

    def __init__(self, path: Path, name: str) -> None:
        """Read the sheet. Raises ImportFileError."""
        self.name = name
        self.encoding = "workbook"
        _check_size(path, name)
        try:
            sheets = python_calamine.CalamineWorkbook.from_path(str(path))
            titles = sheets.sheet_names
            self._sheet = sheets.get_sheet_by_index(0) if titles else None
        except (python_calamine.CalamineError, OSError) as error:
            raise ImportFileError(f"It cannot be read as a workbook: {error}.", place=name, fix=_SAVE_AS) from error
        first = next(self._filled(), None)
        if first is None:
            raise ImportFileError("Its first sheet is empty.", place=name, fix="Put the people on the first sheet.")
        self.header = first[1]
        if len(self.header) > MOST_COLUMNS:
            message = f"It has {len(self.header):,} columns."
            raise ImportFileError(message, place=f"{name}:1", fix="Keep the ones about people.")

    def rows(self) -> Generator[Row, None, None]:
        """Yield the rows below the header; rows without any text are no rows."""
        rows = self._filled()
        next(rows, None)
        for number, (line, cells) in enumerate(rows, start=1):
            yield Row(number, line, cells)

    def _filled(self) -> Generator[tuple[int, list[str]], None, None]:
        if self._sheet is None or self._sheet.start is None:
            return
        top = self._sheet.start[0]
        for line, cells in enumerate(self._sheet.iter_rows(), start=1 + top):
            texts = [_text(cell) for cell in cells]
            if any(map(str.strip, texts)):
                yield line, texts


def _check_size(path: Path, name: str) -> None:
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ImportFileError(f"It is damaged: {error}.", place=name, fix=_SAVE_AS) from error
    packed = path.stat().st_size
    if unpacked > MOST_UNPACKED_BYTES or (unpacked > _SMALL_BYTES and unpacked > packed * _MOST_TIMES_LARGER):
        message = f"It would unpack from {packed:,} to {unpacked:,} bytes; a table of people does not."
        raise ImportFileError(message, place=name, fix=_SAVE_AS)


def _text(cell: Cell) -> str:
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 2**53:
            return str(int(cell))
        case datetime() | date() | time():
            return cell.isoformat()
        case _:
            return str(cell)
