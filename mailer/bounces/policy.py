"""What follows from a bounce: nothing, or that the address is never mailed again.

In this first version one dead address is enough, whether it was refused in session or reported under a valid token. A
reply in session comes from the other server itself and cannot be forged; a report can, but only by whoever holds that
one person's token, so the worst is that somebody ends their own subscription. A score over several signals (closed
mailboxes, full ones, dead domains after some days) has its place here.
"""

from __future__ import annotations

from enum import StrEnum

from mailer.bounces.bounceclass import BounceClass
from subscribers.suppression import Reason

REPORTS_NEEDED = 1
"""Reports of a dead address that suppress it. Others wait for a second from another mailing, since a report is weaker
evidence than a reply; but each mailing to a dead address costs reputation, and ours are signed."""


class Verdict(StrEnum):
    """What follows from a bounce."""

    SUPPRESS = "suppress"
    """The address does not exist: never mail it again."""
    COMPLAIN = "complain"
    """Its owner called our mail spam: never mail it again, whatever else is asked."""
    RECORD = "record"
    """Kept on record only."""


VERDICTS: dict[BounceClass, Verdict] = {
    BounceClass.DEAD_ADDRESS: Verdict.SUPPRESS,
    BounceClass.COMPLAINT: Verdict.COMPLAIN,
    # A domain may be gone for a day, and a closed mailbox may open again: one signal is not enough.
    BounceClass.DEAD_DOMAIN: Verdict.RECORD,
    BounceClass.INACTIVE: Verdict.RECORD,
}
"""Verdicts by class. Every class that is not here is kept on record: it is about us, or it may pass."""

REASONS: dict[Verdict, Reason] = {Verdict.SUPPRESS: Reason.HARD_BOUNCE, Verdict.COMPLAIN: Reason.COMPLAINT}
"""The suppression's reason, for the verdicts that suppress."""


def verdict_on(bounce_class: BounceClass) -> Verdict:
    """Return what follows from a bounce of this class."""
    return VERDICTS.get(bounce_class, Verdict.RECORD)
