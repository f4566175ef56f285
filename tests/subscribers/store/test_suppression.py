from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from subscribers.address import parse_address
from subscribers.checking import check
from subscribers.people import People
from subscribers.storage import Redis, run_all
from subscribers.suppression import Reason
from tests.subscribers.asking import bits_for

ADA = parse_address("Ada@example.com")


async def test_the_first_reason_stays(people: People, now: datetime) -> None:
    ada, _ = await people.subscribers.add(ADA, now=now)

    first = await people.suppressions.suppress(ADA, Reason.HARD_BOUNCE, evidence="550 5.1.1 No such user", now=now)
    again = await people.suppressions.suppress(ADA, Reason.COMPLAINT, now=now + timedelta(days=1))

    found = await people.suppressions.find(parse_address("ada@example.com"))
    assert (first, again) == (True, False)
    assert found is not None
    assert (found.address, found.reason, found.since, found.evidence) == (
        ADA,
        Reason.HARD_BOUNCE,
        now,
        "550 5.1.1 No such user",
    )
    assert await people.suppressions.bits(0) == 1 << ada.id
    assert await bits_for(people, Reason.HARD_BOUNCE) == 1 << ada.id
    assert await bits_for(people, Reason.COMPLAINT) == 0


async def test_an_address_that_nobody_has_can_be_suppressed(people: People, now: datetime) -> None:
    await people.suppressions.suppress(ADA, Reason.MANUAL, now=now)
    await people.suppressions.suppress(parse_address("bob@example.com"), Reason.MANUAL, now=now)

    assert await people.suppressions.count() == 2
    assert {one.address async for one in people.suppressions.all()} == {ADA, "bob@example.com"}
    assert await people.suppressions.bits(0) == 0


@pytest.mark.parametrize("before", [None, Reason.HARD_BOUNCE])
async def test_an_erased_person_stays_suppressed_without_their_address(
    people: People, redis: Redis, now: datetime, before: Reason | None
) -> None:
    if before:
        await people.suppressions.suppress(ADA, before, evidence="550 Ada@example.com is unknown", now=now)

    await people.suppressions.suppress(ADA, Reason.ERASED, evidence="asked by Ada@example.com", now=now)

    found = await people.suppressions.find(ADA)
    assert found is not None
    assert (found.address, found.evidence) == (None, "")
    async for key in redis.scan_iter():
        (dump,) = await run_all(redis, [("HGETALL", key)])
        assert b"ada" not in repr((key, dump)).lower().encode()


async def test_removing_needs_a_reason_and_leaves_a_trace(people: People, now: datetime) -> None:
    await people.subscribers.add(ADA, now=now)
    await people.suppressions.suppress(ADA, Reason.MANUAL, evidence="by mistake", now=now)

    removed = await people.suppressions.remove(ADA, "She wrote that she wants it", now)
    again = await people.suppressions.remove(ADA, "twice", now)

    assert (removed, again) == (True, False)
    assert await people.suppressions.find(ADA) is None
    assert await people.suppressions.bits(0) == await bits_for(people, Reason.MANUAL) == 0
    (trace,) = await people.suppressions.removed(ADA)
    assert (trace.why, trace.was.reason, trace.when) == ("She wrote that she wants it", Reason.MANUAL, now)
    assert not await check(people)
