"""A mailing that is received badly pauses by itself, counted from Redis, and says why. Real Redis, real relay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.event import Event, EventKind
from mailer.delivery.controlling import resume
from mailer.delivery.quality.rate import Kind, Level, Rate, Tally, rates_of, windows_of
from mailer.delivery.quality.watching import kind_of, quality_of, watch
from mailer.delivery.reply import milliseconds
from mailer.issues.mailing import Mailing, MailingState
from mailer.settings import Settings
from subscribers.cohort import SubscriberId
from tests.mailer.delivery.conftest import Newsroom as _Newsroom

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

HOUR, DAY = windows_of(Settings())


@pytest.fixture
def strict(newsroom: Newsroom) -> Newsroom:
    """Give a newsroom where ten people and two events say something, and where a deferral may wait for long."""
    few = {"breaker_hour_least": (10, 2), "breaker_day_least": (10, 2), "retry_delays_seconds": (3600.0,)}
    return _Newsroom(replace(newsroom.press, settings=newsroom.press.settings.model_copy(update=few)), newsroom.readers)


async def _begun(newsroom: Newsroom, relay: ScriptedRelay, people: int, refused: int, reply: str) -> Mailing:
    """Send to so many people, of whom the relay refuses some."""
    addresses = [f"reader{number}@example.com" for number in range(people)]
    await newsroom.join(*addresses)
    for address in addresses[:refused]:
        relay.at_rcpt[address] = [reply]
    mailing = await newsroom.send()
    # The rest of the story is about a mailing that goes on: one person is put off.
    relay.at_rcpt.setdefault(addresses[-1], ["451 4.3.0 Later"])
    await newsroom.work()
    return await newsroom.press.mailings.get(mailing.id)


async def _look(newsroom: Newsroom, mailing: Mailing, later: timedelta = timedelta(0)) -> Mailing:
    await newsroom.press.redis.delete(f"{{m{mailing.id}}}:quality:looked")
    now = await newsroom.press.ledger.now() + later
    await watch(newsroom.press, await newsroom.press.mailings.get(mailing.id), now)
    return await newsroom.press.mailings.get(mailing.id)


async def _report(newsroom: Newsroom, mailing: Mailing, bounce_class: BounceClass, people: range) -> None:
    for number in people:
        await newsroom.press.reports.record(
            Event(
                at=await newsroom.press.ledger.now(),
                kind=EventKind.REPORT,
                bounce_class=bounce_class,
                mailing=mailing.id,
                subscriber=SubscriberId(number),
            )
        )


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ("550 5.1.1 No such user", "because of bounces: 4 of 21 people who were tried turned out to have no mailbox"),
        ("554 5.7.1 Blocked by reputation", "because of blocks: 4 of 21 messages were blocked"),
    ],
)
async def test_too_many_refusals_pause_the_mailing(
    strict: Newsroom, relay: ScriptedRelay, reply: str, says: str
) -> None:
    mailing = await _begun(strict, relay, people=21, refused=4, reply=reply)

    paused = await _look(strict, mailing)

    assert paused.state is MailingState.PAUSED
    assert says in paused.problem
    assert "19.05 %, and the limit is" in paused.problem


async def test_too_many_deferrals_pause_the_mailing(strict: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _begun(strict, relay, people=20, refused=14, reply="451 4.3.2 Too busy")

    assert "because of deferrals: 15 of 20 people" in (await _look(strict, mailing)).problem


async def test_complaints_count_of_those_who_got_it(strict: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _begun(strict, relay, people=20, refused=0, reply="")
    before = await _look(strict, mailing)

    await _report(strict, mailing, BounceClass.COMPLAINT, range(1, 3))
    paused = await _look(strict, mailing)

    assert before.state is MailingState.SENDING
    assert "because of complaints: 2 of 19 people who got it called it spam" in paused.problem


async def test_few_refusals_of_many_pause_nothing(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _begun(newsroom, relay, people=21, refused=4, reply="550 5.1.1 No such user")

    assert (await _look(newsroom, mailing)).state is MailingState.SENDING


async def test_a_resumed_mailing_does_not_stop_again_for_what_was_seen(strict: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _begun(strict, relay, people=21, refused=4, reply="550 5.1.1 No such user")
    paused = await _look(strict, mailing)

    await resume(strict.press, mailing.id, now=await strict.press.ledger.now())
    resumed = await _look(strict, mailing)
    await _report(strict, mailing, BounceClass.DEAD_ADDRESS, range(10, 13))
    quality = await quality_of(strict.press, mailing.id, await strict.press.ledger.now())

    assert paused.state is MailingState.PAUSED
    assert (resumed.state, resumed.problem) == (MailingState.SENDING, "")
    bounces = next(rate for rate in quality.rates if rate.kind is Kind.BOUNCES)
    assert bounces.events == 3, "what came after the resuming counts, and nothing else does"


async def test_an_event_is_counted_once_by_any_number_of_schedulers(strict: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _begun(strict, relay, people=20, refused=0, reply="")
    await _report(strict, mailing, BounceClass.COMPLAINT, range(1, 4))
    before, _ = await strict.press.tallies.counted(mailing.id)
    events = await strict.press.reports.after(mailing.id, before, 1000)

    first = await strict.press.tallies.count(mailing.id, before, events[-1][0], {"complaints": 3})
    # The same again: another process, or this one after its answer was lost.
    again = await strict.press.tallies.count(mailing.id, before, events[-1][0], {"complaints": 3})

    assert (first, again) == (True, False)
    assert (await strict.press.tallies.counted(mailing.id))[1]["complaints"] == 3


async def test_what_is_older_than_a_window_does_not_count_in_it(strict: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _begun(strict, relay, people=21, refused=4, reply="550 5.1.1 No such user")
    now = await strict.press.ledger.now()
    await quality_of(strict.press, mailing.id, now + timedelta(minutes=1))

    later = await quality_of(strict.press, mailing.id, now + timedelta(hours=2))

    bounces = [rate for rate in later.rates if rate.kind is Kind.BOUNCES]
    assert [(rate.events, rate.people) for rate in bounces] == [(0, 0), (4, 21)]


async def test_a_breaker_that_is_switched_off_pauses_nothing(strict: Newsroom, relay: ScriptedRelay) -> None:
    settings = strict.press.settings.model_copy(update={"quality_breaker": False})
    off = _Newsroom(replace(strict.press, settings=settings), strict.readers)
    mailing = await _begun(off, relay, people=21, refused=10, reply="550 5.1.1 No such user")

    assert (await _look(off, mailing)).state is MailingState.SENDING


@pytest.mark.parametrize(
    ("window", "kind", "events", "people", "level"),
    [
        (HOUR, Kind.COMPLAINTS, 4, 400, Level.GOOD),
        (HOUR, Kind.COMPLAINTS, 5, 500, Level.PAUSE),
        (HOUR, Kind.COMPLAINTS, 5, 501, Level.WARN),
        (HOUR, Kind.COMPLAINTS, 100, 199, Level.UNKNOWN),
        (DAY, Kind.COMPLAINTS, 10, 3333, Level.PAUSE),
        (DAY, Kind.COMPLAINTS, 10, 6666, Level.WARN),
        (DAY, Kind.COMPLAINTS, 9, 1000, Level.GOOD),
        (HOUR, Kind.BOUNCES, 20, 200, Level.PAUSE),
        (HOUR, Kind.BOUNCES, 10, 200, Level.WARN),
        (DAY, Kind.BOUNCES, 50, 1000, Level.PAUSE),
        (DAY, Kind.BOUNCES, 25, 1000, Level.WARN),
        (DAY, Kind.BOUNCES, 24, 1000, Level.GOOD),
    ],
)
def test_the_limits_are_those_of_the_settings(
    window: object, kind: Kind, events: int, people: int, level: Level
) -> None:
    assert isinstance(window, type(HOUR))
    assert Rate(kind, window, events, people).level is level


def test_each_kind_has_its_own_denominator() -> None:
    rates = {rate.kind: rate.people for rate in rates_of(Tally(tried=300, accepted=200), HOUR)}

    assert rates == {Kind.BOUNCES: 300, Kind.COMPLAINTS: 200, Kind.BLOCKS: 300, Kind.DEFERRALS: 300}


def test_who_is_put_off_no_longer_counts_below_nothing() -> None:
    earlier, later = Tally(1, 100, 50, 50), Tally(2, 150, 150, 0)

    assert later.since(earlier) == Tally(2, 50, 100, 0)


@pytest.mark.parametrize(
    ("bounce_class", "kind"),
    [
        (BounceClass.DEAD_ADDRESS, Kind.BOUNCES),
        (BounceClass.SPAM_CONTENT, Kind.BLOCKS),
        (BounceClass.COMPLAINT, Kind.COMPLAINTS),
        (BounceClass.MAILBOX_FULL, None),
        (BounceClass.AUTO_REPLY, None),
    ],
)
def test_only_what_says_something_counts(bounce_class: BounceClass, kind: Kind | None) -> None:
    assert kind_of(Event(at=datetime.min, kind=EventKind.REPORT, bounce_class=bounce_class)) is kind  # noqa: DTZ901


def test_a_tally_knows_its_moment() -> None:
    moment = datetime.fromisoformat("2026-11-23T09:00:00+00:00")

    assert Tally(at_ms=milliseconds(moment)).at_ms == 1_795_424_400_000
