"""An experiment: several editions of one mailing are tried on a share of its audience, and the best goes to the rest.

Who is tried on with which arm follows from the numbers of the mailing and of the person alone. So it can be asked again
at any time and on any machine, and no retry or crash gives anybody another edition.
"""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b

import msgspec

from mailer.errors import ConflictError

MOST_ARMS = 5
LONGEST_WAIT_SECONDS = 7 * 86_400.0
_SCALE = 1 << 64


class Measure(StrEnum):
    """What the winner is chosen by."""

    CLICKS = "clicks"
    """The largest share of people who followed a link."""
    OPENS = "opens"
    """The largest share of people who opened it."""
    HAND = "hand"
    """A person chooses."""


class Arm(msgspec.Struct, frozen=True):
    """One of the editions that are tried."""

    edition: str
    subject: str
    issue: str


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried, on how many, and how and when the winner is chosen."""

    arms: tuple[Arm, ...]
    share: float
    """Of the audience, for all arms together: over 0, up to 1."""
    measure: Measure = Measure.CLICKS
    after_seconds: float = 4 * 3600.0
    """From the beginning of the mailing to the choice."""

    def check(self) -> None:
        """Raise ConflictError for what cannot be tried."""
        if not 2 <= len(self.arms) <= MOST_ARMS:
            raise ConflictError(f"An experiment has 2 to {MOST_ARMS} arms, not {len(self.arms)}.")
        if len({arm.edition for arm in self.arms}) < len(self.arms):
            raise ConflictError("Two arms of the experiment are the same mail. Change the subject or the content.")
        if not 0 < self.share <= 1:
            raise ConflictError("The share of the audience to try on is over 0 and at most 100 percent.")
        if not 0 <= self.after_seconds <= LONGEST_WAIT_SECONDS:
            raise ConflictError("The winner can be chosen up to 7 days after the beginning.")

    def arm_of(self, mailing: int, subscriber: int) -> int | None:
        """Return the arm that is tried on this person; None for the rest, who get the winner."""
        digest = blake2b(b"%d:%d" % (mailing, subscriber), digest_size=8, person=b"experiment").digest()
        place = int.from_bytes(digest, "big") / _SCALE
        if place >= self.share:
            return None
        return min(int(place / self.share * len(self.arms)), len(self.arms) - 1)
