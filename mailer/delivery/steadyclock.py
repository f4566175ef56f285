"""Redis' time, asked now and then, and carried on in between by the event loop's clock.

Due times and tries are measured by one clock for all workers, without a round trip for each reply.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from mailer.delivery.store import LedgerStore


class SteadyClock:
    """Tells Redis' time as of the last time it was set, plus what has passed since."""

    def __init__(self, now: datetime) -> None:
        """Start from a time that was just read."""
        self._set(now)

    @classmethod
    async def ask(cls, ledger: LedgerStore) -> SteadyClock:
        """Return a clock that is set."""
        return cls(await ledger.now())

    async def set(self, ledger: LedgerStore) -> datetime:
        """Set the clock anew and return its time."""
        self._set(await ledger.now())
        return self._at

    def now(self) -> datetime:
        """Return the present instant by this clock."""
        return self._at + timedelta(seconds=asyncio.get_running_loop().time() - self._set_at)

    def _set(self, now: datetime) -> None:
        self._at = now
        self._set_at = asyncio.get_running_loop().time()
