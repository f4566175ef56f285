"""When deferred people are tried again, and when they are given up.

Receivers that greylist ask for one to fifteen minutes (RFC 6647 §4.2); receivers that limit a rate want us gone for
ten minutes or more. Postfix doubles from 5 to 67 minutes and gives up after 5 days; a newsletter is stale long
before, so the default gives up after two days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.settings import Settings


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delays between tries, the last of which repeats, and the age at which to give up."""

    delays: Sequence[timedelta]
    give_up_after: timedelta

    @classmethod
    def from_settings(cls, settings: Settings) -> RetryPolicy:
        """Return the operator's policy."""
        return cls(
            [timedelta(seconds=delay) for delay in settings.retry_delays_seconds],
            timedelta(seconds=settings.give_up_after_seconds),
        )

    def next_try(self, tries: int, now: datetime) -> datetime:
        """Return when somebody who was tried `tries` times, the last time now, is due again."""
        return now + self.delays[min(tries, len(self.delays)) - 1]

    def is_given_up(self, first_try: datetime, now: datetime) -> bool:
        """Whether somebody first tried then has been tried for long enough."""
        return now - first_try >= self.give_up_after
