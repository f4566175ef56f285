"""The whole journey where people, issues and ledgers live on a Redis Cluster of three nodes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from mailer.delivery.ledger import LedgerCounts
from mailer.issues.mailing import MailingId
from subscribers.checking import check
from subscribers.errors import StorageDownError
from subscribers.subscription import SubscriptionState
from tests.conftest import redis_program
from tests.fleet import Fleet, Server, owns, start_cluster, start_sentinels, valkey_program
from tests.journeys.conftest import Installation, installed

if TYPE_CHECKING:
    from tests.conftest import StartRedis

pytestmark = pytest.mark.journey

PEOPLE = 4_000
IN_FLIGHT = 2 * 4 * 2 + 100
"""Two processes, four connections each, two messages a connection, and what the scribe had not written yet."""


@contextmanager
def on(
    fleet: Fleet, tmp_path: Path, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch, **more: str
) -> Iterator[Installation]:
    """Give an installation on a fleet, with its broker on a Redis beside it unless `more` says otherwise."""
    broker = start_redis()
    hints = f"redis+socket://{broker.socket_path}?virtual_host=0"
    places = {"PRESSRUN_REDIS_URL": fleet.url, "PRESSRUN_BROKER_URL": hints, **more}
    try:
        with installed(tmp_path, broker, monkeypatch, **places) as one:
            yield one
    finally:
        fleet.kill()


async def test_from_import_to_the_second_mailing(
    tmp_path: Path, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    with on(start_cluster(redis_program()), tmp_path, start_redis, monkeypatch) as installation:
        await _whole_journey(installation)


@pytest.mark.slow
async def test_the_same_on_valkey(tmp_path: Path, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    with on(start_cluster(valkey_program()), tmp_path, start_redis, monkeypatch) as installation:
        await _whole_journey(installation)


@pytest.mark.slow
async def test_a_mailing_outlives_the_death_of_a_master(
    tmp_path: Path, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = start_cluster(redis_program(), replicas_of=[0, 1, 2])
    with on(fleet, tmp_path, start_redis, monkeypatch, PRESSRUN_REDIS_REPLICAS="1") as installation:
        # The one that has the audience's chunk, so that the ledger itself is away for a while.
        owner = next(node for node in fleet.servers[:3] if owns(node, "{c0}"))
        await _mail_while_one_dies(installation, owner)


@pytest.mark.slow
async def test_a_mailing_outlives_the_death_of_a_primary_that_sentinels_watch(
    tmp_path: Path, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = start_sentinels(redis_program())
    # The hints travel by the same primary, database 1.
    with on(fleet, tmp_path, start_redis, monkeypatch, PRESSRUN_BROKER_URL="") as installation:
        await _mail_while_one_dies(installation, fleet[0])


async def _mail_while_one_dies(installation: Installation, victim: Server) -> None:
    await installation.prepare(PEOPLE)
    installation.start_inbox()
    installation.start("worker")
    installation.start("scheduler")
    mailing = await installation.send()
    await installation.until(mailing.id, lambda _, counts: counts.accepted > PEOPLE // 10)

    victim.kill()
    counts = await _until_complete_patiently(installation, mailing.id)

    assert counts.accepted == counts.audience == PEOPLE
    copies = installation.copies()
    assert len(copies) == PEOPLE, "somebody was missed"
    extra = copies.total() - PEOPLE
    assert extra <= IN_FLIGHT, f"{extra} people got a second copy"
    async with installation.press() as press:
        assert await check(press.people) == []


async def _until_complete_patiently(installation: Installation, mailing: MailingId) -> LedgerCounts:
    """Look until the mailing is complete; while Redis is away there is nothing to see."""
    async with asyncio.timeout(120):
        while True:
            try:
                return await installation.until_complete(mailing, 100)
            except StorageDownError:
                await asyncio.sleep(0.2)


async def _whole_journey(installation: Installation) -> None:
    reported = ["gone.ana@example.com", "later.ben@example.com", "complains.cy@example.com"]
    await installation.prepare(60, *reported)
    installation.start_inbox()
    for kind in ("inbound", "serve", "scheduler"):
        installation.start(kind)
    installation.start("worker", "--queues", "delivery,feedback", PRESSRUN_WORKER_PROCESSES="2")

    first = await installation.send()
    counts = await installation.until_complete(first.id)
    await _until_both_came_back(installation)
    leaving = next(one for one in installation.messages() if one["Delivered-To"] == "reader7@example.com")
    await asyncio.to_thread(_leave, re.findall(r"<(http[^>]+)>", str(leaving["List-Unsubscribe"]))[0])
    second = await installation.send()
    later = await installation.until_complete(second.id)

    assert (counts.audience, counts.accepted, counts.refused) == (63, 62, 1)
    assert (later.audience, later.accepted, later.excluded) == (63, 59, 4)
    copies = installation.copies()
    assert {address for address, count in copies.items() if count == 1} == {*reported[1:], "reader7@example.com"}
    assert copies.total() == 62 + 59
    async with installation.press() as press:
        readers = await press.people.lists.find("readers")
        assert (await press.people.lists.counts(readers.id))[SubscriptionState.LEFT] == 1
        assert await check(press.people) == []


async def _until_both_came_back(installation: Installation) -> None:
    """Wait until the report of the one and the complaint of the other have come back."""
    async with installation.press() as press:
        for _ in range(3_000):
            if await press.people.suppressions.count() == 3:
                return
            await asyncio.sleep(0.02)
    pytest.fail(installation.logs())


def _leave(url: str) -> None:
    """Unsubscribe as a mail program does it, with one click (RFC 8058)."""
    with urlopen(Request(url, data=b"List-Unsubscribe=One-Click", method="POST"), timeout=20) as answer:
        assert answer.status == 200
