"""Whether a relay can be used just now: a circuit breaker, as a record.

A relay to which no connection can be had is left alone for five seconds, then ten, then twenty, up to five minutes.
After that one worker tries it (the probe); the others wait for what it finds. One that does not believe who we are is
left alone for fifteen minutes at once, since asking again could lock the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
REST_AFTER_REFUSED_LOGIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Health:
    """How often in a row a relay could not be used, why, and when it may be tried again."""

    failures: int = 0
    rests_until: datetime | None = None
    reason: str = ""

    @property
    def is_well(self) -> bool:
        """Whether everybody may use it."""
        return not self.failures

    def may_be_probed(self, now: datetime) -> bool:
        """Whether one worker may try it again."""
        return self.rests_until is None or self.rests_until <= now

    def after_failure(self, reason: str, now: datetime, *, is_login: bool = False) -> Health:
        """Return how it is after it could not be used once more."""
        rest = min(FIRST_REST * 2 ** min(self.failures, 10), LONGEST_REST)
        return Health(self.failures + 1, now + (REST_AFTER_REFUSED_LOGIN if is_login else rest), reason)
