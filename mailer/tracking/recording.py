"""Recording: hits are taken in without waiting, and written together.

Whoever follows a link is on their way before anything is written. Hits wait in memory while the last writing is under
way, so there is one writing at a time, of as many hits as came meanwhile: the busier, the cheaper each. A process that
is killed loses those of its last few milliseconds; while Redis is away they wait, up to a bound, and a process that
ends in order writes them first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailer import maillog
from mailer.tracking.hit import Seen
from mailer.tracking.store import TrackingStore
from subscribers.errors import StorageDownError

MOST_WAITING = 100_000
"""Hits kept while Redis is away; beyond them the oldest go, which the log says."""
_MOST_AT_ONCE = 1_000
_REDIS_AGAIN_SECONDS = 0.5


class Recorder:
    """Takes hits in, and writes them from a task of its own: `run`."""

    def __init__(self, store: TrackingStore) -> None:
        """Begin with nothing to write."""
        self._store = store
        self._waiting: deque[Seen] = deque()
        self._news = asyncio.Event()
        self._is_closed = False

    def note(self, seen: Seen) -> None:
        """Take a hit in; it is written soon."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            maillog.lost_hit(MOST_WAITING)
        self._waiting.append(seen)
        self._news.set()

    def close(self) -> None:
        """Let `run` write what is there, and end."""
        self._is_closed = True
        self._news.set()

    async def run(self) -> None:
        """Write hits until closed. Where Redis is away then, what is left is lost, and the log says how much."""
        while not self._is_closed or self._waiting:
            await self._news.wait()
            try:
                await self._write_all()
            except StorageDownError as error:
                maillog.hits_wait(str(error), len(self._waiting))
                if self._is_closed:
                    return
                await asyncio.sleep(_REDIS_AGAIN_SECONDS)

    async def _write_all(self) -> None:
        while self._waiting:
            some = [self._waiting[place] for place in range(min(_MOST_AT_ONCE, len(self._waiting)))]
            await self._store.record(some)
            # Only now: what was not written is still there. `note` may have dropped some of them meanwhile.
            for one in some:
                if self._waiting and self._waiting[0] is one:
                    self._waiting.popleft()
        if not self._is_closed:
            self._news.clear()


@asynccontextmanager
async def recording(store: TrackingStore) -> AsyncIterator[Recorder]:
    """Give a recorder that is at work; at the end everything is written."""
    recorder = Recorder(store)
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        recorder.close()
        await task
