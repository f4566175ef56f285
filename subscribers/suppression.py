"""An address, or a whole domain, that must not be mailed: why, since when, on what evidence, and for how long.

A suppression holds everywhere, or for one newsletter alone. One of a domain holds for every address at it and at the
domains below it. Only soft reasons may have an end; a lasting suppression takes the place of one that ends.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from subscribers.address import Address
from subscribers.errors import SuppressionError

LONGEST_EVIDENCE = 2_000
"""Characters of evidence that are kept; a report itself is kept elsewhere."""


class Reason(StrEnum):
    """Why an address must not be mailed, the strongest first: who has several is counted for the first of them."""

    COMPLAINT = "complaint"
    """The person said "this is spam"."""
    HARD_BOUNCE = "hard-bounce"
    """A mail server said that the address does not exist, or never takes our mail."""
    LEGAL = "legal"
    """A court or an authority says so."""
    ERASED = "erased"
    """The person had their data erased; only a digest of the address remains."""
    LEFT = "left"
    """The person wants nothing more, from one newsletter or from all. Their own fresh confirmation lifts it."""
    MANUAL = "manual"
    """An operator says so."""
    MAILBOX_FULL = "mailbox-full"
    """There was no room in the mailbox for weeks; it is tried again later."""


SOFT = frozenset({Reason.MANUAL, Reason.MAILBOX_FULL})
"""Reasons that may have an end."""

OF_THE_MAILBOX = frozenset({Reason.HARD_BOUNCE, Reason.MAILBOX_FULL})
"""Reasons that are about a mailbox and not about its owner: another address of theirs may be mailed."""


class Suppression(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One suppressed address or domain. Of an erased person neither is kept: `subject` is empty."""

    address: Address | None
    reason: Reason
    since: datetime
    evidence: str = ""
    domain: str = ""
    """The domain, where a whole one is suppressed; then there is no address."""
    newsletter: str = ""
    """The slug of the newsletter that it holds for; empty: for all."""
    until: datetime | None = None
    """When it ends by itself; None: never."""

    @property
    def subject(self) -> str:
        """What is suppressed, as people write it: an address, `@domain`, or nothing for an erased person."""
        return f"@{self.domain}" if self.domain else self.address or ""

    def has_ended(self, now: datetime) -> bool:
        """Whether its end has come."""
        return self.until is not None and self.until <= now

    def gives_way_to(self, other: Suppression) -> bool:
        """Whether another of the same address takes its place: the first stays, unless it ends sooner."""
        return self.until is not None and (other.until is None or other.until > self.until)


class RemovedSuppression(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """The trace of a suppression that was taken away: what it was, why it went, and when."""

    was: Suppression
    why: str
    when: datetime


def check_end(reason: Reason, until: datetime | None) -> None:
    """Raise SuppressionError where a reason that lasts is given an end."""
    if until is not None and reason not in SOFT:
        soft = " and ".join(sorted(SOFT))
        raise SuppressionError(f"A suppression for “{reason}” has no end; only {soft} may have one.")


def strongest(suppressions: list[Suppression]) -> Suppression | None:
    """Return the suppression with the strongest reason, or None where there is none."""
    return min(suppressions, key=lambda one: _STRENGTH[one.reason], default=None)


_STRENGTH = {reason: place for place, reason in enumerate(Reason)}
