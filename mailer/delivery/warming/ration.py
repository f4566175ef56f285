"""Rations: what one shift may still hand over today for domains that are warming up.

Leave is taken in small groups, so that a message seldom costs a round trip; what is left over is given back at the end
of the shift. Whoever gets no leave stays pending, was not tried, and is due again when the next day begins. While no
domain is warming up, nothing is asked and nothing is counted.
"""

from __future__ import annotations

from datetime import datetime

from mailer.senders.warmups.warmup import Warmup
from mailer.senders.warmups.warmupstore import Leave, WarmupStore

_MOST_AT_ONCE = 10
_SHARE_AT_ONCE = 50
"""Of a day's ceiling a fiftieth is taken at once, at the most: of small ones several workers get their share."""


class Ration:
    """What one shift knows of warm-ups."""

    def __init__(self, store: WarmupStore) -> None:
        """Begin with nothing warming up; `look` finds out."""
        self._store = store
        self._warmups: dict[str, Warmup] = {}
        self._leaves: dict[str, Leave] = {}
        self._left: dict[str, int] = {}
        self._full: dict[str, datetime] = {}
        self.is_needed = False
        """Whether anybody has to be asked about."""

    async def look(self, now: datetime) -> None:
        """See which domains are warming up; a plan that was set anew has room again."""
        before = self._warmups
        self._warmups = {one.domain: one for one in await self._store.all() if not one.is_over(now)}
        self._full = {name: until for name, until in self._full.items() if self._warmups.get(name) == before.get(name)}
        self.is_needed = bool(self._warmups)

    async def held_until(self, domain: str, now: datetime) -> datetime | None:
        """Take leave for one message from this domain, or return until when it is held."""
        warmup = self._warmups.get(domain)
        if warmup is None or warmup.is_over(now):
            return None
        if until := self.full_until(domain, now):
            return until
        leave = self._leaves.get(domain)
        # Leave of yesterday, or of a plan that was replaced, is no leave.
        if not leave or not self._left[domain] or leave.day != warmup.day(now) or leave.warmup != warmup:
            await self._give_back(domain)
            wanted = max(1, min(_MOST_AT_ONCE, warmup.ceiling(now) // _SHARE_AT_ONCE))
            leave = await self._store.take(warmup, wanted, now)
            if not leave.granted:
                self._full[domain] = warmup.ends(now)
                return self._full[domain]
            self._leaves[domain], self._left[domain] = leave, leave.granted
        self._left[domain] -= 1
        return None

    def full_until(self, domain: str, now: datetime) -> datetime | None:
        """Return until when nothing more may go out for this domain; None if something may, as far as is known."""
        until = self._full.get(domain) if domain in self._warmups else None
        return until if until and now < until else None

    def spare(self, domain: str) -> None:
        """Take back the leave for a message that does not go now."""
        if domain in self._leaves:
            self._left[domain] += 1

    async def close(self) -> None:
        """Give back what is left."""
        for domain in list(self._leaves):
            await self._give_back(domain)

    async def _give_back(self, domain: str) -> None:
        leave, left = self._leaves.get(domain), self._left.get(domain, 0)
        if leave and left:
            await self._store.give_back(leave, left)
        self._leaves.pop(domain, None)
        self._left.pop(domain, None)
