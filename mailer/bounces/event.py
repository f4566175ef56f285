"""An event: one thing that came back about one person, as it is kept on record."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.policy import Verdict
from mailer.issues.mailing import MailingId
from subscribers.cohort import SubscriberId


class EventKind(StrEnum):
    """By which way it came back."""

    REFUSAL = "refusal"
    """The other server refused in session."""
    REPORT = "report"
    """A delivery report, complaint or reply came to the return path."""
    UNSUBSCRIBE = "unsubscribe"
    """A mail came to the address that takes somebody off a list."""
    BACKSCATTER = "backscatter"
    """It named nobody whom we know to have mailed; it changed nothing."""
    LETTER = "letter"
    """Mail to postmaster or abuse."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that came back."""

    at: datetime
    kind: EventKind
    bounce_class: BounceClass = BounceClass.UNKNOWN
    mailing: MailingId | None = None
    """None where no valid token said which."""
    subscriber: SubscriberId | None = None
    verdict: Verdict = Verdict.RECORD
    status: str = ""
    reply_code: int = 0
    diagnostic: str = ""
    """What the other server said, shortened."""
    recipient: str = ""
    """The envelope's recipient for what came by mail. The token in it decided; nothing in the body did."""
