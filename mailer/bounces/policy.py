"""What follows from a bounce: nothing, a rest, or that the address is never mailed again.

One reply in session that says "nobody of that name" is enough: it comes from the other server itself and cannot be
forged. A report is weaker (R65), so an operator can ask for several, from different mailings on different days, before
an address is suppressed; why one is the default is decision 12. Closed mailboxes and missing domains may come back, so
they take three signals over three days whichever way they came. A full mailbox is given a rest when it has been full
for weeks.

Signals fade: what is older than the policy's memory does not count, nor what was said of an earlier address, nor
anything before a report that mail arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.bounces.bounceclass import BounceClass
from mailer.issues.mailing import MailingId
from mailer.settings import Settings
from subscribers.suppression import Reason

_CLOSED_NEEDED = 3
_CLOSED_FOR = timedelta(hours=72)


class Verdict(StrEnum):
    """What follows from a bounce."""

    SUPPRESS = "suppress"
    """The address does not exist: never mail it again."""
    COMPLAIN = "complain"
    """Its owner called our mail spam: never mail it again, whatever else is asked."""
    REST = "rest"
    """The mailbox was full for weeks: mail it again some weeks later."""
    RECORD = "record"
    """Kept on record only."""


REASONS: dict[Verdict, Reason] = {
    Verdict.SUPPRESS: Reason.HARD_BOUNCE,
    Verdict.COMPLAIN: Reason.COMPLAINT,
    Verdict.REST: Reason.MAILBOX_FULL,
}
"""The suppression's reason, for the verdicts that suppress."""

DEAD = frozenset({BounceClass.DEAD_ADDRESS})
CLOSED = frozenset({BounceClass.DEAD_ADDRESS, BounceClass.DEAD_DOMAIN, BounceClass.INACTIVE})
FULL = frozenset({BounceClass.MAILBOX_FULL})

COUNTED = CLOSED | FULL
"""Classes of which signals are kept. Every other class is about us, or says nothing of the address."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One mailing's bounce of one address, of a class that counts."""

    mailing: MailingId
    bounce_class: BounceClass
    at: datetime


@dataclass(frozen=True, slots=True)
class BouncePolicy:
    """How many signals are enough, and for how long they count."""

    reports_needed: int = 1
    report_age: timedelta = timedelta(days=30)
    """Reports about mailings that ended longer ago change nothing (R62)."""
    memory: timedelta = timedelta(days=90)
    full_needed: int = 3
    full_for: timedelta = timedelta(days=30)
    full_rest: timedelta = timedelta(days=30)

    @classmethod
    def from_settings(cls, settings: Settings) -> BouncePolicy:
        """Return what the operator has set."""
        return cls(
            reports_needed=settings.bounce_reports_needed,
            report_age=timedelta(days=settings.bounce_report_age_days),
            memory=timedelta(days=settings.bounce_memory_days),
            full_needed=settings.mailbox_full_needed,
            full_for=timedelta(days=settings.mailbox_full_days),
            full_rest=timedelta(days=settings.mailbox_full_rest_days),
        )

    def verdict_on(
        self, bounce_class: BounceClass, signals: Iterable[Signal], now: datetime, *, in_session: bool
    ) -> Verdict:
        """Return what follows from a bounce of this class, given all signals of the address, this one among them."""
        if bounce_class is BounceClass.COMPLAINT:
            return Verdict.COMPLAIN
        if bounce_class is BounceClass.DEAD_ADDRESS and in_session:
            return Verdict.SUPPRESS
        counted = [one for one in signals if now - one.at <= self.memory]
        if bounce_class in DEAD and _count(counted, DEAD) >= self.reports_needed:
            return Verdict.SUPPRESS
        if bounce_class in CLOSED and _is_enough(counted, CLOSED, _CLOSED_NEEDED, _CLOSED_FOR):
            return Verdict.SUPPRESS
        if bounce_class in FULL and _is_enough(counted, FULL, self.full_needed, self.full_for):
            return Verdict.REST
        return Verdict.RECORD


def _is_enough(signals: Iterable[Signal], classes: frozenset[BounceClass], needed: int, over: timedelta) -> bool:
    times = [one.at for one in signals if one.bounce_class in classes]
    return bool(times) and max(times) - min(times) >= over and _count(signals, classes) >= needed


def _count(signals: Iterable[Signal], classes: frozenset[BounceClass]) -> int:
    """Count signals from different mailings, at most one a day, as Mailman does: one bad day is one signal."""
    of_them = [one for one in signals if one.bounce_class in classes]
    return min(len({one.mailing for one in of_them}), len({one.at.date() for one in of_them}))
