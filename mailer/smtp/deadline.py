"""The deadline of a conversation: when the server must have answered what was said last.

It moves with every reply, thousands of times a second, and is hardly ever reached. So one timer serves all steps: it is
left where it is, and looks when it wakes whether the deadline has moved on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls `passed` when the time is up."""

    def __init__(self, passed: Callable[[], None]) -> None:
        """Begin without a deadline."""
        self._loop = asyncio.get_running_loop()
        self._passed = passed
        self._at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def move(self, seconds: float) -> None:
        """Let the time be up in so many seconds, and not before."""
        self._at = self._loop.time() + seconds
        if self._timer is None or self._at < self._timer.when():
            self.cancel()
            self._timer = self._loop.call_at(self._at, self._look)

    def cancel(self) -> None:
        """Have no deadline any more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._loop.time() < self._at:
            self._timer = self._loop.call_at(self._at, self._look)
        else:
            self._passed()
