"""The whole journey where people, issues and ledgers live on a Redis Cluster of three nodes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from subscribers.checking import check
from subscribers.subscription import SubscriptionState
from tests.conftest import redis_program
from tests.fleet import start_cluster
from tests.journeys.conftest import Installation, installed

if TYPE_CHECKING:
    from tests.conftest import StartRedis

pytestmark = pytest.mark.journey


@pytest.fixture
def clustered(tmp_path: Path, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """Give an installation on three nodes, with its broker on a Redis beside them."""
    fleet = start_cluster(redis_program())
    broker = start_redis()
    places = {
        "PRESSRUN_REDIS_URL": fleet.url,
        "PRESSRUN_BROKER_URL": f"redis+socket://{broker.socket_path}?virtual_host=0",
    }
    try:
        with installed(tmp_path, broker, monkeypatch, **places) as one:
            yield one
    finally:
        fleet.kill()


async def test_from_import_to_the_second_mailing(clustered: Installation) -> None:
    reported = ["gone.ana@example.com", "later.ben@example.com", "complains.cy@example.com"]
    await clustered.prepare(60, *reported)
    clustered.start_inbox()
    for kind in ("inbound", "serve", "worker", "scheduler"):
        clustered.start(kind)

    first = await clustered.send()
    counts = await clustered.until_complete(first.id)
    await _until_both_came_back(clustered)
    leaving = next(one for one in clustered.messages() if one["Delivered-To"] == "reader7@example.com")
    await asyncio.to_thread(_leave, re.findall(r"<(http[^>]+)>", str(leaving["List-Unsubscribe"]))[0])
    second = await clustered.send()
    later = await clustered.until_complete(second.id)

    assert (counts.audience, counts.accepted, counts.refused) == (63, 62, 1)
    assert (later.audience, later.accepted, later.excluded) == (63, 59, 4)
    copies = clustered.copies()
    assert {address for address, count in copies.items() if count == 1} == {*reported[1:], "reader7@example.com"}
    assert copies.total() == 62 + 59
    async with clustered.press() as press:
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
