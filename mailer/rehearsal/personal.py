"""Which people a personal field lets down: it has nothing for them and no default, or what it has does not fit."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from mailer.delivery.press import Press
from mailer.rendering.edition import SEAM, Body, Edition, Hole, Line
from mailer.rendering.filling import LONGEST_VALUE, answers_of, shown_cases, value_of
from subscribers.cohort import Cohort
from subscribers.subscriber import Subscriber

_AT_ONCE = 1_000
_PERSONAL = "subscriber."


@dataclass(frozen=True, slots=True)
class Broken:
    """One field that lets one person down."""

    address: str
    field: str
    what: str


async def broken_fields(press: Press, edition: Edition, audience: Cohort) -> AsyncIterator[Broken]:
    """Yield every field of the edition that lets somebody of the audience down, person by person."""
    for start in range(0, len(audience), _AT_ONCE):
        records = await press.people.subscribers.read(list(audience.slice(start, _AT_ONCE)))
        for person in records.values():
            for one in broken_for(edition, person):
                yield one


def broken_for(edition: Edition, person: Subscriber) -> Iterator[Broken]:
    """Yield the fields that let this person down, of those that they are shown."""
    shown = shown_cases(edition.cases, answers_of(person, edition.conditions))
    for hole in sorted(_shown_holes(edition, shown), key=lambda hole: hole.name):
        value = value_of(person, hole.name, edition.language)
        if not value and not hole.default:
            yield Broken(person.address, hole.name, "They have no such value, and the issue gives no default.")
        elif len(value) == LONGEST_VALUE:
            yield Broken(person.address, hole.name, f"The value is cut off after {LONGEST_VALUE} characters.")


def _shown_holes(edition: Edition, shown: Sequence[bool]) -> set[Hole]:
    """Return the personal holes that are filled for somebody, each name once, rather without a default."""
    found: dict[str, Hole] = {}
    for part in (edition.subject, edition.text, edition.html):
        for number in _numbers(part, shown):
            hole = edition.holes[number]
            if hole.name.startswith(_PERSONAL) and (hole.name not in found or not hole.default):
                found[hole.name] = hole
    return set(found.values())


def _numbers(part: Line | Body, shown: Sequence[bool]) -> Iterator[int]:
    cases = part.cases or (0,) * len(part.runs)
    for number, case in zip(part.holes, cases, strict=False):
        if number != SEAM and shown[case]:
            yield number
