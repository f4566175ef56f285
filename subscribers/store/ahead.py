"""Doing the next while this is being worked on: one step ahead, never more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TypeVar

_T = TypeVar("_T")


async def ahead(steps: Iterable[Callable[[], Awaitable[_T]]]) -> AsyncIterator[_T]:
    """Yield what each step returns, in order; the next one is under way while the caller works on one."""
    rest = iter(steps)
    under_way = _begun(next(rest, None))
    try:
        while under_way is not None:
            done = await under_way
            under_way = _begun(next(rest, None))
            # Without a look at the loop the next one would not even be asked for.
            await asyncio.sleep(0)
            yield done
    finally:
        if under_way is not None:
            under_way.cancel()
            with suppress(asyncio.CancelledError):
                await under_way


def _begun(step: Callable[[], Awaitable[_T]] | None) -> asyncio.Future[_T] | None:
    return asyncio.ensure_future(step()) if step is not None else None
