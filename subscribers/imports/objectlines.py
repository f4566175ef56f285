"""A file of JSON objects, one a line (NDJSON), as a table: its columns are the names that come up anywhere in it.

An object within an object becomes the column `outer.inner`, a list of texts one text with commas. The file is read
through once before any row is used, like every table here.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

from subscribers.errors import ImportFileError
from subscribers.imports.table import LONGEST_LINE, MOST_COLUMNS, Row


class ObjectLines:
    """A file of objects that was read through once and can be read again."""

    def __init__(self, path: Path, name: str) -> None:
        """Read every line, so that whatever is wrong with the file comes up now. Raises ImportFileError."""
        self.name = name
        self.encoding = "utf-8"
        self._path = path
        names: dict[str, None] = {}
        for line, entry in self._entries():
            names.update(dict.fromkeys(entry))
            if len(names) > MOST_COLUMNS:
                raise self._error(line, f"It has more than {MOST_COLUMNS} names.", "Keep the ones about people.")
        self.header = list(names)
        if not names:
            raise self._error(1, "It is empty.", "Each line must hold a JSON object with an `email`.")

    def rows(self) -> Generator[Row, None, None]:
        """Yield one row a line; lines without any text are no rows."""
        for number, (line, entry) in enumerate(self._entries(), start=1):
            yield Row(number, line, [entry.get(name, "") for name in self.header])

    def _entries(self) -> Generator[tuple[int, dict[str, str]], None, None]:
        with self._path.open("rb") as stream:
            for line, text in enumerate(iter(lambda: stream.readline(LONGEST_LINE + 1), b""), start=1):
                if len(text) > LONGEST_LINE:
                    raise self._error(line, f"This line has more than {LONGEST_LINE:,} bytes.", "Mend or delete it.")
                if not text.strip():
                    continue
                try:
                    # A byte order mark at the beginning is not JSON, and common.
                    found = json.loads(text.decode("utf-8-sig" if line == 1 else "utf-8"))
                except (ValueError, RecursionError):
                    found = None
                if not isinstance(found, dict):
                    raise self._error(line, "This line is no JSON object.", "Mend or delete it.")
                yield line, _flat(found)

    def _error(self, line: int, message: str, fix: str) -> ImportFileError:
        return ImportFileError(message, place=f"{self.name}:{line}", fix=fix)


def _flat(entry: dict[str, object], before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in entry.items():
        match value:
            case None:
                flat[before + name] = ""
            case bool():
                flat[before + name] = str(value).lower()
            case list():
                flat[before + name] = ", ".join(one if isinstance(one, str) else json.dumps(one) for one in value)
            case dict() if before.count(".") < 3:
                flat |= _flat(value, f"{before}{name}.")
            case _:
                flat[before + name] = value if isinstance(value, str) else json.dumps(value)
    return flat
