"""A domain that is warming up: no more a day than its ceiling, whoever takes part first, and the rest a day later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailer.delivery.controlling import schedule
from mailer.delivery.destinations.slowdown import Slowdown
from mailer.delivery.progress import progress_of
from mailer.delivery.ticking import tick
from mailer.delivery.timing.awaiting import Awaited
from mailer.delivery.warming.ration import Ration
from mailer.delivery.warming.warmingup import end_warmup
from mailer.issues.timing import Timing
from mailer.senders.warmups.warmup import Warmup
from subscribers.cohort import chunk_of, position_of

if TYPE_CHECKING:
    from mailer.issues.mailing import Mailing
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

DOMAIN = "news.example.com"
DAY = timedelta(days=1)
PEOPLE = [f"reader{number:02}@example.com" for number in range(30)]


async def _warm_up(newsroom: Newsroom, *ceilings: int, ago: timedelta = timedelta(0)) -> Warmup:
    began = await newsroom.press.ledger.now() - ago
    warmup = Warmup(domain=DOMAIN, began=began, ceilings=ceilings)
    await newsroom.press.warmups.put(warmup)
    return warmup


async def _a_day_passes(newsroom: Newsroom, mailing: Mailing, warmup: Warmup) -> Warmup:
    """Let everything about the warm-up have happened a day earlier."""
    press = newsroom.press
    earlier = replace(warmup, began=warmup.began - DAY)
    used = f"{{warmup:{DOMAIN}}}:used"
    for day in range(len(warmup.ceilings)):
        if count := await press.warmups.used(warmup, warmup.begins(day)):
            await press.redis.hset(used, f"{int(earlier.began.timestamp() * 1000)}:{day}", str(count))
    await press.warmups.put(earlier)
    turns = await press.turns.all(mailing.id)
    day_ms = int(DAY.total_seconds() * 1000)
    await press.turns.put(mailing.id, [type(one)(one.number, one.due_ms - day_ms, one.name) for one in turns])
    now = await press.ledger.now()
    await press.ledger.hasten(mailing.id, beyond=now, to=now)
    return earlier


async def test_each_day_has_its_part_and_nobody_is_missed(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE)
    warmup = await _warm_up(newsroom, 4, 6, 9)

    mailing = await newsroom.send()
    went = []
    for _ in range(4):
        await newsroom.work()
        await newsroom.work()
        went.append(len(relay.received))
        warmup = await _a_day_passes(newsroom, mailing, warmup)

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert went == [4, 10, 19, 30]
    assert (counts.accepted, counts.pending, counts.balanced) == (30, 0, True)
    assert relay.addresses() == PEOPLE


async def test_the_page_says_what_is_waited_for(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE[:8])
    warmup = await _warm_up(newsroom, 4, 6)
    mailing = await newsroom.send()

    await newsroom.work()

    progress = await progress_of(newsroom.press, mailing.id)
    assert "news.example.com is warming up: 4 of 4 messages of day 1 are used." in progress.mailing.problem
    assert f"goes on {warmup.ends(warmup.began):%Y-%m-%d at %H:%M} UTC" in progress.mailing.problem
    assert progress.wait
    assert (progress.wait.people, progress.wait.what) == (4, Awaited.WARMUP)
    assert progress.next_due
    assert abs(progress.next_due - (warmup.began + DAY)) < timedelta(seconds=1)
    assert await tick(newsroom.press, "test") == 0


async def test_whoever_clicked_goes_first(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    ids = await newsroom.join(*PEOPLE)
    earlier = await newsroom.send()
    await newsroom.work()
    relay.received.clear()
    for one in ids[-3:]:
        key = f"{{c{chunk_of(one)}}}:mailing:{earlier.id}:clicked"
        await newsroom.press.redis.setbit(key, position_of(one), 1)
    await _warm_up(newsroom, 3, 100)

    await newsroom.send()
    await newsroom.work()

    assert relay.addresses() == PEOPLE[-3:]


async def test_two_mailings_and_two_workers_keep_one_ceiling(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE)
    await _warm_up(newsroom, 7, 100)
    now = await newsroom.press.ledger.now()

    first = await newsroom.send()
    spread = await schedule(newsroom.press, "harbour", ["readers"], now=now, timing=Timing(spread_seconds=0.01))
    await tick(newsroom.press, "test")
    await asyncio.gather(newsroom.work(), newsroom.work())
    await newsroom.work()

    assert len(relay.received) == 7
    for mailing in (first, spread):
        counts = await newsroom.press.ledger.counts(mailing.id)
        assert counts.balanced
        assert (counts.deferred, counts.refused, counts.uncertain) == (0, 0, 0)


async def test_mail_from_other_days_and_domains_is_not_counted(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE)
    await _warm_up(newsroom, 1, 2, ago=2 * DAY)
    await newsroom.press.warmups.put(
        Warmup(domain="other.example.com", began=await newsroom.press.ledger.now(), ceilings=(1,))
    )

    await newsroom.send()
    await newsroom.work()

    assert relay.addresses() == PEOPLE


async def test_ending_it_lets_everybody_go(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE)
    await _warm_up(newsroom, 4, 6, 9)
    mailing = await newsroom.send()
    await newsroom.work()

    had_one = await end_warmup(newsroom.press, DOMAIN)
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (had_one, counts.accepted, counts.pending) == (True, 30, 0)
    assert relay.addresses() == PEOPLE
    assert not await end_warmup(newsroom.press, DOMAIN)


async def test_rations_of_many_workers_make_the_ceiling_exactly(newsroom: Newsroom) -> None:
    warmup = await _warm_up(newsroom, 500, 600)
    store, now = newsroom.press.warmups, warmup.began + timedelta(hours=1)
    rations = [Ration(store) for _ in range(3)]
    for one in rations:
        await one.look(now)

    async def go(ration: Ration, wanted: int) -> int:
        return sum([await ration.held_until(DOMAIN, now) is None for _ in range(wanted)])

    few = await go(rations[0], 5)
    await rations[0].close()
    await rations[0].close()
    given_back = await store.used(warmup, now)
    went = await asyncio.gather(*(go(one, 400) for one in rations[1:]))
    used = await store.used(warmup, now)

    assert (few, given_back) == (5, 5)
    assert (sum(went), used) == (495, 500)


async def test_leave_of_yesterday_is_no_leave(newsroom: Newsroom) -> None:
    warmup = await _warm_up(newsroom, 500, 600)
    store, today = newsroom.press.warmups, warmup.began + timedelta(hours=23)
    ration = Ration(store)
    await ration.look(today)
    await ration.held_until(DOMAIN, today)
    tomorrow: datetime = today + timedelta(hours=2)

    await ration.held_until(DOMAIN, tomorrow)
    await ration.close()

    assert (await store.used(warmup, today), await store.used(warmup, tomorrow)) == (1, 1)


async def test_a_plan_that_is_set_anew_counts_from_zero(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE)
    first = await _warm_up(newsroom, 4, 6)
    await newsroom.send()
    await newsroom.work()

    second = await _warm_up(newsroom, 9, 9)

    store = newsroom.press.warmups
    assert await store.used(first, first.began) == 4
    assert await store.used(second, second.began) == 0


async def test_whoever_is_held_for_their_destination_uses_nothing(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join("a@gmail.com", "b@example.com")
    warmup = await _warm_up(newsroom, 10)
    now = await newsroom.press.ledger.now()
    await newsroom.press.slowed.slow("google", Slowdown(now - timedelta(seconds=1)))
    assert await newsroom.press.slowed.take_slot("google", 1, "somebody else", now)

    mailing = await newsroom.send()
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert relay.addresses() == ["b@example.com"]
    assert (counts.pending, counts.deferred) == (1, 0)
    assert await newsroom.press.warmups.used(warmup, now) == 1
