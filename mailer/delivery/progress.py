"""How far a mailing has come, how fast it goes, and when it will be done. All of it is derived on read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mailer.delivery.ledger import LedgerCounts
from mailer.delivery.presence import unheard
from mailer.delivery.press import Press
from mailer.delivery.reply import instant, milliseconds
from mailer.delivery.timing.awaiting import Wait, wait_of
from mailer.delivery.timing.thefew import FewStanding, few_of
from mailer.delivery.timing.turn import HELD_MS
from mailer.delivery.warming.warmingup import warmup_of
from mailer.issues.mailing import Mailing, MailingId, MailingState

_RECENT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Progress:
    """A mailing at one moment."""

    mailing: Mailing
    counts: LedgerCounts
    rate_per_second: float
    """Hand-overs settled a second: of late while it is sending, over its whole time when it is finished."""
    finish: datetime | None
    """When it will be done at this rate; None where that cannot be told, as while somebody is not due yet."""
    next_due: datetime | None
    """When people who were put off are tried again; None if nobody is waiting, or only for a person to resume it."""
    wait: Wait | None = None
    """Who is not due yet, and why; None if everybody who is pending is due."""
    few: FewStanding | None = None
    """How those stand who get it first; None where nobody does."""
    unheard: str = ""
    """Why nobody hears what comes back, while something has; empty where somebody does."""


async def progress_of(press: Press, mailing_id: MailingId) -> Progress:
    """Return how far a mailing has come."""
    mailing = await press.mailings.get(mailing_id)
    words = await press.ledger.words(mailing_id)
    counts = LedgerCounts.of(words.values())
    now = await press.ledger.now()
    if mailing.state is MailingState.SENDING and (why := await _why_waiting(press, mailing, now)):
        mailing = replace(mailing, problem=f"Waits. {why}")
    wait = None if mailing.is_finished else await wait_of(press, mailing, words, now)
    pace = await press.ledger.pace(mailing_id)
    rate = _rate(pace, int(now.timestamp()), is_finished=mailing.is_finished)
    untried = counts.pending - counts.deferred
    next_due = await press.ledger.next_due(mailing_id) if mailing.state is not MailingState.PAUSED else None
    # A batch that is in somebody's hands is due when its lease ends; one that is due later than that rests.
    rests_until = next_due if next_due and next_due > now + press.ledger.lease_for else now
    finish = rests_until + timedelta(seconds=untried / rate) if rate and untried else None
    return Progress(
        mailing=mailing,
        counts=counts,
        rate_per_second=rate,
        finish=finish if mailing.state is MailingState.SENDING and not wait else None,
        next_due=next_due if next_due and now < next_due < instant(HELD_MS) else None,
        wait=wait,
        few=await few_of(press, mailing, words),
        unheard=await unheard(press),
    )


async def _why_waiting(press: Press, mailing: Mailing, now: datetime) -> str:
    """Return why nobody of a sending mailing is handed over just now, where that follows from how things are."""
    # The workers know it too, and hand nobody over; only, nobody can write that down.
    if why := await press.mailings.why_not_writable(mailing.id):
        return why
    newsletter = await press.newsletters.find(mailing.newsletter)
    quiet = newsletter.quiet(press.settings.quiet) if newsletter else None
    until = quiet.until(now) if quiet else None
    return quiet.sentence(until) if quiet and until else await _why_warming(press, mailing, now)


async def _why_warming(press: Press, mailing: Mailing, now: datetime) -> str:
    warmup = await warmup_of(press, mailing)
    next_due = await press.ledger.next_due(mailing.id)
    if warmup is None or next_due is None:
        return ""
    used, ceiling = await press.warmups.used(warmup, now), warmup.ceiling(now)
    if used < ceiling and milliseconds(next_due) < milliseconds(warmup.ends(now)):
        return ""
    return (
        f"{warmup.domain} is warming up: {used:,} of {ceiling:,} messages of day {warmup.day(now) + 1} are used. "
        f"Whoever is left goes on {warmup.ends(now):%Y-%m-%d} at {warmup.ends(now):%H:%M} UTC or later."
    )


def _rate(pace: dict[int, int], now: int, *, is_finished: bool) -> float:
    if is_finished:
        return sum(pace.values()) / len(pace) if pace else 0.0
    # The present second is not over yet, so it would look slow.
    recent = [count for second, count in pace.items() if now - _RECENT_SECONDS <= second < now]
    first = min(pace, default=now)
    seconds = min(_RECENT_SECONDS, max(now - first, 1))
    return sum(recent) / seconds
