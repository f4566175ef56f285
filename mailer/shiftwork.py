"""What a worker process keeps from one shift to the next: an event loop, warm relay connections, a client to Redis.

A Celery task is a plain function; it runs its shift on this loop, by the table `SHIFTS`. All of it is made at the
first shift, after Celery has forked, since processes must not share connections.
"""

from __future__ import annotations

import asyncio
import gc
import mmap
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta

import uvloop

from mailer import clock, maillog
from mailer.delivery.feedback.hearing import work_tray
from mailer.delivery.lane import Lane
from mailer.delivery.outbox.working import work_outbox
from mailer.delivery.press import Press
from mailer.delivery.relays.relays import Relays
from mailer.delivery.sending import work_shift
from mailer.settings import Settings, load_settings
from mailer.wiring import open_press
from subscribers.errors import StorageDownError
from subscribers.imports.working import work_imports

_HEARING_LASTS = timedelta(seconds=1)
"""Short, since mail to one person shares the process, and must not wait behind a flood of reports."""
_OBJECTS_A_COLLECTION = 20_000
_stopping = mmap.mmap(-1, 1)
"""One byte shared with the processes that Celery forks: non-zero once the worker was asked to stop."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The loop of this process and what is open on it."""

    loop: asyncio.AbstractEventLoop
    opened: AsyncExitStack
    press: Press
    pool: Relays


_bench: list[Bench] = []


def process_name() -> str:
    """Return what this process is called among all of an installation's."""
    return f"{socket.gethostname()}:{os.getpid()}"


def ask_to_stop() -> None:
    """Let the shifts of this process and of those that it forks end within seconds."""
    _stopping[0] = 1


def is_stopping() -> bool:
    """Whether the worker was asked to stop."""
    return bool(_stopping[0])


def work_one(lane: Lane) -> None:
    """Work one shift of this lane."""
    bench = _bench[0] if _bench else _set_up(load_settings())
    bench.loop.run_until_complete(SHIFTS[lane](bench))


def close() -> None:
    """Say goodbye to the relay and to Redis."""
    while _bench:
        bench = _bench.pop()
        bench.loop.run_until_complete(bench.opened.aclose())
        bench.loop.close()


def _set_up(settings: Settings) -> Bench:
    loop = uvloop.new_event_loop()
    opened = AsyncExitStack()
    press = loop.run_until_complete(opened.enter_async_context(open_press(settings)))
    pool = Relays(press, process_name())
    opened.push_async_callback(pool.close)
    _bench.append(Bench(loop, opened, press, pool))
    # What is here now stays. A message leaves no cycles, so that looking for some after every 700 objects is in vain.
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_COLLECTION)
    return _bench[0]


async def _deliver(bench: Bench) -> None:
    lasts = timedelta(seconds=bench.press.settings.shift_seconds)
    await work_shift(bench.press, bench.pool, lasts=lasts, is_stopping=is_stopping)


async def _import(bench: Bench) -> None:
    try:
        await work_imports(bench.press.people, clock.now, is_stopping)
    except StorageDownError as error:
        # The next tick that finds Redis wakes us again.
        maillog.waiting_for_redis(str(error))


async def _work_outbox(bench: Bench) -> None:
    lasts = timedelta(seconds=bench.press.settings.shift_seconds)
    try:
        await work_outbox(bench.press, bench.pool, lasts=lasts, is_stopping=is_stopping)
    except StorageDownError as error:
        # What was in hand comes due when its lease ends.
        maillog.waiting_for_redis(str(error))


async def _hear(bench: Bench) -> None:
    try:
        await work_tray(bench.press, lasts=_HEARING_LASTS, is_stopping=is_stopping)
    except StorageDownError as error:
        maillog.waiting_for_redis(str(error))


SHIFTS: Mapping[Lane, Callable[[Bench], Awaitable[None]]] = {
    Lane.DELIVERY: _deliver,
    Lane.TRANSACTIONAL: _work_outbox,
    Lane.FEEDBACK: _hear,
    Lane.BULK: _import,
}
"""What a shift of each lane does. It ends within seconds of `is_stopping`, and may be run twice at once."""
