"""Redis' time, asked now and then, and carried on in between by the event loop's clock.

Due times and tries are measured by one clock for all workers, without a round trip for each reply.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from mailer.delivery.store import LedgerStore

_MOMENT_SECONDS = 0.01


class SteadyClock:
    """Tells Redis' time as of the last time it was set, plus what has passed since."""

    def __init__(self, now: datetime) -> None:
        """Start from a time that was just read."""
        self._loop = asyncio.get_running_loop()
        self._at = self._told = now
        self._set_at = self._told_at = self.seconds()

    @classmethod
    async def ask(cls, ledger: LedgerStore) -> SteadyClock:
        """Return a clock that is set."""
        return cls(await ledger.now())

    async def set(self, ledger: LedgerStore) -> datetime:
        """Set the clock anew and return its time."""
        self._at = self._told = await ledger.now()
        self._set_at = self._told_at = self.seconds()
        return self._at

    def seconds(self) -> float:
        """Return the seconds of the event loop's own clock, which never jumps."""
        return self._loop.time()

    def now(self) -> datetime:
        """Return the present instant by this clock: the very same one for a hundredth of a second.

        Thousands of messages a second ask, and what one of them made of it serves the next.
        """
        seconds = self._loop.time()
        if seconds - self._told_at >= _MOMENT_SECONDS:
            self._told = self._at + timedelta(seconds=seconds - self._set_at)
            self._told_at = seconds
        return self._told
