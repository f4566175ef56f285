"""How people come in from a file.

The file is read through before anything is written, so a file that cannot be read changes nothing. Then its rows go in,
some thousand at a time: each is looked up among the suppressed, added unless known, and placed on the list. Every row
ends in exactly one count of the report. Importing the same file again changes nothing: its rows are "already there".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from subscribers.address import sameness
from subscribers.cohort import Cohort
from subscribers.columns import Columns
from subscribers.consent import Consent
from subscribers.errors import AddressError, ConsentNeededError, ImportInterruptedError, RowError, StorageDownError
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.subscriber import Newcomer
from subscribers.subscription import Mover, SubscriptionState, may_move
from subscribers.table import Row, read_table

ROWS_AT_A_TIME = 2_000

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that could not be imported: which (1 is the first below the header), where in the file, and why."""

    row_number: int
    line: int
    address: str
    reason: str


@dataclass(slots=True)
class ImportReport:
    """What became of the rows. Each is in one count, so that the counts add up to `total`."""

    file: str
    encoding: str
    added: int = 0
    """Placed on the list, or made active on it, now."""
    already_there: int = 0
    """On the list already, or twice in the file."""
    suppressed: int = 0
    """Not touched: these addresses must not be mailed."""
    left: int = 0
    """Not touched: these people left the list, and only they themselves can come back."""
    invalid: list[InvalidRow] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many rows were looked at."""
        return self.added + self.already_there + self.suppressed + self.left + len(self.invalid)

    @property
    def is_encoding_guessed(self) -> bool:
        """Whether the file was not in a Unicode encoding, so that names are worth a look."""
        return self.encoding == "cp1252"


async def import_csv(
    people: People,
    file: Path | BinaryIO,
    mailing_list: MailingList,
    *,
    confirmed: bool,
    now: datetime,
    consent: Consent | None = None,
    progress: Callable[[int], None] | None = None,
    name: str = "",
) -> ImportReport:
    """Import a file of people into a list: as active where `confirmed`, else as pending.

    `confirmed` needs a consent whose words state how they agreed; it is kept with every person placed. `progress` is
    told how many rows are done. `name` is what the report calls a file object.

    Raises ImportFileError or ConsentNeededError before anything is written, ImportInterruptedError when Redis goes
    away in between, with the report so far.
    """
    if confirmed and (consent is None or not consent.words.strip()):
        raise ConsentNeededError(
            "People can be imported as confirmed only with a statement of how they agreed, such as "
            "“They ticked the box for the weekly letter in our shop's checkout.”"
        )
    table = read_table(file, name)
    columns = Columns.of(table.header, f"{table.name}:1")
    report = ImportReport(table.name, table.encoding)
    state = SubscriptionState.ACTIVE if confirmed else SubscriptionState.PENDING
    place = _Place(people, mailing_list, state, consent, now)
    try:
        with closing(table.rows()) as all_rows:
            for rows in _batches(all_rows, ROWS_AT_A_TIME):
                await _import_rows(rows, columns, place, report)
                if progress is not None:
                    progress(report.total)
    except StorageDownError as error:
        raise ImportInterruptedError(str(error), report) from error
    return report


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the people of a file go."""

    people: People
    mailing_list: MailingList
    state: SubscriptionState
    consent: Consent | None
    now: datetime


async def _import_rows(rows: list[Row], columns: Columns, place: _Place, report: ImportReport) -> None:
    """Import some rows, and count them when it is known what became of all of them."""
    newcomers, twice, invalid = _read_rows(rows, columns)
    found = await place.people.suppressions.find_many([newcomer.address for newcomer in newcomers])
    welcome = [newcomer for newcomer, suppression in zip(newcomers, found, strict=True) if suppression is None]
    added, left = await _place_people(welcome, place)

    kept_out = {sameness(one.address) for one, suppression in zip(newcomers, found, strict=True) if suppression}
    twice_suppressed = sum(same in kept_out for same in twice)
    twice_left = sum(same in left for same in twice)
    report.added += added
    report.left += len(left) + twice_left
    report.suppressed += len(kept_out) + twice_suppressed
    report.already_there += len(welcome) - added - len(left) + len(twice) - twice_suppressed - twice_left
    report.invalid += invalid


def _read_rows(rows: list[Row], columns: Columns) -> tuple[list[Newcomer], list[str], list[InvalidRow]]:
    """Return the people in the rows, each once; who stood there again; and the rows that are no people."""
    newcomers: dict[str, Newcomer] = {}
    twice, invalid = [], []
    for row in rows:
        try:
            newcomer = columns.newcomer(row.cells)
        except (AddressError, RowError) as error:
            written = row.cells[columns.email] if columns.email < len(row.cells) else ""
            invalid.append(InvalidRow(row.number, row.line, written[:200], error.reason))
            continue
        same = sameness(newcomer.address)
        if same in newcomers:
            twice.append(same)
        else:
            newcomers[same] = newcomer
    return list(newcomers.values()), twice, invalid


async def _place_people(newcomers: list[Newcomer], place: _Place) -> tuple[int, set[str]]:
    """Add the people and put them on the list; return how many moved, and who had left and stays away."""
    lists, list_id = place.people.lists, place.mailing_list.id
    subscribers = [subscriber for subscriber, _ in await place.people.subscribers.add_many(newcomers, place.now)]
    everyone = Cohort.of(subscriber.id for subscriber in subscribers)

    settled = [to for to in SubscriptionState if to is place.state or not may_move(to, place.state, Mover.OPERATOR)]
    there = await lists.among(list_id, everyone, settled)
    movable = everyone
    for some in there.values():
        movable -= some
    # The proof goes first: after a crash here there is a proof without a subscription, never the reverse.
    if place.consent is not None and movable:
        await place.people.consents.record_many(movable, place.consent)
    done = await lists.move(list_id, movable, place.state, by=Mover.OPERATOR)

    left = there.get(SubscriptionState.LEFT, Cohort()) | done.stayed.get(SubscriptionState.LEFT, Cohort())
    return done.moved.count(), {sameness(one.address) for one in subscribers if one.id in left} if left else set()


def _batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
