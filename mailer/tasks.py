"""The hints that travel through Celery, and the few lines that each of them runs.

A message on the broker says only "there may be something to do". What there is, Redis knows: a lost hint is sent
again by the next tick, a doubled one finds the batches leased and goes home. So none of Celery's own promises about
delivery are relied on (it makes fewer than it seems to, see docs/decisions/0003).

The settings below are those that survived kills of worker and broker in measurement: late acknowledgement, one
message ahead at most, no result backend, and remote control left on, because its connection is what wakes a worker
whose broker went away.
"""

from __future__ import annotations

from collections.abc import Mapping

from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError

from mailer import shiftwork
from mailer.delivery.lane import Lane
from mailer.settings import Settings

_HINTS_WAITING = 2
"""Hints that wait on a queue while shifts run, so that the wire does not idle between two of them."""


app = Celery("pressrun")
app.conf.update(
    task_default_queue=Lane.DELIVERY.value,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
    worker_disable_rate_limits=True,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_channel_error_retry=True,
    broker_transport_options={
        "visibility_timeout": 900,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 30,
        "socket_connect_timeout": 3,
        "socket_timeout": 10,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # Seconds between looks for a broker that went away; the default grows to 30.
        "interval_start": 0.5,
        "interval_step": 0.5,
        "interval_max": 2,
    },
)


@app.task(name="pressrun.shift")  # type: ignore[untyped-decorator]
def work(lane: str) -> None:
    """Work one shift of a lane."""
    shiftwork.work_one(Lane(lane))


def use_broker(settings: Settings) -> None:
    """Point the hints at the broker of these settings."""
    app.conf.broker_url = settings.broker.url
    app.conf.broker_transport_options |= settings.broker.options


def send_hints(wanted: Mapping[Lane, int]) -> int:
    """Put as many hints on each lane's queue as are wanted and not waiting already; return how many were put.

    Returns 0 where the broker cannot be reached: the next tick will try again.
    """
    if not any(wanted.values()):
        return 0
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
            return sum(_send(connection, lane, count) for lane, count in wanted.items() if count)
    except (OperationalError, ConnectionError):
        return 0


def _send(connection: Connection, lane: Lane, wanted: int) -> int:
    queue = connection.default_channel.queue_declare(lane.value, durable=True)  # type: ignore[no-untyped-call]
    missing = max(0, min(wanted, _HINTS_WAITING) - int(queue.message_count))
    for _ in range(missing):
        work.apply_async((lane.value,), queue=lane.value, connection=connection)
    return missing
