"""Throttling: who goes now, and who is held because their destination wants less mail.

Whoever is held stays pending, was not tried, and holds nobody up. While no destination is slowed or limited, nothing is
asked and nothing is counted.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from mailer import maillog
from mailer.delivery.destinations.destination import Destinations, wants_less
from mailer.delivery.destinations.slowdown import Slowdown
from mailer.delivery.destinations.slowstore import SlowStore
from mailer.senders.relays.limit import Limit, group_size
from mailer.settings import Settings
from mailer.smtp.outcome import Outcome

AGAIN = timedelta(seconds=1)
"""When to try again where others are on their way there."""
LEAVE_LASTS = timedelta(milliseconds=100)
"""Leave for a second's messages is of no use later: it would be too many then."""


class Throttle:
    """What one shift knows of destinations."""

    def __init__(self, store: SlowStore, settings: Settings) -> None:
        """Begin with nothing slowed; `look` finds out."""
        self._store = store
        self._destinations = Destinations(settings.destination_groups)
        self._at_once = settings.destination_at_once
        self._per_second = {name: Limit(amount, 1) for name, amount in settings.destination_per_second.items()}
        self._leave: dict[str, tuple[int, datetime]] = {}
        """How much is left of what was taken, and when that was."""
        self._full: dict[str, datetime] = {}
        """Until when nothing more may go to a destination, as far as this shift knows."""
        self._slowed: dict[str, Slowdown] = {}
        self._on_the_way: Counter[str] = Counter()
        self._holders: dict[str, str] = {}
        self._unwritten: dict[str, Slowdown] = {}
        self._to_free: list[tuple[str, str]] = []

    @property
    def is_needed(self) -> bool:
        """Whether anybody has to be asked about."""
        return bool(self._slowed or self._at_once or self._per_second)

    async def look(self, now: datetime) -> None:
        """See what other workers have heard, and tell them what was heard here."""
        unwritten, self._unwritten = self._unwritten, {}
        to_free, self._to_free = self._to_free, []
        try:
            for name, slowdown in unwritten.items():
                await self._store.slow(name, slowdown)
            await self._store.free_slots(to_free)
            self._slowed = await self._store.slowed(now)
        except BaseException:
            self._unwritten, self._to_free = unwritten | self._unwritten, to_free + self._to_free
            raise
        self._slowed |= self._unwritten

    def rests_until(self, domain: str, now: datetime) -> datetime | None:
        """Return until when nothing goes to a domain, where that is known without asking anybody."""
        name = self._destinations.of(domain)
        slowdown = self._slowed.get(name)
        until = slowdown.rests_until if slowdown and now < slowdown.rests_until else self._full.get(name)
        return until if until and now < until else None

    async def held_until(self, domain: str, holder: str, now: datetime) -> datetime | None:
        """Let a person go, or return until when they are held. `holder` names the person within the press."""
        name = self._destinations.of(domain)
        limit = self._at_once.get(name, 0)
        if limit and self._on_the_way[name] >= limit:
            return now + AGAIN
        if until := self.rests_until(domain, now) or await self._full_until(name, now):
            return until
        if slowdown := self._slowed.get(name):
            if not await self._store.take_slot(name, slowdown.at_once(now), holder, now):
                return now + AGAIN
            self._holders[holder] = name
        if limit:
            self._on_the_way[name] += 1
        return None

    def hear(self, domain: str, holder: str, outcome: Outcome, now: datetime) -> None:
        """Hear how a hand-over ended."""
        if name := self._holders.pop(holder, ""):
            self._to_free.append((name, holder))
        name = self._destinations.of(domain)
        if self._on_the_way[name] > 0:
            self._on_the_way[name] -= 1
        if wants_less(outcome):
            before = self._slowed.get(name)
            slowdown = Slowdown.after(before, outcome.sentence, now)
            if slowdown is not before:
                maillog.slowed(name, slowdown.rests_until, outcome.sentence)
                self._slowed[name] = self._unwritten[name] = slowdown

    async def _full_until(self, name: str, now: datetime) -> datetime | None:
        """Take leave for one message to a destination that takes so many a second, or return when there may be some."""
        limit = self._per_second.get(name)
        if limit is None:
            return None
        left, taken = self._leave.get(name, (0, now))
        if not left or now - taken > LEAVE_LASTS:
            left, wait = await self._store.take_leave(name, limit, group_size((limit,)), now)
            if not left:
                self._full[name] = now + wait
                return now + wait
            taken = now
        self._leave[name] = (left - 1, taken)
        return None
