"""Hardship: what a press meets in years of work, in a few minutes.

Redis dies again and again, hosts stop and wake up, clocks are wrong, a relay takes its time. Nobody is missed, and
hardly anybody gets a second copy.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.copies import Copies
from bench.wire import stretched
from mailer.issues.mailing import Mailing, MailingState
from subscribers.cohort import Cohort

if TYPE_CHECKING:
    from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.journey, pytest.mark.slow]

USUAL_LEASE = {"PRESSRUN_LEASE_SECONDS": "15"}
"""As it is where nobody sets it; the other journeys shorten it."""
PATIENCE_SECONDS = 180.0


@contextmanager
def stopped(worker: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a worker and its processes, as a suspended machine does, and let them go on afterwards."""
    os.killpg(worker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(worker.pid, signal.SIGCONT)


def faketime() -> Path:
    for library in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"):
        return library
    pytest.skip("Debian's package faketime is not installed")


async def until_settled(installation: Installation, mailing: Mailing, enough: int) -> None:
    await installation.until(
        mailing.id, lambda _, counts: counts.audience > 0 and counts.audience - counts.pending >= enough, 120
    )


async def with_a_copy_and_no_reply(installation: Installation, mailing: Mailing, copies: Copies) -> int:
    """Return how many people have a copy, and nothing in the ledger that says so."""
    async with installation.press() as press:
        words = await press.ledger.words(mailing.id)
        unsettled = Cohort({chunk: one.claimed & one.pending for chunk, one in words.items()})
        people = await press.people.subscribers.read(unsettled)
    got = copies.look()
    return sum(one.address in got for one in people.values())


async def test_every_worker_goes_on_after_twenty_deaths_of_redis(installation: Installation) -> None:
    people, deaths = 8_000, 20
    await installation.prepare(people)
    installation.start_inbox()
    installation.start("scheduler")
    one, other = (installation.start("worker", PRESSRUN_BATCH_SIZE="200", **USUAL_LEASE) for _ in range(2))
    mailing = await installation.send()

    for death in range(deaths):
        await until_settled(installation, mailing, 200 + death * (people - 1_000) // deaths)
        await asyncio.to_thread(installation.redis.kill)
        await asyncio.to_thread(installation.redis.start)
    counts = await installation.until_complete(mailing.id, PATIENCE_SECONDS)

    copies = Copies(installation.home / "inbox").look()
    assert counts.accepted == len(copies) == people
    # Redis keeps what it has acknowledged, and the workers live: they write down what they know when it is back.
    assert copies.total() - people == 0
    for at_work, at_rest in ((one, other), (other, one)):
        assert at_work.poll() is None
        with stopped(at_rest):
            again = await installation.send()
            assert (await installation.until_complete(again.id, PATIENCE_SECONDS)).accepted == people


async def test_what_a_dead_worker_left_is_settled_within_thirty_seconds(installation: Installation) -> None:
    await installation.prepare(20_000)
    installation.start_inbox()
    installation.start("scheduler")
    one, _ = (installation.start("worker", **USUAL_LEASE) for _ in range(2))
    mailing = await installation.send()
    await until_settled(installation, mailing, 2_000)
    async with installation.press() as press:
        os.killpg(one.pid, signal.SIGKILL)
        died = time.monotonic()
        left = Cohort(
            {chunk: words.claimed & words.pending for chunk, words in (await press.ledger.words(mailing.id)).items()}
        )
        assert left

        pending = left
        while pending and time.monotonic() - died < 60:
            await asyncio.sleep(0.2)
            words_by_chunk = await press.ledger.words(mailing.id)
            pending = left & Cohort({chunk: words.pending for chunk, words in words_by_chunk.items()})

    assert time.monotonic() - died <= 30


async def test_a_worker_that_waits_for_a_slow_relay_still_ends_within_ten_seconds(installation: Installation) -> None:
    await installation.prepare(2_000)
    installation.start_inbox()
    installation.start("scheduler")
    async with stretched(int(installation.environment["PRESSRUN_INBOX_PORT"]), 2.0) as wire:
        worker = installation.start("worker", PRESSRUN_RELAY_PORT=str(wire.port))
        mailing = await installation.send()
        await until_settled(installation, mailing, 8)

        worker.send_signal(signal.SIGTERM)
        await asyncio.to_thread(worker.wait, 10)

    installation.start("worker")
    counts = await installation.until_complete(mailing.id)
    assert counts.accepted == 2_000
    assert set(Copies(installation.home / "inbox").look().values()) == {1}


async def test_hosts_whose_clocks_are_five_minutes_wrong_share_a_mailing(installation: Installation) -> None:
    library = faketime()
    await installation.prepare(10_000)
    installation.start_inbox()
    installation.start("scheduler")
    early, _ = (
        installation.start(
            "worker", LD_PRELOAD=str(library), FAKETIME=wrong_by, FAKETIME_DONT_FAKE_MONOTONIC="1", **USUAL_LEASE
        )
        for wrong_by in ("+300", "-300")
    )
    mailing = await installation.send()
    await until_settled(installation, mailing, 2_000)

    os.killpg(early.pid, signal.SIGKILL)
    copies = Copies(installation.home / "inbox")
    bound = await with_a_copy_and_no_reply(installation, mailing, copies)
    counts = await installation.until_complete(mailing.id, PATIENCE_SECONDS)

    got = copies.look()
    assert counts.accepted == len(got) == 10_000
    assert got.total() - len(got) <= bound


async def test_a_worker_that_was_stopped_for_a_minute_and_wakes_up_harms_nothing(installation: Installation) -> None:
    people = 20_000
    await installation.prepare(people)
    installation.start_inbox()
    installation.start("scheduler")
    sleeper = installation.start("worker", **USUAL_LEASE)
    # Whoever takes over believes that it is five minutes later.
    installation.start(
        "worker", LD_PRELOAD=str(faketime()), FAKETIME="+300", FAKETIME_DONT_FAKE_MONOTONIC="1", **USUAL_LEASE
    )
    mailing = await installation.send()
    await until_settled(installation, mailing, 3_000)

    copies = Copies(installation.home / "inbox")
    with stopped(sleeper):
        asleep = time.monotonic()
        await asyncio.sleep(0.5)
        bound = await with_a_copy_and_no_reply(installation, mailing, copies)
        counts = await installation.until_complete(mailing.id, PATIENCE_SECONDS)
        await asyncio.sleep(max(0.0, 60 - (time.monotonic() - asleep)))
    await asyncio.sleep(5)

    got = copies.look()
    assert counts.accepted == len(got) == people
    assert got.total() - len(got) <= bound
    assert await installation.counts(mailing.id) == counts
    again = await installation.send()
    assert (await installation.until_complete(again.id, PATIENCE_SECONDS)).accepted == people
    async with installation.press() as press:
        assert (await press.mailings.get(mailing.id)).state is MailingState.COMPLETE
