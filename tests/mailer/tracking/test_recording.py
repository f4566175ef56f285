"""Hits become exact sets of people, whoever writes, in whatever order, however often."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from mailer.issues.mailing import MailingId
from mailer.tracking import keys, words
from mailer.tracking.hit import Hit, Seen, Visitor, link_number
from mailer.tracking.recording import recording
from mailer.tracking.robots import judged
from mailer.tracking.store import TrackingStore, marks_of
from subscribers.cohort import Cohort, SubscriberId
from subscribers.storage import Redis

MAILING = MailingId(7)
ANNA, FAR = SubscriberId(5), SubscriberId((3 << 16) + 70)
FIRST, SECOND = link_number("https://example.com/1"), link_number("https://example.com/2")
MINUTE = 60_000


def seen(who: int, at_ms: int, link: int = 0, visitor: Visitor = Visitor.PERSON, links: int = 2) -> Seen:
    return Seen(MAILING, SubscriberId(who), Hit(at_ms, link, visitor), links)


async def people(store: TrackingStore, name: str) -> list[int]:
    return list(await store.cohort(MAILING, name, range(4)))


async def test_each_person_is_counted_once_in_each_set(redis: Redis) -> None:
    store = TrackingStore(redis)

    await store.record([seen(ANNA, 0), seen(FAR, 0, FIRST), seen(ANNA, 5 * MINUTE), seen(FAR, 9 * MINUTE, SECOND)])
    await store.record([seen(FAR, 0, FIRST)])

    assert await people(store, words.OPENED) == [ANNA]
    assert await people(store, words.CLICKED) == [FAR]
    assert await people(store, words.link(FIRST)) == [FAR]
    assert await people(store, words.link(SECOND)) == [FAR]
    assert [one.link for one in await store.hits_of(MAILING, FAR)] == [FIRST, SECOND]


async def test_machines_and_proxies_are_kept_apart(redis: Redis) -> None:
    store = TrackingStore(redis)

    await store.record([seen(ANNA, 0, visitor=Visitor.MACHINE), seen(FAR, 0, visitor=Visitor.PROXY)])

    assert await people(store, words.OPENED) == []
    assert await people(store, words.BY_PROXY) == [FAR]
    assert await people(store, words.OPENED + words.BY_MACHINE) == [ANNA]
    assert not await redis.exists(keys.word(MAILING, 0, words.OPENED))


async def test_a_burst_takes_back_what_its_first_clicks_seemed_to_say(redis: Redis) -> None:
    store = TrackingStore(redis)
    await store.record([seen(ANNA, 0, FIRST)])
    assert await people(store, words.CLICKED) == [ANNA]

    await store.record([seen(ANNA, 400, SECOND)])

    assert await people(store, words.CLICKED) == []
    assert await people(store, words.link(FIRST)) == []
    assert await people(store, words.CLICKED + words.BY_MACHINE) == [ANNA]


async def test_two_processes_that_write_at_once_lose_nothing(redis: Redis) -> None:
    stores = [TrackingStore(redis) for _ in range(6)]

    await asyncio.gather(
        *(store.record([seen(ANNA, place * MINUTE, place + 1, links=9)]) for place, store in enumerate(stores))
    )

    assert len(await stores[0].hits_of(MAILING, ANNA)) == 6
    assert await people(stores[0], words.link(6)) == [ANNA]


async def test_what_was_taken_in_is_written_before_the_end(redis: Redis) -> None:
    store = TrackingStore(redis)

    async with recording(store) as recorder:
        for number in range(3_000):
            recorder.note(seen(number + 1, number))

    assert await store.cohort(MAILING, words.OPENED, range(1)) == Cohort.of(range(1, 3_001))


_hits = st.lists(
    st.builds(Hit, st.integers(0, 20_000), st.integers(0, 4), st.sampled_from(Visitor)), min_size=1, max_size=12
)


@given(_hits, st.integers(1, 5))
def test_nobody_is_in_a_set_without_a_hit_that_says_so(hits: list[Hit], links: int) -> None:
    verdicts = judged(hits, links)

    marks = marks_of(verdicts)

    people_clicked = any(one.is_click and one.visitor is not Visitor.MACHINE for one in verdicts)
    assert marks.get(words.CLICKED, False) is people_clicked
    assert marks.get(words.OPENED, False) is any(not one.is_click and one.visitor is Visitor.PERSON for one in verdicts)
    assert [one.link for one in verdicts] == [one.link for one in hits]
