"""People who are claimed and not yet picked up: the feeder lays them out here, in order, and the pool picks them up.

Laying out waits for nobody; the feeder asks for a pause itself, before it claims more.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from mailer.delivery.claimed import Claimed


class Layout:
    """A row of claimed people, with an end."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self.is_closed = False
        self.picked_up = 0
        """How many were picked up so far."""
        self._row: deque[Claimed] = deque()
        self._waiting: list[asyncio.Future[None]] = []

    def put(self, people: Iterable[Claimed]) -> None:
        """Lay these people out; nobody, once it is closed."""
        if not self.is_closed:
            self._row.extend(people)
            self._wake()

    async def until_fewer_than(self, many: int) -> None:
        """Return when fewer than so many lie here, or none will any more."""
        while len(self._row) >= many and not self.is_closed:
            await self._change()

    async def until_somebody(self) -> bool:
        """Return true when somebody lies here, false when nobody will any more."""
        while not self._row:
            if self.is_closed:
                return False
            await self._change()
        return True

    def next_at_hand(self) -> Claimed | None:
        """Pick up the next person, if one lies here."""
        if not self._row:
            return None
        self.picked_up += 1
        if self._waiting:
            self._wake()
        return self._row.popleft()

    def at_hand(self, most: int) -> list[Claimed]:
        """Pick up so many, or as many as lie here."""
        some = [self._row.popleft() for _ in range(min(most, len(self._row)))]
        self.picked_up += len(some)
        if self._waiting:
            self._wake()
        return some

    def finish(self) -> None:
        """Let nobody more be laid out; whoever lies here is still picked up."""
        self.is_closed = True
        self._wake()

    def clear(self) -> None:
        """Take everybody away, and let nobody more be laid out."""
        self._row.clear()
        self.finish()

    async def _change(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        await waiter

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
