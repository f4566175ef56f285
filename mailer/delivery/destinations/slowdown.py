"""How a destination that wants less mail recovers: step by step, as a function of the time that has passed. Pure.

Google asks for ten minutes of silence after 421 4.7.28, then for one connection, and for more one at a time. So:
nothing until the rest is over, then one message at once, and one more each minute in which nothing bad is heard. Heard
again meanwhile, the rest is twice as long, up to two hours. What is allowed follows from the clock, so recovering
writes nothing, and all workers agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_REST = timedelta(minutes=10)
LONGEST_REST = timedelta(hours=2)
STEP = timedelta(minutes=1)
RECOVERED_AT = 20
"""So many messages at once are no limit any more."""


@dataclass(frozen=True, slots=True)
class Slowdown:
    """Since when a destination is slowed, and why."""

    rests_until: datetime
    times: int = 1
    """How often it had to be slowed before it had recovered."""
    reason: str = ""
    """What it said last."""
    since: datetime | None = None
    """When it first asked for less, of late; None where that was not noted."""

    @classmethod
    def after(cls, before: Slowdown | None, reason: str, now: datetime) -> Slowdown:
        """Return how it is after it asked for less; while it rests, what is heard is only an echo."""
        if before and now < before.rests_until:
            return before
        again = before if before and not before.is_over(now) else None
        times = again.times + 1 if again else 1
        since = again.since if again else now
        return cls(now + min(FIRST_REST * 2 ** min(times - 1, 10), LONGEST_REST), times, reason, since)

    @property
    def recovered(self) -> datetime:
        """When it has recovered, if nothing bad is heard meanwhile."""
        return self.rests_until + (RECOVERED_AT - 1) * STEP

    def at_once(self, now: datetime) -> int:
        """Return how many messages all workers together may be handing over now."""
        return 0 if now < self.rests_until else 1 + (now - self.rests_until) // STEP

    def is_over(self, now: datetime) -> bool:
        """Whether it has recovered."""
        return self.at_once(now) >= RECOVERED_AT
