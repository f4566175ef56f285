"""Redis takes no writes in the middle of the outbox's work: nobody is lost, and nobody gets a second copy."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from mailer.delivery.outbox.oneoff import OneOffState
from subscribers.errors import StorageDownError
from tests.mailer.delivery.outbox.test_working import ask, work, work_until_settled

if TYPE_CHECKING:
    import pytest

    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

PEOPLE = [f"p{number}@example.com" for number in range(12)]


async def test_what_was_handed_over_meanwhile_is_written_down_when_redis_takes_writes_again(
    newsroom: Newsroom, relay: ScriptedRelay, caplog: pytest.LogCaptureFixture
) -> None:
    posted, redis, handed = await ask(newsroom, *PEOPLE), newsroom.press.redis, asyncio.Event()

    async def become_full(_: str) -> None:
        if not handed.is_set():
            await redis.config_set("min-replicas-to-write", "1")
            handed.set()

    relay.before_rcpt = become_full
    working = asyncio.create_task(work(newsroom.press))
    try:
        async with asyncio.timeout(10):
            await handed.wait()
            while "waiting-for-redis" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0.01)
        states = {(await newsroom.press.outbox.get(one)).state for one in posted}
        received = len(relay.received)
    finally:
        await redis.config_set("min-replicas-to-write", "0")
    with suppress(StorageDownError):
        # Some could not even be claimed; a worker logs that, and the next shift finds them.
        await working
    settled = {(await work_until_settled(newsroom.press, one)).state for one in posted}

    assert states == {OneOffState.PENDING}
    assert received
    assert settled == {OneOffState.ACCEPTED}
    assert relay.addresses() == sorted(PEOPLE)
