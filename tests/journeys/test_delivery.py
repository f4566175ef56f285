"""Journeys through delivery: real Redis, real Celery worker, real SMTP; processes die, and copies are counted."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.controlling import cancel, pause, resume
from mailer.issues.mailing import Mailing, MailingState
from mailer.settings import UncertainPolicy

if TYPE_CHECKING:
    from tests.journeys.conftest import Installation

pytestmark = pytest.mark.journey

IN_FLIGHT = 2 * 4 * 2
"""Two processes, four connections each, two messages a connection: what can be between dot and recorded reply, beside
what the scribe had not written yet (a hundredth of a second's worth)."""


async def _until_accepted(installation: Installation, mailing: Mailing, enough: int) -> None:
    await installation.until(mailing.id, lambda _, counts: counts.accepted > enough)


async def test_everybody_on_the_list_gets_one_message(installation: Installation) -> None:
    await installation.prepare(300)
    installation.start_inbox()
    installation.start("worker")
    installation.start("scheduler")

    mailing = await installation.send()
    counts = await installation.until_complete(mailing.id)

    assert (counts.audience, counts.accepted) == (300, 300)
    assert installation.copies() == {f"reader{number}@example.com": 1 for number in range(300)}
    assert len({message["Message-ID"] for message in installation.messages()}) == 300


async def test_a_worker_killed_in_the_middle_loses_nobody(installation: Installation) -> None:
    await installation.prepare(3000)
    installation.start_inbox()
    installation.start("scheduler")
    worker = installation.start("worker", PRESSRUN_BATCH_SIZE="200")
    mailing = await installation.send()
    await _until_accepted(installation, mailing, 500)

    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    before = await installation.counts(mailing.id)
    assert before.pending > 0, "the worker was done before it was killed; make the audience larger"
    installation.start("worker")
    counts = await installation.until_complete(mailing.id)

    copies = installation.copies()
    assert counts.accepted == counts.audience == 3000
    assert len(copies) == 3000, "somebody was missed"
    extra = copies.total() - 3000
    assert extra <= IN_FLIGHT + 100, f"{extra} people got a second copy"


async def test_an_orphaned_person_gets_the_same_message_again(installation: Installation) -> None:
    await installation.prepare(2000)
    installation.start_inbox()
    installation.start("scheduler")
    worker = installation.start("worker")
    mailing = await installation.send()
    await _until_accepted(installation, mailing, 200)

    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    installation.start("worker")
    await installation.until_complete(mailing.id)

    assert len({message["Message-ID"] for message in installation.messages()}) == 2000


async def test_with_hold_nobody_gets_a_second_copy(installation: Installation) -> None:
    await installation.prepare(2000)
    installation.start_inbox()
    installation.start("scheduler")
    worker = installation.start("worker")
    mailing = await installation.send(UncertainPolicy.HOLD)
    await _until_accepted(installation, mailing, 200)

    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    installation.start("worker")
    counts = await installation.until_complete(mailing.id)

    copies = installation.copies()
    assert copies.total() == len(copies), "somebody got a second copy"
    assert counts.accepted + counts.uncertain == 2000
    assert len(copies) >= counts.accepted


async def test_a_worker_asked_to_stop_finishes_what_is_on_the_wire(installation: Installation) -> None:
    await installation.prepare(3000)
    installation.start_inbox()
    installation.start("scheduler")
    worker = installation.start("worker")
    mailing = await installation.send()
    await _until_accepted(installation, mailing, 200)

    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=10)
    installation.start("worker")
    counts = await installation.until_complete(mailing.id)

    assert counts.accepted == 3000
    assert set(installation.copies().values()) == {1}


async def test_redis_killed_under_load_loses_nobody(installation: Installation) -> None:
    await installation.prepare(3000)
    installation.start_inbox()
    installation.start("scheduler")
    installation.start("worker")
    mailing = await installation.send()

    for enough in (600, 1500):
        await _until_accepted(installation, mailing, enough)
        installation.redis.kill()
        installation.redis.start()
    counts = await installation.until_complete(mailing.id)

    copies = installation.copies()
    assert counts.accepted == len(copies) == 3000
    assert copies.total() - 3000 <= 2 * (IN_FLIGHT + 100)


async def test_pause_stops_and_resume_goes_on_without_a_second_copy(installation: Installation) -> None:
    await installation.prepare(3000)
    installation.start_inbox()
    installation.start("scheduler")
    installation.start("worker")
    mailing = await installation.send()
    await _until_accepted(installation, mailing, 200)

    async with installation.press() as press:
        await pause(press, mailing.id, now=await press.ledger.now())
    await installation.until(mailing.id, lambda one, counts: one.state is MailingState.PAUSED)
    await asyncio.sleep(1.0)
    first = await installation.counts(mailing.id)
    await asyncio.sleep(1.0)
    second = await installation.counts(mailing.id)
    assert first == second, "mail was handed over while the mailing was paused"
    assert first.pending > 0
    async with installation.press() as press:
        await resume(press, mailing.id, now=await press.ledger.now())
    counts = await installation.until_complete(mailing.id)

    assert counts.accepted == 3000
    assert set(installation.copies().values()) == {1}


async def test_cancel_excludes_whoever_was_pending(installation: Installation) -> None:
    await installation.prepare(3000)
    installation.start_inbox()
    installation.start("scheduler")
    installation.start("worker")
    mailing = await installation.send()
    await _until_accepted(installation, mailing, 200)

    async with installation.press() as press:
        await cancel(press, mailing.id, now=await press.ledger.now())
    counts = await installation.until(mailing.id, lambda _, counts: counts.pending == 0)

    assert counts.excluded_by == {"cancelled": 3000 - counts.accepted}
    assert installation.copies().total() == counts.accepted


async def test_an_emptied_broker_is_filled_again(installation: Installation) -> None:
    await installation.prepare(500)
    installation.start_inbox()
    mailing = await installation.send()
    installation.start("scheduler")
    await installation.until(mailing.id, lambda one, _: one.state is MailingState.SENDING)

    async with installation.press() as press:
        # The broker is database 1 of the same server.
        await press.redis.execute_command("SELECT", 1)
        await press.redis.execute_command("FLUSHDB")
        await press.redis.execute_command("SELECT", 0)
    installation.start("worker")
    counts = await installation.until_complete(mailing.id)

    assert counts.accepted == 500
