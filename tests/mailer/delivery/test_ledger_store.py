"""The ledger in a real Redis: leases, fences, and words that only their holder writes."""

from datetime import UTC, datetime, timedelta

import pytest

from mailer.delivery import keys
from mailer.delivery.batch import Batch
from mailer.delivery.ledger import ExclusionReason, Standing, Words
from mailer.delivery.reply import LastTry
from mailer.delivery.store import Lease, LedgerStore
from mailer.issues.mailing import MailingId
from subscribers.cohort import Cohort, bits_of, id_at
from subscribers.storage import Redis

MAILING = MailingId(3)
BATCH = Batch(MAILING, 1, 8, 1015)
LAST_TRY = LastTry("deferred", "Deferred at RCPT: 451 later", "rcpt", 1, 1_000, 1_000, 61_000)


@pytest.fixture
async def ledger(redis: Redis) -> LedgerStore:
    store = LedgerStore(redis, lease_for=timedelta(seconds=5))
    await store.open(MAILING)
    await store.freeze(MAILING, 1, Words(audience=bits_of(range(8, 1016))))
    await store.add_batches([BATCH], await store.now())
    return store


async def taken(ledger: LedgerStore) -> Lease:
    lease = await ledger.take(BATCH, await ledger.now())
    assert lease is not None
    return lease


async def test_a_frozen_audience_is_all_pending(ledger: LedgerStore) -> None:
    counts = await ledger.counts(MAILING)

    assert (counts.audience, counts.pending, counts.balanced) == (1008, 1008, True)


async def test_a_batch_that_was_taken_is_not_due_until_its_lease_runs_out(ledger: LedgerStore) -> None:
    assert await ledger.due(MAILING, await ledger.now(), 10) == [BATCH]

    await taken(ledger)

    now = await ledger.now()
    assert await ledger.due(MAILING, now, 10) == []
    assert await ledger.due(MAILING, now + timedelta(seconds=5), 10) == [BATCH]


async def test_nobody_takes_a_batch_whose_lease_stands(ledger: LedgerStore) -> None:
    await taken(ledger)

    assert await ledger.take(BATCH, await ledger.now()) is None


async def test_a_released_batch_can_be_taken_at_once(ledger: LedgerStore) -> None:
    first = await taken(ledger)

    await ledger.release(first)

    assert (await taken(ledger)).fence == first.fence + 1


async def test_words_and_tries_are_read_back_as_written(ledger: LedgerStore) -> None:
    lease = await taken(ledger)
    words = await ledger.read(BATCH)
    words.accept(0b001)
    words.defer(0b010)
    words.exclude(0b100, ExclusionReason.LEFT)

    changes = {"accepted": words.accepted, "deferred": words.deferred, "excluded": 0b100, "excluded:left": 0b100}
    assert await ledger.write(lease, changes, {9: LAST_TRY})

    assert await ledger.read(BATCH) == words
    assert await ledger.cohort(MAILING, Standing.ACCEPTED) == Cohort.of([id_at(1, 8)])
    assert await ledger.excluded_for(MAILING, ExclusionReason.LEFT) == Cohort.of([id_at(1, 10)])
    assert await ledger.last_tries(MAILING, [id_at(1, 9), id_at(1, 10)]) == {id_at(1, 9): LAST_TRY}
    assert (await ledger.counts(MAILING)).balanced


async def test_a_forgotten_try_is_gone(ledger: LedgerStore) -> None:
    lease = await taken(ledger)
    await ledger.write(lease, {}, {9: LAST_TRY})

    await ledger.write(lease, {}, {9: None})

    assert await ledger.last_tries(MAILING, [id_at(1, 9)]) == {}


async def test_a_holder_whose_batch_was_taken_over_writes_nothing(ledger: LedgerStore, redis: Redis) -> None:
    late = await taken(ledger)
    await redis.delete(keys.lease(MAILING, 1, BATCH.name))
    await taken(ledger)

    assert not await ledger.write(late, {"accepted": 0b1}, {8: LAST_TRY})

    assert (await ledger.counts(MAILING)).accepted == 0
    assert await ledger.last_tries(MAILING, [id_at(1, 8)]) == {}


async def test_a_late_holder_still_writes_if_nobody_took_the_batch(ledger: LedgerStore, redis: Redis) -> None:
    late = await taken(ledger)
    await redis.delete(keys.lease(MAILING, 1, BATCH.name))

    assert await ledger.write(late, {"accepted": 0b1})

    assert (await ledger.counts(MAILING)).accepted == 1
    assert await ledger.take(BATCH, await ledger.now()) is None, "writing renews the lease"


async def test_a_late_holder_does_not_release_another_ones_lease(ledger: LedgerStore, redis: Redis) -> None:
    late = await taken(ledger)
    await redis.delete(keys.lease(MAILING, 1, BATCH.name))
    await taken(ledger)

    await ledger.release(late)

    assert await redis.exists(keys.lease(MAILING, 1, BATCH.name))


async def test_a_finished_batch_does_not_come_back(ledger: LedgerStore) -> None:
    await taken(ledger)
    await ledger.finish(BATCH)

    await ledger.put_off(BATCH, await ledger.now())

    assert await ledger.unfinished(MAILING) == 0


async def test_only_people_who_were_claimed_can_have_been_mailed(ledger: LedgerStore) -> None:
    lease = await taken(ledger)
    await ledger.write(lease, {"claimed": 0b1})

    assert await ledger.was_mailed(MAILING, id_at(1, 8))
    assert not await ledger.was_mailed(MAILING, id_at(1, 9))
    assert not await ledger.was_mailed(MailingId(99), id_at(1, 8))


async def test_a_request_makes_one_mailing(ledger: LedgerStore) -> None:
    assert await ledger.mailing_for_request("abc", MailingId(1)) == 1
    assert await ledger.mailing_for_request("abc", MailingId(2)) == 1
    assert await ledger.mailing_of_request("abc") == 1
    assert await ledger.mailing_of_request("def") is None


async def test_pace_is_counted_by_the_second(ledger: LedgerStore) -> None:
    second = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)

    await ledger.count_pace(MAILING, second, 5)
    await ledger.count_pace(MAILING, second + timedelta(milliseconds=900), 7)

    assert await ledger.pace(MAILING) == {int(second.timestamp()): 12}
