"""Where the connections of one call get their hand-overs from: one source, shared, pulled one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

from mailer.smtp.envelope import HandOver


class Supply:
    """A source that any number of connections can pull from. An AsyncIterator may pause; an Iterator may not."""

    def __init__(self, source: Iterator[HandOver] | AsyncIterator[HandOver]) -> None:
        self.is_exhausted = False
        self._source = source if isinstance(source, AsyncIterator) else _patient(source)
        # A generator cannot be asked twice at once.
        self._turn = asyncio.Lock()

    async def take(self) -> HandOver | None:
        """Return the next hand-over; none when there are no more, or the source failed (which raises, once)."""
        async with self._turn:
            if self.is_exhausted:
                return None
            try:
                return await anext(self._source)
            except StopAsyncIteration:
                self.is_exhausted = True
                return None
            except BaseException:
                self.is_exhausted = True
                raise


async def _patient(source: Iterator[HandOver]) -> AsyncIterator[HandOver]:
    for hand_over in source:
        yield hand_over
