"""Where the connections of one call get their hand-overs from: one source, shared, pulled one at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator

from mailer.smtp.envelope import HandOver


class Supply:
    """A source that any number of connections can pull from. An AsyncIterator may pause; an Iterator may not."""

    def __init__(self, source: Iterator[HandOver] | AsyncIterator[HandOver]) -> None:
        self.is_exhausted = False
        self._source = source if isinstance(source, AsyncIterator) else _patient(source)
        # A generator cannot be asked twice at once. A lock would let each wait for its turn even while there is
        # plenty at hand; here, whoever comes when nobody is asking takes at once, and nothing is said to wait.
        self._is_asked = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> HandOver | None:
        """Return the next hand-over; none when there are no more, or the source failed (which raises, once)."""
        while self._is_asked:
            await self._turn()
        if self.is_exhausted:
            self._pass_on()
            return None
        self._is_asked = True
        try:
            return await anext(self._source)
        except StopAsyncIteration:
            self.is_exhausted = True
            return None
        except BaseException:
            self.is_exhausted = True
            raise
        finally:
            self._is_asked = False
            self._pass_on()

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # Somebody else shall have the turn that was ours.
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Wake the one who has waited longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


async def _patient(source: Iterator[HandOver]) -> AsyncIterator[HandOver]:
    for hand_over in source:
        yield hand_over
