from __future__ import annotations

from datetime import datetime

import pytest

from subscribers.address import Address
from subscribers.checking import check
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.repairing import repair
from subscribers.storage import Command, Redis, run_all
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

ADA, BOB = Address("ada@example.com"), Address("bob@example.com")


@pytest.mark.parametrize(
    "damage",
    [
        ("HDEL", "{c0}:people:0", 1),
        ("SETBIT", "{c0}:everyone", 1, 0),
        ("SETBIT", "{c0}:everyone", 77, 1),
        ("SETBIT", "{c0}:with:language:en", 1, 0),
        ("SETBIT", "{c0}:with:language:en", 2, 1),
        ("SETBIT", "{c0}:list:1:left", 1, 1),
        ("SETBIT", "{c0}:list:1:pending", 9, 1),
        ("SETBIT", "{c0}:suppressed", 2, 0),
        ("SETBIT", "{c0}:suppressed:legal", 1, 1),
        ("DEL", "{c0}:everyone"),
    ],
)
async def test_whatever_is_damaged_is_found_and_mended(
    people: People, weekly: MailingList, now: datetime, redis: Redis, damage: Command
) -> None:
    ada, _ = await people.subscribers.add(ADA, language="en", now=now)
    await people.subscribers.add(BOB, now=now)
    await people.lists.move(weekly.id, [ada.id], SubscriptionState.ACTIVE)
    await people.suppressions.suppress(BOB, Reason.COMPLAINT, now=now)
    await run_all(redis, [damage])
    assert await check(people)

    assert await repair(people) == []

    assert await check(people) == []
    assert await people.subscribers.find(BOB)
