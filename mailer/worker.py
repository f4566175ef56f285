"""The processes that do the work: a Celery worker whose processes hand mail over, and the scheduler that wakes it."""

from __future__ import annotations

import asyncio
import logging
import signal
from threading import Thread
from typing import Any

import uvloop
from celery.signals import setup_logging, worker_process_shutdown, worker_ready, worker_shutting_down

from mailer import maillog, shiftwork
from mailer.delivery import presence
from mailer.delivery.press import Press
from mailer.delivery.ticking import tick
from mailer.settings import Settings, load_settings
from mailer.tasks import DELIVERY, app, send_hints, use_broker
from mailer.wiring import open_press
from subscribers.errors import StorageDownError

_TICK_SECONDS = 0.5
_REDIS_AGAIN_SECONDS = 1.0


_PRESENT_EVERY_SECONDS = 5.0


def run_worker(settings: Settings) -> int:
    """Run a Celery worker until SIGTERM or Ctrl-C; shifts end, and outcomes are written, before it exits.

    Waits while Redis is away, and goes on when it is back.
    """
    settings.secret()
    use_broker(settings)
    app.worker_main(
        [
            "worker",
            "--pool=prefork",
            f"--concurrency={settings.worker_processes}",
            f"--queues={DELIVERY}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=WARNING",
        ]
    )
    return 0


def run_scheduler(settings: Settings) -> int:
    """Tick twice a second until SIGTERM or Ctrl-C. Any number of schedulers may run."""
    _log_to_terminal()
    use_broker(settings)
    uvloop.run(_schedule(settings))
    return 0


@setup_logging.connect  # type: ignore[untyped-decorator]
def _log_to_terminal(**_: Any) -> None:
    # A receiver of this signal tells Celery to leave logging alone.
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for library in ("celery", "kombu"):
        logging.getLogger(library).setLevel(logging.WARNING)


async def _schedule(settings: Settings) -> None:
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    while not stopped.is_set():
        try:
            async with open_press(settings) as press:
                await _tick_until(press, stopped)
        except StorageDownError as error:
            maillog.waiting_for_redis(str(error))
            await _wait(stopped, _REDIS_AGAIN_SECONDS)


async def _tick_until(press: Press, stopped: asyncio.Event) -> None:
    while not stopped.is_set():
        await presence.report(press, "scheduler", shiftwork.process_name())
        if wanted := await tick(press, shiftwork.process_name()):
            await asyncio.to_thread(send_hints, wanted)
        await _wait(stopped, _TICK_SECONDS)


async def _be_present(settings: Settings) -> None:
    while True:
        try:
            async with open_press(settings) as press:
                while True:
                    await presence.report(press, "worker", shiftwork.process_name())
                    await asyncio.sleep(_PRESENT_EVERY_SECONDS)
        except StorageDownError:
            # Celery says so in the log; an absent worker is what the others should see meanwhile.
            await asyncio.sleep(_REDIS_AGAIN_SECONDS)


async def _wait(stopped: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _shutting_down(**_: Any) -> None:
    shiftwork.ask_to_stop()


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]
def _process_ends(**_: Any) -> None:
    shiftwork.close()


@worker_ready.connect  # type: ignore[untyped-decorator]
def _ready(**_: Any) -> None:
    # The demo waits for this line.
    logging.getLogger("pressrun").info("worker ready")
    # In the parent process, whose children may be in the middle of a shift; and not before it has forked them.
    Thread(target=asyncio.run, args=(_be_present(load_settings()),), daemon=True).start()
