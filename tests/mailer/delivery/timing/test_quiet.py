"""Within quiet hours no mailing hands anything over, and goes on by itself after; cancelling works all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.delivery.controlling import cancel
from mailer.delivery.progress import progress_of
from mailer.delivery.shifts.shift import Shift
from mailer.delivery.shifts.steadyclock import SteadyClock
from mailer.delivery.ticking import tick

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

HOUR = timedelta(hours=1)


async def _with_quiet(newsroom: Newsroom, begins: timedelta, ends: timedelta) -> None:
    """Set quiet hours from so long after the present minute to so long after it."""
    now = await newsroom.press.ledger.now()
    text = f"{now + begins:%H:%M}-{now + ends:%H:%M} UTC"
    newsroom.press = replace(newsroom.press, settings=newsroom.press.settings.model_copy(update={"quiet_hours": text}))


async def test_nobody_is_mailed_and_the_mailing_says_until_when(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join("anna@example.com", "boris@example.com")
    loud = newsroom.press
    await _with_quiet(newsroom, -HOUR, HOUR)

    mailing = await newsroom.send()
    due = await tick(newsroom.press, "test")
    settled = await newsroom.work()
    quiet = await progress_of(newsroom.press, mailing.id)
    newsroom.press = loud
    await newsroom.work()
    after = await progress_of(newsroom.press, mailing.id)

    assert (due, settled, quiet.counts.pending, quiet.counts.deferred) == (0, 0, 2, 0)
    assert quiet.mailing.problem.startswith("Waits. It is within the quiet hours; mailings go on at ")
    assert quiet.mailing.problem.endswith("(UTC).")
    assert (after.counts.accepted, after.counts.balanced, after.mailing.problem) == (2, True, "")
    assert relay.addresses() == ["anna@example.com", "boris@example.com"]


async def test_a_cancelled_mailing_is_put_away_within_quiet_hours(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join("anna@example.com")
    await _with_quiet(newsroom, -HOUR, HOUR)
    mailing = await newsroom.send()

    await cancel(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())
    due = await tick(newsroom.press, "test")
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (due, counts.excluded, counts.pending, relay.received) == (1, 1, 0, [])


async def test_a_shift_ends_when_quiet_hours_begin(newsroom: Newsroom) -> None:
    await _with_quiet(newsroom, timedelta(minutes=2), HOUR)
    clock = await SteadyClock.ask(newsroom.press.ledger)
    until_then = newsroom.press.settings.quiet

    shift = Shift(newsroom.press, clock, timedelta(minutes=10), lambda: False)

    assert until_then
    left = until_then.next_begin(clock.now()) - clock.now()
    assert abs(shift.ends_in() - left) < timedelta(seconds=1)
    assert left <= timedelta(minutes=2)
