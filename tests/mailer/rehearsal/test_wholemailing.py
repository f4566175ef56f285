"""A rehearsal runs the whole mailing, and nothing of it counts: the real keyspace is the same before and after."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.addressing import Wish
from mailer.demo.loopback import redis_answers
from mailer.errors import ConflictError
from mailer.rehearsal.fault import Fault, fault_of
from mailer.rehearsal.scratch import open_scratch, sweep
from mailer.rehearsal.wholemailing import rehearse
from subscribers.storage import Redis, open_redis
from tests.mailer.delivery.conftest import newsroom, relay  # noqa: F401 - the same newsroom as delivery's tests

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

PEOPLE = [f"reader{number}@example.com" for number in range(120)]


async def _keyspace(redis: Redis) -> dict[bytes, bytes | None]:
    """Return every key with everything in it."""
    return {key: await redis.dump(key) async for key in redis.scan_iter(count=1000)}


async def test_a_rehearsal_mails_everybody_and_leaves_no_trace(
    newsroom: Newsroom,  # noqa: F811
    relay: ScriptedRelay,  # noqa: F811
    redis: Redis,
) -> None:
    await newsroom.join(*PEOPLE)
    before = await _keyspace(redis)

    account = await rehearse(newsroom.press, "harbour", ["readers"], latency_seconds=0.002, fault_rate=0.3)

    refused = sum(fault_of(address, 0.3) is Fault.REFUSED for address in PEOPLE)
    lost = sum(fault_of(address, 0.3) is Fault.LOST for address in PEOPLE)
    assert await _keyspace(redis) == before
    assert relay.received == [], "something left for the real relay"
    assert (account.counts.audience, account.counts.refused) == (120, refused)
    assert (account.counts.accepted, account.counts.balanced) == (120 - refused, True)
    assert lost <= account.extra_copies
    assert min(refused, lost) > 0
    assert account.rate_per_second > 0
    assert sum(account.errors.values()) == refused
    assert all("550 5.1.1" in said for said in account.errors)
    assert list((newsroom.press.settings.home / "rehearsals").iterdir()) == []


async def test_people_whom_a_field_lets_down_are_named(newsroom: Newsroom) -> None:  # noqa: F811
    press = newsroom.press
    issue = await press.issues.get("harbour")
    await press.issues.put(replace(issue, source=f"{issue.source}\n\nYour city: {{{{ subscriber.fields.city }}}}."))
    await newsroom.join("anna@example.com", "ben@example.com")

    account = await rehearse(press, "harbour", ["readers"], latency_seconds=0, fault_rate=0)

    assert account.broken_people == 2
    assert {(one.address, one.field) for one in account.broken} == {
        ("anna@example.com", "subscriber.fields.city"),
        ("ben@example.com", "subscriber.fields.city"),
    }


async def test_segments_and_who_got_it_before_count_as_they_would_in_earnest(
    newsroom: Newsroom,  # noqa: F811
    redis: Redis,
) -> None:
    press = newsroom.press
    await newsroom.join("anna@example.com")
    got = await newsroom.send()
    await newsroom.work()
    await newsroom.join("ben@example.com", "cy@example.com")
    wish = Wish(
        segments=["everyone()"],
        without_segments=['address == "cy@example.com"'],
        without_mailings=[got.id],
    )
    before = await _keyspace(redis)

    account = await rehearse(press, "harbour", wish, latency_seconds=0, fault_rate=0)

    assert await _keyspace(redis) == before
    assert (account.counts.audience, account.counts.accepted) == (3, 1)
    assert account.counts.excluded_by == {"mailed-before": 1, "excluded-segment": 1}


async def test_a_rehearsal_does_not_wait_for_the_newsletters_quiet_hours(newsroom: Newsroom) -> None:  # noqa: F811
    press = newsroom.press
    await newsroom.join("anna@example.com")
    now = await press.ledger.now()
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M} UTC"
    await press.newsletters.put(replace(await press.newsletters.get("daily"), quiet_hours=hours))

    account = await rehearse(press, "harbour", ["readers"], latency_seconds=0, fault_rate=0)

    assert account.counts.accepted == 1


async def test_a_share_is_a_share(newsroom: Newsroom) -> None:  # noqa: F811
    with pytest.raises(ConflictError, match="share from 0 to 1"):
        await rehearse(newsroom.press, "harbour", ["readers"], latency_seconds=0, fault_rate=5)


async def test_a_killed_rehearsal_leaves_nothing_behind(
    newsroom: Newsroom,  # noqa: F811
    redis: Redis,
    redis_url: str,
) -> None:
    await newsroom.join(*PEOPLE)
    before = await _keyspace(redis)
    home = newsroom.press.settings.home
    process = _start(home, redis_url)
    await _eventually(lambda: _has_begun(home / "rehearsals"))
    (socket,) = _sockets(home / "rehearsals")

    process.send_signal(signal.SIGKILL)
    process.wait()
    await _eventually(lambda: _is_silent(socket))

    assert await _keyspace(redis) == before
    assert sweep(home / "rehearsals") == 1
    assert _sockets(home / "rehearsals") == []


def _start(home: Path, redis_url: str) -> subprocess.Popen[bytes]:
    """Start a rehearsal that would take minutes, by the command that operators use."""
    command = [sys.executable, "-m", "mailer", "mailings", "rehearse", "harbour", "--list", "readers"]
    told = {
        "PRESSRUN_HOME": str(home),
        "PRESSRUN_REDIS_URL": redis_url,
        "PRESSRUN_PUBLIC_URL": "https://news.example.com",
    }
    return subprocess.Popen(
        [*command, "--latency-ms", "20000"],
        env={**os.environ, **told},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _sockets(shelf: Path) -> list[Path]:
    return list(shelf.glob("*/*.sock"))


async def _has_begun(shelf: Path) -> bool:
    for socket in _sockets(shelf):
        if redis_answers(socket):
            async with open_redis(f"unix://{socket}?db=0") as scratch:
                return bool(await scratch.exists("ledgers:open"))
    return False


async def _is_silent(socket: Path) -> bool:
    return not redis_answers(socket)


async def _eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(600):
        if await ask():
            return
        await asyncio.sleep(0.05)
    pytest.fail("It did not come about within half a minute.")


async def test_two_rehearsals_do_not_meet(tmp_path: Path) -> None:
    async with (
        open_scratch(tmp_path) as first,
        open_scratch(tmp_path) as second,
        open_redis(first) as one,
        open_redis(second) as other,
    ):
        await one.set("people:last-id", 7)
        assert await other.get("people:last-id") is None

    assert _sockets(tmp_path / "rehearsals") == []


@pytest.mark.parametrize(("rate", "least", "most"), [(0.0, 0, 0), (0.3, 200, 400), (1.0, 1000, 1000)])
def test_the_share_of_faults_is_what_was_asked_for(rate: float, least: int, most: int) -> None:
    met = [fault_of(f"reader{number}@example.com", rate) for number in range(1000)]

    assert least <= sum(one is not None for one in met) <= most
