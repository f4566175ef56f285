"""Watching how a mailing is received, and pausing it when that goes wrong.

Nothing is remembered in a process: who was tried and accepted is read from the ledger, what came back from the
mailing's events, each counted once. Of every minute one tally is kept, so that what has happened within a window is the
difference of two of them.

A person who resumes a paused mailing has seen why it stopped. So from then on the evidence of before does not count:
the mailing stops again only for what happens after, from the same least numbers on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer import maillog
from mailer.bounces.bounceclass import ABOUT_THE_RECIPIENT, BounceClass
from mailer.bounces.event import Event
from mailer.delivery.press import Press
from mailer.delivery.quality.rate import Kind, Level, Rate, Tally, rates_of, windows_of
from mailer.delivery.reply import milliseconds
from mailer.errors import ConflictError
from mailer.issues.mailing import Mailing, MailingId, MailingState

LOOK_EVERY = timedelta(seconds=5)
_EVENTS_AT_ONCE = 1_000
_ABOUT_US = frozenset(
    {BounceClass.SENDER_BLOCK, BounceClass.AUTH, BounceClass.SPAM_CONTENT, BounceClass.POLICY}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quality:
    """How a mailing is received, of late."""

    rates: Sequence[Rate]

    @property
    def level(self) -> Level:
        """How bad the worst of it is."""
        return max((rate.level for rate in self.rates), default=Level.UNKNOWN)

    @property
    def worst(self) -> Rate | None:
        """The rate to speak of; None if there is nothing to say."""
        bad = [rate for rate in self.rates if rate.level >= Level.WARN]
        return max(bad, key=lambda rate: (rate.level, rate.share / rate.window.limits[rate.kind][1]), default=None)


async def watch(press: Press, mailing: Mailing, now: datetime) -> None:
    """Look every few seconds at how a mailing is received; pause it if that is too bad."""
    if not press.settings.quality_breaker or not await press.tallies.may_look(mailing.id, LOOK_EVERY):
        return
    quality = await quality_of(press, mailing.id, now)
    if quality.level is Level.PAUSE and quality.worst:
        await _pause(press, mailing.id, quality.worst, now)


async def quality_of(press: Press, mailing_id: MailingId, now: datetime) -> Quality:
    """Return how a mailing is received, counted now."""
    tally = await take_tally(press, mailing_id, now)
    await press.tallies.sample(mailing_id, tally)
    samples, forgiven = await press.tallies.samples(mailing_id), await press.tallies.forgiven(mailing_id)
    rates: list[Rate] = []
    for window in windows_of(press.settings):
        begins_ms = milliseconds(now - window.span)
        before = [sample for sample in samples if sample.at_ms <= begins_ms]
        # Before the first sample nothing had happened; what was forgiven is behind us, whatever the window.
        begin = max([Tally(), *before, forgiven], key=lambda one: one.at_ms)
        rates += rates_of(tally.since(begin), window)
    return Quality(rates)


async def take_tally(press: Press, mailing_id: MailingId, now: datetime) -> Tally:
    """Count what has become of a mailing up to now."""
    events = await _count_events(press, mailing_id)
    counts = await press.ledger.counts(mailing_id)
    return Tally(
        at_ms=milliseconds(now),
        tried=counts.accepted + counts.refused + counts.uncertain + counts.deferred,
        accepted=counts.accepted,
        deferrals=counts.deferred,
        bounces=events[Kind.BOUNCES],
        complaints=events[Kind.COMPLAINTS],
        blocks=events[Kind.BLOCKS],
    )


async def forgive(press: Press, mailing_id: MailingId, now: datetime) -> None:
    """Let what has happened up to now count no more."""
    await press.tallies.forgive(mailing_id, await take_tally(press, mailing_id, now))


async def _count_events(press: Press, mailing_id: MailingId) -> Counter[str]:
    """Count the events that nobody has counted yet; return how many of each kind there are in all."""
    while True:
        cursor, counts = await press.tallies.counted(mailing_id)
        found = await press.reports.after(mailing_id, cursor, _EVENTS_AT_ONCE)
        if not found:
            return counts
        kinds = Counter(kind.value for _, event in found if (kind := kind_of(event)) is not None)
        # If somebody else was faster, what they have counted is read again.
        await press.tallies.count(mailing_id, cursor, found[-1][0], kinds)


def kind_of(event: Event) -> Kind | None:
    """Return what an event counts as; None for one that says nothing about how a mailing is received."""
    if event.bounce_class in ABOUT_THE_RECIPIENT:
        return Kind.BOUNCES
    if event.bounce_class is BounceClass.COMPLAINT:
        return Kind.COMPLAINTS
    return Kind.BLOCKS if event.bounce_class in _ABOUT_US else None


async def _pause(press: Press, mailing_id: MailingId, rate: Rate, now: datetime) -> None:
    why = (
        f"Paused by itself, because of {rate.kind}: {rate.sentence} Nobody was skipped: whoever is pending gets it "
        "when you resume. Look at what came back first; what you have seen then does not stop it again."
    )
    try:
        await press.mailings.move(mailing_id, MailingState.PAUSED, problem=why, now=now)
    except ConflictError:
        # Complete, cancelled or paused meanwhile, which is as good.
        return
    maillog.paused(mailing_id, why)
