"""How what does not fit together is mended: by what is the truth of it.

The records are the truth of the index, of the bitmap of everyone and of the values' bitmaps; the suppressions are the
truth of theirs. Whoever stands in two states on a list has left, if that is one of them. Run it when nobody writes.
"""

from __future__ import annotations

from functools import partial

from subscribers import keys
from subscribers.checking import Problem, check, suppressed_by_records, values_of
from subscribers.cohort import Cohort, SubscriberId
from subscribers.lists import ListId
from subscribers.people import People
from subscribers.subscription import Mover, SubscriptionState
from subscribers.suppression import Reason


async def repair(people: People) -> list[Problem]:
    """Mend everything that can be mended without a person to ask; return what does not fit after that."""
    known = await _index_everyone(people)
    await _drop_claims_without_record(people, known)
    await _mark_everyone(people, known)
    await _mark_values(people, known)
    await _tidy_lists(people, known)
    await _mark_suppressed(people, known)
    return await check(people)


async def _index_everyone(people: People) -> Cohort:
    """Let every record be found by its address, unless another has it; return who has a record."""
    index = people.subscribers.index
    ids: list[SubscriberId] = []
    async for person in people.subscribers.everyone():
        ids.append(person.id)
        await index.assign(index.digest(person.address), person.id)
    return Cohort.of(ids)


async def _drop_claims_without_record(people: People, known: Cohort) -> None:
    claimed = Cohort.of([one async for one in people.subscribers.index.all_ids()])
    for one in claimed - known:
        await people.subscribers.index.forget_id(one)


async def _mark_everyone(people: People, known: Cohort) -> None:
    marked = await people.subscribers.all_ids()
    await people.bitmaps.add([(keys.everyone_bits, known - marked)])
    await people.bitmaps.remove([(keys.everyone_bits, marked - known)])


async def _mark_values(people: People, known: Cohort) -> None:
    wanted = await values_of(people, known)
    chunks = range(await people.subscribers.chunk_count())
    await people.fields.index(wanted)
    for field in await people.fields.indexed_names():
        for value in await people.fields.values(field) or ():
            stands = await people.fields.cohort(field, value, chunks)
            await people.fields.unindex({(field, value): stands - wanted.get((field, value), Cohort())})


async def _tidy_lists(people: People, known: Cohort) -> None:
    for mailing_list in await people.lists.all():
        seen = Cohort()
        for state in _STRONGEST_FIRST:
            named = partial(_listed, mailing_list.id, state)
            cohort = await people.lists.cohort(mailing_list.id, state)
            await people.bitmaps.remove([(named, (cohort - known) | (cohort & seen))])
            seen |= cohort
        await _end_endless_pauses(people, mailing_list.id)


_STRONGEST_FIRST = (
    SubscriptionState.LEFT,
    SubscriptionState.PAUSED,
    SubscriptionState.ACTIVE,
    SubscriptionState.PENDING,
)
"""Of two states, the one that mails least stays, but who has confirmed once need not again."""


async def _end_endless_pauses(people: People, list_id: ListId) -> None:
    """Make people active who are paused, while nothing says until when: they had been."""
    paused = await people.lists.cohort(list_id, SubscriptionState.PAUSED)
    chunks = range(await people.subscribers.chunk_count())
    endless = paused - await people.lists.pauses.of(list_id, chunks)
    await people.lists.move(list_id, endless, SubscriptionState.ACTIVE, by=Mover.PERSON)


async def _mark_suppressed(people: People, known: Cohort) -> None:
    await people.suppressions.records.drop_ended()
    wanted = await suppressed_by_records(people, known)
    chunks = range(await people.subscribers.chunk_count())
    for newsletter in await people.suppressions.records.newsletters():
        for reason in (None, *Reason):
            named = partial(_suppressed, reason, newsletter)
            should = wanted.get((newsletter, reason), Cohort())
            await people.bitmaps.remove([(named, await people.bitmaps.cohort(named, chunks) - should)])
            await people.bitmaps.add([(named, should)])


def _listed(list_id: int, state: str, chunk: int) -> str:
    return keys.list_bits(chunk, list_id, state)


def _suppressed(reason: str | None, newsletter: str, chunk: int) -> str:
    return keys.suppressed_bits(chunk, reason, newsletter)
