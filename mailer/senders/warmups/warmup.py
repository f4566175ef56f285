"""A warm-up: how many messages may be handed over for a sender's domain on each day, from its first on. Pure.

Mailbox providers distrust a domain that begins with a hundred thousand messages. Google asks to begin low, with people
who want the mail, to raise slowly, and never to double suddenly. A day of a warm-up lasts 24 hours from the moment when
it began, so that what was left over goes out at the hour at which the operator is awake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.errors import ConfigError

DAY = timedelta(days=1)
FIRST, GROWTH, LAST = 200, 1.4, 200_000
"""22 days; about the ladder that Ghost goes up in 42."""
MOST_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmup:
    """The plan of one domain: a ceiling for each day, and none after the last."""

    domain: str
    began: datetime
    ceilings: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.ceilings:
            raise ConfigError("A warm-up needs at least one day.")
        if len(self.ceilings) > MOST_DAYS:
            raise ConfigError(f"A warm-up of {len(self.ceilings)} days is too long; {MOST_DAYS} are the most.")
        if min(self.ceilings) < 1:
            raise ConfigError("Each day of a warm-up needs a ceiling of 1 message or more.")

    def day(self, now: datetime) -> int:
        """Return which day it is; the first is 0."""
        return max(0, (now - self.began) // DAY)

    def begins(self, day: int) -> datetime:
        """Return when a day begins."""
        return self.began + day * DAY

    def ends(self, now: datetime) -> datetime:
        """Return when the present day ends."""
        return self.begins(self.day(now) + 1)

    def ceiling(self, now: datetime) -> int:
        """Return how many messages the present day allows. Raises IndexError when the warm-up is over."""
        return self.ceilings[self.day(now)]

    def is_over(self, now: datetime) -> bool:
        """Whether its last day has passed: then it allows everything."""
        return self.day(now) >= len(self.ceilings)


def ladder(first: int = FIRST, growth: float = GROWTH, last: int = LAST) -> tuple[int, ...]:
    """Return ceilings that grow by a factor from day to day, up to the last. Raises ConfigError."""
    if not 1 <= first <= last:
        raise ConfigError("A warm-up begins with 1 message or more, and not with more than its last day allows.")
    if not 1.05 <= growth <= 3:
        raise ConfigError("A warm-up grows by a factor between 1.05 and 3 a day; 1.3 to 1.5 is wise.")
    ceilings = [first]
    while ceilings[-1] < last:
        ceilings.append(min(last, max(ceilings[-1] + 1, round(ceilings[-1] * growth))))
    return tuple(ceilings)
