"""Reports come in over SMTP, and a worker that dies over them loses none and counts none twice."""

from __future__ import annotations

import asyncio
import os
import signal
import smtplib
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.bounces.verp import unsubscribe_address
from mailer.demo.loopback import is_listening
from mailer.demo.waiting import until
from subscribers.subscription import SubscriptionState

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from tests.journeys.conftest import Installation

pytestmark = pytest.mark.journey
PEOPLE = 150


@pytest.mark.slow
async def test_a_worker_killed_with_a_report_in_its_hands_loses_none_and_counts_none_twice(
    installation: Installation,
) -> None:
    await installation.prepare(PEOPLE)
    port = int(installation.environment["PRESSRUN_INBOUND_PORT"])
    installation.start("inbound")
    installation.wait_until(lambda: is_listening(port), "the listener listens")
    async with installation.press() as press:
        await asyncio.to_thread(_leave_by_mail, port, await _addresses(press))
        assert (await press.tray.count()).waiting == PEOPLE

        installation.start("scheduler")
        await _kill_at_work(press, installation.start("worker", "--queues", "feedback"))
        left_over = (await press.tray.count()).waiting
        installation.start("worker", "--queues", "feedback")
        assert await until(lambda: _is_empty(press), timedelta(seconds=60)), installation.logs()

        readers = await press.people.lists.find("readers")
        counts = await press.people.lists.counts(readers.id)
        events = await press.reports.recent(2 * PEOPLE)
    assert 0 < left_over <= PEOPLE
    assert counts[SubscriptionState.LEFT] == PEOPLE
    assert sorted(event.subscriber or 0 for event in events) == list(range(1, PEOPLE + 1))


async def _addresses(press: Press) -> list[str]:
    """Return the address to which each person writes in order to leave."""
    readers = await press.people.lists.find("readers")
    return [
        unsubscribe_address(press.tokens, person, readers.id, 1, "bounces.example.com")
        for person in range(1, PEOPLE + 1)
    ]


def _leave_by_mail(port: int, addresses: list[str]) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
        for address in addresses:
            client.sendmail("", [address], b"Subject: unsubscribe\r\n\r\n")


async def _kill_at_work(press: Press, worker: subprocess.Popen[bytes]) -> None:
    """Stop a worker as soon as it has a report in its hands, and make sure that it still has; then kill it."""
    async with asyncio.timeout(60):
        while True:
            if await _is_one_taken(press):
                os.killpg(worker.pid, signal.SIGSTOP)
                if await _is_one_taken(press):
                    break
                os.killpg(worker.pid, signal.SIGCONT)
            await asyncio.sleep(0)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


async def _is_empty(press: Press) -> bool:
    return not (await press.tray.count()).waiting


async def _is_one_taken(press: Press) -> bool:
    return any(one.tries for one in await press.tray.waiting(PEOPLE))
