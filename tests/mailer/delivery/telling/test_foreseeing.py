"""Before a mailing begins an admin is told what would hold it up, and nothing where nothing does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mailer.delivery.destinations.slowdown import Slowdown
from mailer.delivery.keys import ALIVE
from mailer.delivery.lane import Lane
from mailer.delivery.presence import report
from mailer.delivery.telling.foreseeing import detours, hindrances
from mailer.senders.relays.health import Health
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.senders.warmups.warmup import Warmup

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom

POST = StoredRelay(name="post", host="post.example.com")
SPARE = StoredRelay(name="spare", host="spare.example.com", priority=20)


async def foreseen(newsroom: Newsroom, people: int = 100) -> list[str]:
    press = newsroom.press
    return await hindrances(press, await press.newsletters.get("daily"), people)


@pytest.fixture(autouse=True)
async def _scheduler(newsroom: Newsroom) -> None:
    for kind in ("scheduler", Lane.DELIVERY):
        await report(newsroom.press, kind, "test")


async def test_where_nothing_is_in_the_way_nothing_is_said(newsroom: Newsroom) -> None:
    await newsroom.press.relays.add(replace(POST, per_hour=1_000, per_day=20_000))

    assert await foreseen(newsroom, 1_000) == []


async def test_without_a_scheduler_nothing_begins_and_without_a_worker_nothing_goes(newsroom: Newsroom) -> None:
    await newsroom.press.redis.delete(ALIVE)

    scheduler, worker = await foreseen(newsroom)

    assert "No scheduler is at work" in scheduler
    assert "No worker serves the queue delivery" in worker


async def test_that_no_relay_can_be_used_is_said_with_why(newsroom: Newsroom) -> None:
    press, now = newsroom.press, await newsroom.press.ledger.now()
    await press.relays.add(POST)
    await press.relays.add(replace(SPARE, is_paused=True))
    await press.relays.note_failure("post", Health().after_failure("535 5.7.8 no", now, is_login=True))

    (said,) = await foreseen(newsroom)

    assert "post is resting; spare is paused" in said


async def test_one_that_rests_is_gone_around(newsroom: Newsroom) -> None:
    press, now = newsroom.press, await newsroom.press.ledger.now()
    await press.relays.add(POST)
    await press.relays.add(SPARE)
    await press.relays.note_failure("post", Health().after_failure("535 5.7.8 no", now, is_login=True))

    assert await foreseen(newsroom) == []
    assert [one.split(" until ")[0] for one in await detours(press, now)] == ["The relay post is left alone"]


@pytest.mark.parametrize(
    ("limits", "people", "says"),
    [
        ({"per_hour": 1_000}, 13_000, "13,000 messages go in about 12 hours"),
        ({"per_hour": 1_000, "per_day": 2_000}, 22_000, "22,000 messages go in about 10 days"),
        ({"per_second": 1}, 3_601 + 3_600, "7,201 messages go in about 2 hours"),
    ],
)
async def test_how_long_the_relays_limits_make_it_is_said(
    newsroom: Newsroom, limits: dict[str, Any], people: int, says: str
) -> None:
    await newsroom.press.relays.add(replace(POST, **limits))

    (said,) = await foreseen(newsroom, people)

    assert says in said


async def test_a_relay_without_limits_takes_all(newsroom: Newsroom) -> None:
    await newsroom.press.relays.add(replace(POST, per_day=10))
    await newsroom.press.relays.add(SPARE)

    assert await foreseen(newsroom, 1_000_000) == []


async def test_what_is_used_of_a_limit_counts(newsroom: Newsroom) -> None:
    press, relay = newsroom.press, replace(POST, per_day=24_000)
    await press.relays.add(relay)
    before = await foreseen(newsroom, 24_000)
    await press.relays.take("post", relay.limits, 12_000, await press.ledger.now())

    (said,) = await foreseen(newsroom, 24_000)

    assert before == []
    assert "24,000 messages go in about 12 hours" in said


async def test_on_which_day_of_the_warm_up_the_last_get_it_is_said(newsroom: Newsroom) -> None:
    press, now = newsroom.press, await newsroom.press.ledger.now()
    warmup = Warmup(domain="news.example.com", began=now, ceilings=(100, 200, 300))
    await press.warmups.put(warmup)

    today, third_day, after = [await foreseen(newsroom, people) for people in (100, 301, 601)]

    assert today == []
    assert "the last of 301 people get it from" in third_day[0]
    assert f"{now + timedelta(days=2):%Y-%m-%d %H:%M}" in third_day[0]
    assert f"{now + timedelta(days=3):%Y-%m-%d %H:%M}" in after[0]


async def test_quiet_hours_and_slowed_destinations_are_said(newsroom: Newsroom) -> None:
    press, now = newsroom.press, await newsroom.press.ledger.now()
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M} UTC"
    await press.newsletters.put(replace(await press.newsletters.get("daily"), quiet_hours=hours))
    await press.slowed.slow("google", Slowdown.after(None, "421 4.7.28 too much", now))

    quiet, slowed = await foreseen(newsroom)

    assert "within the quiet hours" in quiet
    assert slowed.startswith("google wants less mail until about")
