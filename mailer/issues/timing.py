"""When the people of a mailing get it: all at one moment, each at the same time of their own day, or spread over hours.

Part of a mailing's record, so it never changes once the mailing is made. The moment when a mailing begins is its
`starts`; this says what follows from it.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from mailer.errors import ConflictError

LONGEST_SPREAD = timedelta(days=7)
LONGEST_HOLD = timedelta(days=7)


class Canary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A few people who get the mailing first; the rest waits until their part is judged."""

    people: int
    hold_seconds: float = 3600.0
    """How long what comes back is waited for, after the last of the few was handed over."""
    by_hand: bool = False
    """A person lets the rest go; else the quality numbers do, after the wait."""


class Timing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """When the people of one mailing are due, and who must agree."""

    wall: str = ""
    """A time on the wall, such as 2026-11-25T09:00, in each reader's own zone; empty: the same moment for all."""
    zone: str = ""
    """For `wall`: the zone of readers of whom none is known, such as Europe/Berlin."""
    zone_field: str = ""
    """For `wall`: the field that holds the readers' zones."""
    spread_seconds: float = 0.0
    """Batches come due evenly over this time; 0: all at once."""
    canary: Canary | None = None
    warms_up: bool = False
    """Its people are parted over the days of the warm-up of the sender's domain."""
    series: str = ""
    """The recurring mailing that this is an occurrence of; empty: none."""
    asked_by: str = ""
    """The account that asked for it; empty: not known."""
    needs_approval: bool = False
    """A second person must approve the edition first."""

    @property
    def has_turns(self) -> bool:
        """Whether people of one batch may be due at different times."""
        return bool(self.wall or self.canary or self.warms_up)

    def check(self) -> None:
        """Raise ConflictError for what cannot be had together, or is out of range."""
        if self.wall and (self.spread_seconds or self.canary):
            raise ConflictError(
                "A mailing at each reader's own time cannot also be spread over hours or begin with a canary: "
                "their time zones decide when each is due. Choose one of them."
            )
        if not 0 <= self.spread_seconds <= LONGEST_SPREAD.total_seconds():
            raise ConflictError("A mailing can be spread over 7 days at the most.")
        if self.canary and self.canary.people < 1:
            raise ConflictError("A canary needs at least one person.")
        if self.canary and not 0 <= self.canary.hold_seconds <= LONGEST_HOLD.total_seconds():
            raise ConflictError("The rest can wait for a canary for 7 days at the most.")


ALL_AT_ONCE = Timing()
"""Everybody is due when the mailing begins."""


class Approval(msgspec.Struct, frozen=True):
    """A second person's yes to the exact bytes of an edition, or of the editions of all arms."""

    edition: str
    """The mailing's `approvable`."""
    by: str
    at: str
    """ISO 8601, UTC."""
