"""Whether what is stored about people fits together: index ↔ records ↔ bitmaps.

It reads everything once, a few buckets at a time, and changes nothing. Run it when nobody writes: a person who is being
added just now may look like half a person.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import combinations

from subscribers.cohort import Cohort, SubscriberId
from subscribers.fields import indexed_values
from subscribers.people import People
from subscribers.subscriber import Subscriber, unpack
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

_PEOPLE_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Two facts that do not fit, and what mends them."""

    what: str
    fix: str
    subscriber_id: SubscriberId | None = None


async def check(people: People) -> list[Problem]:
    """Return everything that does not fit together; an empty list is good news."""
    known = Cohort()
    problems: list[Problem] = []
    async for some in _everyone(people):
        known |= Cohort.of(person.id for person in some)
        problems += await _index_problems(people, some)
    problems += await _claim_problems(people, known)
    problems += await _everyone_problems(people, known)
    problems += await _value_problems(people, known)
    problems += await _list_problems(people, known)
    problems += await _suppression_problems(people, known)
    return problems


async def _everyone(people: People) -> AsyncIterator[list[Subscriber]]:
    some: list[Subscriber] = []
    async for person in people.subscribers.everyone():
        some.append(person)
        if len(some) == _PEOPLE_AT_A_TIME:
            yield some
            some = []
    yield some


async def _index_problems(people: People, some: list[Subscriber]) -> list[Problem]:
    """Find people who cannot be found by their address."""
    index = people.subscribers.index
    found = await index.find([index.digest(person.address) for person in some])
    return [
        Problem(
            f"The index has {f'number {at}' if at else 'nobody'} for the address of person {person.id}.",
            "Add the address again." if at is None else "Merge the two people.",
            person.id,
        )
        for person, at in zip(some, found, strict=True)
        if at != person.id
    ]


async def _claim_problems(people: People, known: Cohort) -> list[Problem]:
    """Find addresses that were claimed by a writer who crashed before writing the person."""
    claimed = Cohort.of([one async for one in people.subscribers.index.all_ids()])
    return [
        Problem(f"An address belongs to person {one}, who has no record.", "Add or import the address again.", one)
        for one in claimed - known
    ]


async def _everyone_problems(people: People, known: Cohort) -> list[Problem]:
    marked = await people.subscribers.all_ids()
    wrong = (marked - known) | (known - marked)
    return [Problem(f"The bitmap of everyone is wrong for person {one}.", REPAIR, one) for one in wrong]


async def _value_problems(people: People, known: Cohort) -> list[Problem]:
    """Find people whose place in the bitmaps of values is not what their record says."""
    wanted = await values_of(people, known)
    chunks = range(await people.subscribers.chunk_count())
    problems = []
    for field in await people.fields.indexed_names():
        for value in await people.fields.values(field) or ():
            should = wanted.get((field, value), Cohort())
            stands = await people.fields.cohort(field, value, chunks)
            problems += [
                Problem(f"The bitmap of {field} “{value}” is wrong for person {one}.", REPAIR, one)
                for one in (should - stands) | (stands - should)
            ]
    return problems


async def values_of(people: People, known: Cohort) -> dict[tuple[str, str], Cohort]:
    """Return who has which indexed value, by the records."""
    declared = await people.fields.declared()
    found: dict[tuple[str, str], list[SubscriberId]] = {}
    async for some in people.subscribers.packed(known):
        for person in map(unpack, some):
            for value in indexed_values(person, declared):
                found.setdefault(value, []).append(person.id)
    return {value: Cohort.of(ids) for value, ids in found.items()}


REPAIR = "`pressrun check --repair` mends it."


async def _list_problems(people: People, known: Cohort) -> list[Problem]:
    problems = []
    for mailing_list in await people.lists.all():
        cohorts = {state: await people.lists.cohort(mailing_list.id, state) for state in SubscriptionState}
        problems += [
            Problem(f"Person {one} is both {first} and {second} on “{mailing_list.slug}”.", "Move them again.", one)
            for first, second in combinations(cohorts, 2)
            for one in cohorts[first] & cohorts[second]
        ]
        problems += [
            Problem(f"Person {one} is {state} on “{mailing_list.slug}” and has no record.", "Take them off.", one)
            for state, cohort in cohorts.items()
            for one in cohort - known
        ]
        chunks = range(await people.subscribers.chunk_count())
        endless = cohorts[SubscriptionState.PAUSED] - await people.lists.pauses.of(mailing_list.id, chunks)
        problems += [
            Problem(f"Person {one} is paused on “{mailing_list.slug}” without an end.", REPAIR, one) for one in endless
        ]
    return problems


async def _suppression_problems(people: People, known: Cohort) -> list[Problem]:
    store, chunks = people.suppressions.suppressed, range(await people.subscribers.chunk_count())
    await store.wake(chunks)
    wanted = await suppressed_by_records(people, known)
    wrong = Cohort()
    for newsletter in await people.suppressions.records.newsletters():
        for reason in (None, *Reason):
            should = wanted.get((newsletter, reason), Cohort())
            stands = await store.cohort(newsletter, reason, chunks)
            wrong |= (should - stands) | (stands - should)
    return [
        Problem(f"The bitmaps of suppression do not fit the suppressions for person {one}.", REPAIR, one)
        for one in wrong
    ]


async def suppressed_by_records(people: People, known: Cohort) -> dict[tuple[str, Reason | None], Cohort]:
    """Return who is suppressed in which scope and for which reason, by the suppressions of their addresses."""
    records = people.suppressions.records
    found: dict[tuple[str, Reason | None], list[SubscriberId]] = {}
    async for some in people.subscribers.packed(known):
        persons = list(map(unpack, some))
        applying = await records.applying([records.who(person.address) for person in persons])
        for person, suppressions in zip(persons, applying, strict=True):
            for one in suppressions:
                found.setdefault((one.newsletter, one.reason), []).append(person.id)
                found.setdefault((one.newsletter, None), []).append(person.id)
    return {place: Cohort.of(ids) for place, ids in found.items()}
