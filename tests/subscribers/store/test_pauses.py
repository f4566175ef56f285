"""Who is paused on a list comes back by themselves, at that moment, for every reader."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from subscribers.address import Address
from subscribers.backup import read_backup, write_backup
from subscribers.changing import merge
from subscribers.checking import check
from subscribers.cohort import Cohort
from subscribers.consent import Consent, ConsentEvent
from subscribers.erasing import erase
from subscribers.errors import ConflictError
from subscribers.importing import ImportPlan, import_file, rehearse_import
from subscribers.joining import end_pause, join, leave, pause
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.repairing import repair
from subscribers.segmenting import count_segment
from subscribers.storage import Redis, redis_time
from subscribers.subscriber import Subscriber
from subscribers.subscription import Mover, SubscriptionState

PENDING, ACTIVE, PAUSED, LEFT = SubscriptionState
ADA, FAR = Address("ada@example.com"), datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
async def ada(people: People, weekly: MailingList, now: datetime) -> Subscriber:
    person, _ = await people.subscribers.add(ADA, now=now)
    await people.lists.move(weekly.id, [person.id], ACTIVE)
    return person


async def test_a_pause_is_over_at_its_moment_for_every_reader(
    people: People, weekly: MailingList, ada: Subscriber, redis: Redis, now: datetime
) -> None:
    end = await redis_time(redis) + timedelta(milliseconds=200)
    await pause(people, ada.id, weekly.id, end, now, by="a letter")
    readers = (
        lambda: people.lists.state_of(weekly.id, ada.id),
        lambda: people.lists.cohort(weekly.id, PAUSED),
        lambda: people.lists.counts(weekly.id),
        lambda: people.lists.bits(weekly.id, ACTIVE, 0),
        lambda: count_segment(people, 'in_list("weekly")', now),
    )
    before = [await read() for read in readers]
    while await redis_time(redis) < end:
        pass

    # Each of them is the first to look after the end: the pause is put back before the next one.
    after = []
    for read in readers:
        after.append(await read())
        await redis.setbit("{c0}:list:1:active", ada.id, 0)
        await redis.setbit("{c0}:list:1:paused", ada.id, 1)
        await redis.zadd("{c0}:list:pauses", {f"1:{ada.id}": end.timestamp() * 1000})

    everyone = {PENDING: 0, ACTIVE: 0, PAUSED: 0, LEFT: 0}
    assert before == [PAUSED, Cohort.of([ada.id]), everyone | {PAUSED: 1}, 0, 0]
    assert after == [ACTIVE, Cohort(), everyone | {ACTIVE: 1}, 1 << ada.id, 1]
    assert not await check(people)


async def test_only_the_person_pauses_and_only_who_is_active(
    people: People, weekly: MailingList, ada: Subscriber, now: datetime
) -> None:
    bob, _ = await people.subscribers.add(Address("bob@example.com"), now=now)
    stranger = await pause(people, bob.id, weekly.id, FAR, now, by="test")
    await people.lists.move(weekly.id, [bob.id], PENDING)
    waiting = await pause(people, bob.id, weekly.id, FAR, now, by="test")
    await leave(people, bob.id, weekly.id, now)
    gone = await pause(people, bob.id, weekly.id, FAR, now, by="test")

    assert [stranger, waiting, gone] == [False] * 3
    for mover in (Mover.OPERATOR, Mover.FORM):
        with pytest.raises(ValueError, match="can move nobody"):
            await people.lists.move(weekly.id, [ada.id], PAUSED, by=mover)


async def test_no_import_and_no_form_ends_a_pause_and_its_person_does(
    people: People, weekly: MailingList, ada: Subscriber, now: datetime
) -> None:
    await pause(people, ada.id, weekly.id, FAR, now, by="a letter")
    words = Consent(list_id=weekly.id, when=now, words="They ticked a box.")
    plan = ImportPlan(file="a.csv", list_id=weekly.id, confirmed=True, consent=words)
    rows = b"email\nada@example.com\n"

    foreseen = await rehearse_import(people, io.BytesIO(rows), plan, now=now)
    imported = await import_file(people, io.BytesIO(rows), plan, now=now)
    joined = await join(people, weekly, ADA, words, now)
    before = await people.lists.pauses.until(weekly.id, ada.id)
    ended = await end_pause(people, ada.id, weekly.id, now, by="a letter")

    assert foreseen.counts == imported.counts
    assert (imported.counts.unchanged, imported.counts.placed, joined.state, before) == (1, 0, PAUSED, FAR)
    assert ended
    assert await people.lists.state_of(weekly.id, ada.id) is ACTIVE
    history = await people.consents.of(ada.id)
    assert [one.words for one in history if one.event is ConsentEvent.PAUSED] == [
        "No mail until 2999-01-01 00:00 UTC.",
        "Mail again.",
    ]
    assert not await check(people)


async def test_who_leaves_during_a_pause_has_left_for_good(
    people: People, weekly: MailingList, ada: Subscriber, redis: Redis, now: datetime
) -> None:
    soon = await redis_time(redis) + timedelta(milliseconds=30)
    await pause(people, ada.id, weekly.id, soon, now, by="a letter")

    await leave(people, ada.id, weekly.id, now)
    while await redis_time(redis) < soon:
        pass

    assert await people.lists.state_of(weekly.id, ada.id) is LEFT
    assert not await redis.exists("{c0}:list:pauses")


async def test_a_pause_survives_a_backup_and_a_merge_and_ends_with_its_person(
    people: People, weekly: MailingList, ada: Subscriber, redis: Redis, now: datetime, tmp_path: Path
) -> None:
    await pause(people, ada.id, weekly.id, FAR, now, by="a letter")
    await write_backup(people, tmp_path / "people.gz", now)
    await redis.flushall()
    await read_backup(people, tmp_path / "people.gz")
    restored = await people.lists.pauses.until(weekly.id, ada.id)
    bob, _ = await people.subscribers.add(Address("bob@example.com"), now=now)
    await people.lists.move(weekly.id, [bob.id], ACTIVE)

    await merge(people, bob, ada, now)
    merged = (await people.lists.state_of(weekly.id, bob.id), await people.lists.pauses.until(weekly.id, bob.id))
    await erase(people, bob.address, now)

    assert (restored, merged) == (FAR, (PAUSED, FAR))
    assert not await redis.exists("{c0}:list:pauses")
    assert not await check(people)


async def test_a_pause_without_an_end_is_found_and_mended(
    people: People, weekly: MailingList, ada: Subscriber, redis: Redis, now: datetime
) -> None:
    await pause(people, ada.id, weekly.id, FAR, now, by="a letter")
    await redis.delete("{c0}:list:pauses")

    (problem,) = await check(people)

    assert (problem.subscriber_id, "without an end" in problem.what) == (ada.id, True)
    assert not await repair(people)
    assert await people.lists.state_of(weekly.id, ada.id) is ACTIVE


async def test_nobody_comes_onto_an_archived_list(people: People, weekly: MailingList, now: datetime) -> None:
    await people.lists.change(replace(weekly, is_archived=True))
    archived = await people.lists.find("weekly")

    with pytest.raises(ConflictError, match="archived"):
        await join(people, archived, ADA, Consent(list_id=weekly.id, when=now), now)
    with pytest.raises(ConflictError, match="archived"):
        await import_file(people, io.BytesIO(b"email\na@b.test\n"), ImportPlan(file="a", list_id=weekly.id), now=now)
    with pytest.raises(ValueError, match="keeps its number"):
        await people.lists.change(replace(weekly, newsletter="another"))
