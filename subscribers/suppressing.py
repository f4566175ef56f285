"""How a whole domain is suppressed and released, and how suppressions come in from a file and go out to one."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from subscribers.address import parse_address, parse_domain
from subscribers.errors import AddressError, RowError, SuppressionError
from subscribers.formulas import guarded
from subscribers.imports.columns import Columns
from subscribers.imports.importreport import InvalidRow
from subscribers.imports.table import Row, read_table
from subscribers.people import People
from subscribers.suppression import LONGEST_EVIDENCE, Reason, Suppression

_REASONS = {reason.value: reason for reason in Reason}
_COLUMNS = ("reason", "newsletter", "until", "evidence")


async def suppress_domain(
    people: People, domain: str, reason: Reason, *, evidence: str = "", now: datetime, newsletter: str = ""
) -> tuple[bool, int]:
    """Suppress every address at a domain and below it, also those that come later; it has no end.

    Return whether that is new, and how many people here it concerns. May be repeated. Raises SuppressionError for
    reasons that are about one person.
    """
    if reason in (Reason.ERASED, Reason.LEFT, Reason.MAILBOX_FULL):
        raise SuppressionError(f"A whole domain cannot be suppressed for “{reason}”: that is about one person.")
    wanted = Suppression(
        address=None,
        reason=reason,
        since=now,
        evidence=evidence[:LONGEST_EVIDENCE],
        domain=domain,
        newsletter=newsletter,
    )
    records = people.suppressions.records
    is_new, _ = await records.put(records.domain_digest(domain), wanted)
    # After a crash in between, repeating this marks them; those who come later are marked by whoever adds them.
    concerned = await people.subscribers.at_domain(domain)
    await people.suppressions.suppressed.refresh(concerned)
    return is_new, concerned.count()


async def release_domain(people: People, domain: str, why: str, now: datetime, newsletter: str = "") -> bool:
    """Take the suppression of a domain away, with a trace; return whether there was one. May be repeated.

    Addresses that are suppressed themselves stay so. Raises SuppressionError without a reason.
    """
    if not why.strip():
        raise SuppressionError("Say why the domain may be mailed again; that is kept with the trace.")
    records = people.suppressions.records
    was_there = await records.take_away(records.domain_digest(domain), newsletter, why, now)
    await people.suppressions.suppressed.refresh(await people.subscribers.at_domain(domain))
    return was_there


@dataclass(slots=True)
class SuppressionReport:
    """What became of the rows; each is in one count."""

    new: int = 0
    already_there: int = 0
    erased: int = 0
    """Rows of erased people, whom an export cannot name: only a backup carries them."""
    invalid: list[InvalidRow] = field(default_factory=list)


async def import_suppressions(
    people: People, file: Path | BinaryIO, *, now: datetime, evidence: str = "", name: str = "", newsletter: str = ""
) -> SuppressionReport:
    """Suppress every address and every `@domain` of a table.

    Columns `reason` (one of ours, else it is `manual`), `newsletter`, `until` and `evidence` may say more; what the
    arguments say goes before. A suppression that is there stays as it is. Raises ImportFileError before anything is
    written. May be repeated.
    """
    table = read_table(file, name)
    columns = Columns.of(table.header, f"{table.name}:1")
    headings = [heading.strip().casefold() for heading in table.header]
    places = {heading: headings.index(heading) for heading in _COLUMNS if heading in headings}
    known = {one.newsletter for one in await people.lists.all()}
    report = SuppressionReport()
    for row in table.rows():
        said = {heading: row.cells[at].strip() for heading, at in places.items() if at < len(row.cells)}
        said["evidence"] = evidence or said.get("evidence") or f"imported from {table.name}"
        said["newsletter"] = newsletter or said.get("newsletter", "")
        written = row.cells[columns.email].strip() if columns.email < len(row.cells) else ""
        # Our own export has an apostrophe there, since "@" begins a formula in some spreadsheets.
        written = written.removeprefix("'") if written.startswith("'@") else written
        if not written and said.get("reason", "").casefold() == Reason.ERASED:
            report.erased += 1
            continue
        try:
            is_new = await _suppress(people, written, said, known, now)
        except (AddressError, RowError, SuppressionError) as error:
            report.invalid.append(_invalid(row, written, error))
            continue
        report.new, report.already_there = report.new + is_new, report.already_there + (not is_new)
    return report


async def _suppress(people: People, written: str, said: Mapping[str, str], known: set[str], now: datetime) -> bool:
    """Suppress what a row says. Raises AddressError, RowError or SuppressionError with the reason."""
    reason = _REASONS.get(said.get("reason", "").casefold(), Reason.MANUAL)
    newsletter, evidence = said["newsletter"], said["evidence"]
    if newsletter and newsletter not in known:
        raise RowError(f"no list belongs to a newsletter “{newsletter}”.")
    until = _moment(said.get("until", ""))
    if written.startswith("@"):
        if until is not None:
            raise SuppressionError("A domain is suppressed without an end.")
        domain = parse_domain(written)
        is_new, _ = await suppress_domain(people, domain, reason, evidence=evidence, now=now, newsletter=newsletter)
        return is_new
    return await people.suppressions.suppress(
        parse_address(written), reason, evidence=evidence, now=now, newsletter=newsletter, until=until
    )


async def export_suppressions(people: People) -> AsyncIterator[str]:
    """Yield the lines of a CSV file of all suppressions, as they are imported; of the erased only that there is one."""
    yield _line(["email", "reason", "newsletter", "since", "until", "evidence"])
    async for one in people.suppressions.all():
        until = one.until.isoformat() if one.until else ""
        yield _line([one.subject, one.reason.value, one.newsletter, one.since.isoformat(), until, one.evidence])


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise RowError(f"“{text[:40]}” is no time, such as 2026-11-30.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _invalid(row: Row, written: str, error: AddressError | RowError | SuppressionError) -> InvalidRow:
    reason = str(error) if isinstance(error, SuppressionError) else error.reason
    return InvalidRow(row.number, row.line, written[:200], reason)


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([guarded(cell) for cell in cells])
    return text.getvalue()
