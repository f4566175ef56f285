"""A destination that wants less mail is left alone by all workers; nobody else waits, and nobody is tried or lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailer.delivery.destinations.lifting import lift
from mailer.delivery.destinations.slowdown import Slowdown
from mailer.delivery.destinations.throttling import Throttle
from mailer.delivery.progress import progress_of
from mailer.smtp.outcome import Outcome, OutcomeKind, Reply, Step

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

MINUTE = timedelta(minutes=1)
TOO_FAST = Outcome(OutcomeKind.DEFERRED, Reply(421, "4.7.28", "Unusual rate"), Step.RCPT)


async def test_the_others_are_mailed_and_the_slowed_stay_pending(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    slow = [f"p{number}@gmail.com" for number in range(12)]
    await newsroom.join(*slow, *(f"p{number}@example.com" for number in range(12)))
    relay.at_rcpt = {address: ["421 4.7.28 Unusual rate"] for address in slow}

    mailing = await newsroom.send()
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert relay.addresses() == sorted(f"p{number}@example.com" for number in range(12))
    assert (counts.accepted, counts.pending, counts.refused) == (12, 12, 0)
    # Only those who were on the wire when it said so were tried at all.
    assert 1 <= counts.deferred <= 8
    assert counts.balanced
    (name,) = await newsroom.press.slowed.slowed(await newsroom.press.ledger.now())
    assert name == "google"


async def test_whoever_is_held_is_due_when_the_rest_is_over(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join("a@gmail.com", "b@example.com")
    now = await newsroom.press.ledger.now()
    await newsroom.press.slowed.slow("google", Slowdown(now + 7 * MINUTE))

    mailing = await newsroom.send()
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (counts.accepted, counts.pending, counts.deferred, counts.balanced) == (1, 1, 0, True)
    due = await newsroom.press.ledger.next_due(mailing.id)
    assert due
    assert abs(due - (now + 7 * MINUTE)) < timedelta(seconds=1)


async def test_a_mailing_is_not_expected_to_end_before_the_rest_is_over(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join("a@gmail.com", "b@example.com")
    now = await newsroom.press.ledger.now()
    await newsroom.press.slowed.slow("google", Slowdown(now + 7 * MINUTE))
    mailing = await newsroom.send()
    await newsroom.work()
    await newsroom.press.ledger.count_pace(mailing.id, now - timedelta(seconds=2), 10)

    finish = (await progress_of(newsroom.press, mailing.id)).finish

    assert finish
    assert finish > now + 7 * MINUTE - timedelta(seconds=1)


async def test_after_its_rest_everybody_is_mailed_in_the_end(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*(f"p{number}@gmail.com" for number in range(9)))
    now = await newsroom.press.ledger.now()
    await newsroom.press.slowed.slow("google", Slowdown(now - 4 * MINUTE))

    mailing = await newsroom.send()
    for _ in range(40):
        await newsroom.work()
        counts = await newsroom.press.ledger.counts(mailing.id)
        if not counts.pending:
            break
        # The next pass is due in a second; its time is brought forward rather than waited for.
        for chunk in await newsroom.press.ledger.words(mailing.id):
            await newsroom.press.redis.zadd(f"{{m{mailing.id}}}:due", {f"{chunk}:0-15": 0}, xx=True)

    assert counts.accepted == 9
    assert len(relay.received) == 9


async def test_slots_are_shared_by_all_workers(newsroom: Newsroom) -> None:
    press = newsroom.press
    now = await press.ledger.now()
    await press.slowed.slow("google", Slowdown(now - 2 * MINUTE))
    here, there = Throttle(press.slowed, press.settings), Throttle(press.slowed, press.settings)
    await here.look(now)
    await there.look(now)

    went = [await one.held_until("gmail.com", str(place), now) for place, one in enumerate((here, there, here, there))]

    assert went == [None, None, None, now + timedelta(seconds=1)]
    here.hear("gmail.com", "0", Outcome(OutcomeKind.ACCEPTED, Reply(250, "", "ok")), now)
    await here.look(now)
    assert await there.held_until("gmail.com", "3", now) is None


async def test_what_one_worker_hears_slows_the_others(newsroom: Newsroom) -> None:
    press = newsroom.press
    now = await press.ledger.now()
    here, there = Throttle(press.slowed, press.settings), Throttle(press.slowed, press.settings)

    here.hear("googlemail.com", "1:1", TOO_FAST, now)
    await here.look(now)
    await there.look(now)

    assert await there.held_until("gmail.com", "1:2", now) == now + 10 * MINUTE
    assert await there.held_until("example.com", "1:3", now) is None


async def test_a_limit_of_the_settings_holds_for_each_worker(newsroom: Newsroom) -> None:
    settings = newsroom.press.settings.model_copy(update={"destination_at_once": {"google": 2}})
    throttle, now = Throttle(newsroom.press.slowed, settings), await newsroom.press.ledger.now()

    async def ask(holder: str) -> datetime | None:
        return await throttle.held_until("gmail.com", holder, now)

    assert [await ask(holder) for holder in "abc"] == [None, None, now + timedelta(seconds=1)]
    throttle.hear("gmail.com", "a", accepted(), now)
    assert await ask("c") is None


async def test_nothing_is_asked_while_nothing_is_slowed(newsroom: Newsroom) -> None:
    throttle = Throttle(newsroom.press.slowed, newsroom.press.settings)

    await throttle.look(await newsroom.press.ledger.now())

    assert not throttle.is_needed


def accepted() -> Any:
    return Outcome(OutcomeKind.ACCEPTED, Reply(250, "", "ok"))


async def test_so_many_a_second_are_shared_by_all_workers(newsroom: Newsroom) -> None:
    press = newsroom.press
    settings = press.settings.model_copy(update={"destination_per_second": {"google": 5}})
    here, there = Throttle(press.slowed, settings), Throttle(press.slowed, settings)
    now = await press.ledger.now()

    held = [await one.held_until("gmail.com", str(place), now) for place, one in enumerate((here, there) * 4)]
    others = await here.held_until("example.com", "other", now)
    later = now + timedelta(seconds=1.2)
    again = await here.held_until("gmail.com", "again", later)

    until = [one for one in held if one]
    assert len(until) == 3
    assert all(now < one <= later for one in until)
    assert (others, again) == (None, None)
    assert there.rests_until("googlemail.com", now)
    assert not there.rests_until("example.com", now)


async def test_a_mailing_keeps_to_so_many_a_second(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    people = [f"p{number}@gmail.com" for number in range(8)]
    await newsroom.join(*people, "anna@example.com")
    settings = newsroom.press.settings.model_copy(update={"destination_per_second": {"google": 4}})
    newsroom.press = replace(newsroom.press, settings=settings)

    mailing = await newsroom.send()
    await newsroom.work()
    first = relay.addresses()
    for _ in range(10):
        if len(relay.received) == 9:
            break
        await newsroom.until_due(mailing)
        await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert "anna@example.com" in first
    assert len(first) < 9
    assert (counts.accepted, counts.pending, counts.balanced) == (9, 0, True)
    assert relay.addresses() == sorted([*people, "anna@example.com"])


async def test_lifting_lets_those_go_who_wait(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join("a@gmail.com", "b@example.com")
    now = await newsroom.press.ledger.now()
    await newsroom.press.slowed.slow("google", Slowdown(now + 7 * MINUTE))
    await newsroom.send()
    await newsroom.work()
    before = relay.addresses()

    lifted = await lift(newsroom.press, "google")
    await newsroom.work()

    assert (before, lifted) == (["b@example.com"], True)
    assert relay.addresses() == ["a@gmail.com", "b@example.com"]
