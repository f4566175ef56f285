from __future__ import annotations

from datetime import datetime

import pytest

from subscribers.address import parse_address
from subscribers.checking import check
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.storage import Command, Redis, run_all
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

ADA, BOB = parse_address("ada@example.com"), parse_address("bob@example.com")


@pytest.fixture
async def two(people: People, weekly: MailingList, now: datetime) -> None:
    """Given Ada (1), who is on the list, and Bob (2), who complained."""
    ada, _ = await people.subscribers.add(ADA, now=now)
    await people.subscribers.add(BOB, now=now)
    await people.lists.move(weekly.id, [ada.id], SubscriptionState.ACTIVE)
    await people.suppressions.suppress(BOB, Reason.COMPLAINT, now=now)


async def test_people_who_were_only_touched_by_this_package_fit(people: People, two: None) -> None:
    assert await check(people) == []


@pytest.mark.parametrize(
    ("damage", "subscriber_id", "words"),
    [
        (("HDEL", "{c0}:people:0", 1), 1, "has no record"),
        (("SETBIT", "{c0}:list:1:left", 1, 1), 1, "both active and left"),
        (("SETBIT", "{c0}:list:1:pending", 9, 1), 9, "has no record"),
        (("SETBIT", "{c0}:suppressed", 2, 0), 2, "suppression"),
        (("SETBIT", "{c0}:suppressed", 1, 1), 1, "suppression"),
        (("SETBIT", "{c0}:suppressed:complaint", 2, 0), 2, "suppression"),
        (("SETBIT", "{c0}:suppressed:legal", 2, 1), 2, "suppression"),
    ],
)
async def test_a_damage_is_found(
    people: People, two: None, redis: Redis, damage: Command, subscriber_id: int, words: str
) -> None:
    await run_all(redis, [damage])

    problems = await check(people)

    assert {problem.subscriber_id for problem in problems} == {subscriber_id}
    assert any(words in problem.what for problem in problems)
    assert all(problem.fix for problem in problems)


async def test_a_person_who_cannot_be_found_by_address_is_found(people: People, two: None, redis: Redis) -> None:
    digest = people.subscribers.index.digest(ADA)
    await run_all(redis, [("DEL", f"{{a{digest[0]:02x}}}:addr:{digest[1]:02x}")])

    problems = await check(people)

    assert [problem.subscriber_id for problem in problems] == [1]
