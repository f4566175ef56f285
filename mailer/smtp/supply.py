"""Where the connections of one call get their hand-overs from: one source, shared, pulled one at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from mailer.smtp.envelope import HandOver


class Source(Protocol):
    """What a connection can help itself from, the moment that it has room."""

    def at_hand(self) -> HandOver | None:
        """Return the next hand-over, if there is one just now. Must be quick and must not raise."""
        ...

    async def more(self) -> bool:
        """Return true as soon as something may be at hand, false when nothing will be any more. One asks at a time."""
        ...


AnySource = Source | Iterator[HandOver] | AsyncIterator[HandOver]
"""An AsyncIterator may pause; an Iterator may not."""


class Supply:
    """A source that any number of connections can pull from."""

    def __init__(self, source: AnySource) -> None:
        self.is_exhausted = False
        self._source = _Iterated(source) if isinstance(source, Iterator | AsyncIterator) else source
        # A generator cannot be asked twice at once. A lock would let each wait for its turn even while there is
        # plenty at hand; here, whoever comes when nobody is asking takes at once, and nothing is said to wait.
        self._is_asked = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def at_hand(self) -> HandOver | None:
        """Return the next hand-over, if there is one just now."""
        return None if self.is_exhausted else self._source.at_hand()

    async def take(self) -> HandOver | None:
        """Return the next hand-over; none when there are no more, or the source failed (which raises, once)."""
        while self._is_asked:
            await self._turn()
        try:
            while (one := self.at_hand()) is None and not self.is_exhausted:
                await self._ask()
            return one
        finally:
            self._pass_on()

    async def _ask(self) -> None:
        self._is_asked = True
        try:
            self.is_exhausted |= not await self._source.more()
        except BaseException:
            self.is_exhausted = True
            raise
        finally:
            self._is_asked = False

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


class _Iterated:
    """An iterator as a source: it is asked for one at a time, and only by whoever waits for it."""

    def __init__(self, source: Iterator[HandOver] | AsyncIterator[HandOver]) -> None:
        self._source = source
        self._next: HandOver | None = None

    def at_hand(self) -> HandOver | None:
        one, self._next = self._next, None
        return one

    async def more(self) -> bool:
        if isinstance(self._source, AsyncIterator):
            self._next = await anext(self._source, None)
        else:
            self._next = next(self._source, None)
        return self._next is not None
