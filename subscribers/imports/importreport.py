"""What became of an imported file's rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from subscribers.imports.importcounts import FrameCounts
from subscribers.imports.rowreading import Rejected

MOST_SHOWN = 10_000
"""Invalid rows that a report holds; the file of rejected rows has them all."""


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that could not be imported: which (1 is the first below the header), where in the file, and why."""

    row_number: int
    line: int
    address: str
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What became of the rows; `counts` has each in exactly one count."""

    file: str
    encoding: str
    header: list[str]
    id: str = ""
    """The import's, empty for a rehearsal."""
    elsewhere: str = ""
    """The newsletter system that the file is from, where its headings say so."""
    counts: FrameCounts = field(default_factory=FrameCounts)
    invalid: list[InvalidRow] = field(default_factory=list)
    """The first of them."""
    notes: list[str] = field(default_factory=list)
    """What people should know of the columns."""
    mistyped: dict[str, int] = field(default_factory=dict)
    """Domains that look mistyped, with their rows."""

    @property
    def total(self) -> int:
        """How many rows were looked at."""
        return self.counts.total

    @property
    def added(self) -> int:
        """Placed on the list, or made active on it, now."""
        return self.counts.placed

    @property
    def already_there(self) -> int:
        """On the list already, or twice in the file."""
        counts = self.counts
        return counts.new + counts.updated + counts.unchanged + counts.duplicates - counts.placed

    @property
    def suppressed(self) -> int:
        """Not touched: these addresses must not be mailed."""
        return self.counts.suppressed

    @property
    def left(self) -> int:
        """Not touched: these people left the list, and only they themselves can come back."""
        return self.counts.left

    @property
    def is_encoding_guessed(self) -> bool:
        """Whether the file was not in a Unicode encoding, so that names are worth a look."""
        return self.encoding == "cp1252"

    def note_mistyped(self, domains: Mapping[str, int]) -> None:
        """Keep the first domains that look mistyped."""
        for domain, count in domains.items():
            if domain in self.mistyped or len(self.mistyped) < MOST_SHOWN:
                self.mistyped[domain] = self.mistyped.get(domain, 0) + count

    def note_rejected(self, rejected: Iterable[Rejected]) -> None:
        """Keep the first rejected rows."""
        for row in rejected:
            if len(self.invalid) >= MOST_SHOWN:
                return
            self.invalid.append(InvalidRow(row.row_number, row.line, row.address, row.reason))


class RejectedRows:
    """A file of the rows that are no people, with the reasons, to be mended and imported again."""

    def __init__(self, path: Path | None, header: Sequence[str]) -> None:
        """Write to this path; to nowhere where there is none. The file is made with the first rejected row."""
        self._path = path
        self._header = header
        self._file: TextIO | None = None

    def write(self, rejected: Iterable[Rejected]) -> None:
        """Add rows: as they stood, with line and reason behind, in two columns that an import leaves out."""
        if self._path is None:
            return
        for row in rejected:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="")
                csv.writer(self._file).writerow([*self._header, *REASON_COLUMNS])
            width = len(self._header)
            cells = [*row.cells[:width], *[""] * (width - len(row.cells))]
            csv.writer(self._file).writerow([*cells, row.line, row.reason])

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()


REASON_COLUMNS = ("rejected_line", "rejected_because")
