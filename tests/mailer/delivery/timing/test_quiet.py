"""Within quiet hours no mailing hands anything over, and goes on by itself after; cancelling works all the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.delivery.controlling import cancel, schedule
from mailer.delivery.progress import progress_of
from mailer.delivery.shifts.shift import Shift
from mailer.delivery.shifts.steadyclock import SteadyClock
from mailer.delivery.ticking import tick
from mailer.delivery.timing.quiettimes import QuietTimes
from tests.newsroom import enrol

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


async def _own_hours(newsroom: Newsroom, slug: str, hours: str) -> None:
    press = newsroom.press
    await press.newsletters.put(replace(await press.newsletters.get("daily"), slug=slug, quiet_hours=hours))


async def test_a_newsletter_of_its_own_hours_waits_while_another_is_mailed(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    press = newsroom.press
    await newsroom.join("anna@example.com")
    await _own_hours(newsroom, "weekly", "")
    weekly = await press.people.lists.create("weekly", name="Weekly", newsletter="weekly")
    await enrol(press, weekly, ["boris@example.com"])
    issue = await press.issues.get("harbour")
    await press.issues.put(replace(issue, slug="week", newsletter="weekly", version=0))
    now = await press.ledger.now()
    await _own_hours(newsroom, "daily", f"{now - HOUR:%H:%M}-{now + HOUR:%H:%M} UTC")

    quiet = await newsroom.send()
    loud = await schedule(press, "week", ["weekly"], now=now)
    await tick(press, "test")
    due = await tick(press, "test")
    await newsroom.work()
    said = (await progress_of(press, quiet.id)).mailing.problem

    assert due == 1
    assert relay.addresses() == ["boris@example.com"]
    assert said.startswith("Waits. It is within the quiet hours")
    assert (await progress_of(press, loud.id)).counts.accepted == 1


async def test_a_newsletter_can_have_none_whatever_the_settings_say(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join("anna@example.com")
    await _with_quiet(newsroom, -HOUR, HOUR)
    await _own_hours(newsroom, "daily", "none")

    mailing = await newsroom.send()
    await newsroom.work()

    assert relay.addresses() == ["anna@example.com"]
    assert (await progress_of(newsroom.press, mailing.id)).mailing.problem == ""


async def test_a_shift_ends_when_the_first_newsletter_falls_quiet(newsroom: Newsroom) -> None:
    await _with_quiet(newsroom, HOUR, 2 * HOUR)
    clock = await SteadyClock.ask(newsroom.press.ledger)
    soon = clock.now() + timedelta(minutes=2)
    await _own_hours(newsroom, "weekly", f"{soon:%H:%M}-{soon + HOUR:%H:%M} UTC")

    shift = Shift(newsroom.press, clock, await QuietTimes.ask(newsroom.press), timedelta(minutes=10), lambda: False)

    assert timedelta(seconds=50) < shift.ends_in() <= timedelta(minutes=2)


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

    shift = Shift(newsroom.press, clock, await QuietTimes.ask(newsroom.press), timedelta(minutes=10), lambda: False)

    assert until_then
    left = until_then.next_begin(clock.now()) - clock.now()
    assert abs(shift.ends_in() - left) < timedelta(seconds=1)
    assert left <= timedelta(minutes=2)
