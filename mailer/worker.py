"""The processes that do the work: Celery workers whose processes hand mail over, and the scheduler that wakes them.

A worker that is not told which queues to serve serves all, as several crews (see `lane.CREWS`): it is the first of them
itself, and keeps a worker for each other as a child of its own, which ends with it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
import subprocess
import sys
from collections.abc import Sequence
from threading import Thread
from time import sleep
from typing import Any

import uvloop
from celery.signals import setup_logging, worker_process_shutdown, worker_ready, worker_shutting_down

from mailer import maillog, shiftwork
from mailer.brokerlog import BrokerLog
from mailer.delivery import presence
from mailer.delivery.lane import CREWS, Lane
from mailer.delivery.looking import look
from mailer.delivery.press import Press
from mailer.settings import Settings
from mailer.tasks import app, send_hints, use_broker
from mailer.tether import tethered
from mailer.wiring import open_press
from subscribers.errors import StorageDownError

_TICK_SECONDS = 0.5
_REDIS_AGAIN_SECONDS = 1.0
_PRESENT_EVERY_SECONDS = 5.0
_OTHERS_ARE_THERE = 4
"""Reports after which whoever was started together with this process has reported, too."""
_CHILD_LOOK_SECONDS = 0.2
_CHILD_AGAIN_SECONDS = 1.0


def run_worker(settings: Settings, lanes: Sequence[Lane] = ()) -> int:
    """Run a worker for these lanes, or for all, until SIGTERM or Ctrl-C; shifts end before it exits.

    Waits while Redis is away, and goes on when it is back.
    """
    settings.secret()
    if lanes:
        return _run_crew(settings, lanes)
    first, *others = CREWS
    keepers = [Thread(target=_keep_crew, args=(crew,)) for crew in others]

    def start_keepers(**_: object) -> None:
        for keeper in keepers:
            keeper.start()

    # Not before Celery has forked: a process is best forked while it has no threads.
    worker_ready.connect(start_keepers)
    try:
        return _run_crew(settings, first)
    finally:
        shiftwork.ask_to_stop()
        for keeper in keepers:
            if keeper.ident:
                keeper.join()


def _run_crew(settings: Settings, lanes: Sequence[Lane]) -> int:
    processes = settings.worker_processes if set(lanes) & set(CREWS[0]) else 1

    def get_ready(**_: object) -> None:
        # The demo waits for this line.
        logging.getLogger("pressrun").info("worker ready")
        # In the parent process, whose children may be in the middle of a shift; and not before it has forked them.
        Thread(target=asyncio.run, args=(_be_present(settings, lanes),), daemon=True).start()

    worker_ready.connect(get_ready)
    use_broker(settings)
    app.worker_main(
        [
            "worker",
            "--pool=prefork",
            f"--concurrency={processes}",
            f"--queues={','.join(lanes)}",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=WARNING",
        ]
    )
    return 0


def _keep_crew(crew: Sequence[Lane]) -> None:
    """Keep a worker for this crew going as a child, until the worker stops.

    Runs in a thread of its own that lasts as long as the process: the kernel ties the child to the thread.
    """
    command = tethered((sys.executable, "-m", "mailer", "worker", "--queues", ",".join(crew)))
    while not shiftwork.is_stopping():
        child = subprocess.Popen(command)
        while child.poll() is None and not shiftwork.is_stopping():
            sleep(_CHILD_LOOK_SECONDS)
        if shiftwork.is_stopping():
            child.terminate()
            child.wait()
        else:
            sleep(_CHILD_AGAIN_SECONDS)


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
    for handler in logging.getLogger().handlers:
        handler.addFilter(BrokerLog())


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
        wanted = await look(press, shiftwork.process_name())
        if any(wanted.values()):
            await asyncio.to_thread(send_hints, wanted)
        await _wait(stopped, _TICK_SECONDS)


async def _be_present(settings: Settings, lanes: Sequence[Lane]) -> None:
    while True:
        try:
            async with open_press(settings) as press:
                await _report(press, lanes)
        except StorageDownError:
            # Celery says so in the log; an absent worker is what the others should see meanwhile.
            await asyncio.sleep(_REDIS_AGAIN_SECONDS)


async def _report(press: Press, lanes: Sequence[Lane]) -> None:
    """Say every few seconds what is served; and once, when the others had time to say so, what nobody serves."""
    for number in itertools.count(1):
        for kind in ("worker", *lanes):
            await presence.report(press, kind, shiftwork.process_name())
        if number == _OTHERS_ARE_THERE:
            for lane in await presence.unserved(press):
                maillog.unserved(presence.what_is_missing(lane))
        await asyncio.sleep(_PRESENT_EVERY_SECONDS)


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
