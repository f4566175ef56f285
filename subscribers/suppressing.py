"""How suppressions come in from a file, and go out to one."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from subscribers.address import parse_address
from subscribers.errors import AddressError
from subscribers.formulas import guarded
from subscribers.imports.columns import Columns
from subscribers.imports.importreport import InvalidRow
from subscribers.imports.table import read_table
from subscribers.people import People
from subscribers.suppression import Reason

_REASONS = {reason.value: reason for reason in Reason}


@dataclass(slots=True)
class SuppressionReport:
    """What became of the rows; each is in one count."""

    new: int = 0
    already_there: int = 0
    invalid: list[InvalidRow] = field(default_factory=list)


async def import_suppressions(
    people: People, file: Path | BinaryIO, *, now: datetime, evidence: str = "", name: str = ""
) -> SuppressionReport:
    """Suppress every address of a table; a column `reason` may hold one of ours, else it is `manual`.

    A suppression that is there stays as it is. Raises ImportFileError before anything is written. May be repeated.
    """
    table = read_table(file, name)
    columns = Columns.of(table.header, f"{table.name}:1")
    headings = [heading.strip().casefold() for heading in table.header]
    at = headings.index("reason") if "reason" in headings else -1
    report = SuppressionReport()
    for row in table.rows():
        written = row.cells[columns.email] if columns.email < len(row.cells) else ""
        try:
            address = parse_address(written)
        except AddressError as error:
            report.invalid.append(InvalidRow(row.number, row.line, written[:200], error.reason))
            continue
        said = row.cells[at].strip().casefold() if 0 <= at < len(row.cells) else ""
        reason = _REASONS.get(said, Reason.MANUAL)
        why = evidence or f"imported from {table.name}"
        if await people.suppressions.suppress(address, reason, evidence=why, now=now):
            report.new += 1
        else:
            report.already_there += 1
    return report


async def export_suppressions(people: People) -> AsyncIterator[str]:
    """Yield the lines of a CSV file of all suppressed addresses; of the erased only that there is one."""
    yield _line(["email", "reason", "since", "evidence"])
    async for one in people.suppressions.all():
        yield _line([one.address or "", one.reason.value, one.since.isoformat(), one.evidence])


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([guarded(cell) for cell in cells])
    return text.getvalue()
