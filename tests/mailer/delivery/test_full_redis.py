"""Redis full, or read-only, in the middle of a mailing: it waits and says why, nobody is lost, it goes on by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.progress import progress_of
from mailer.issues.mailing import MailingState

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

PEOPLE = [f"p{number}@example.com" for number in range(30)]


@pytest.mark.parametrize(
    ("setting", "refuses", "takes", "words"),
    [
        ("maxmemory", "1", "0", ["is full", "maxmemory", "nothing is lost"]),
        ("min-replicas-to-write", "1", "0", ["takes no writes", "NOREPLICAS", "nothing is lost"]),
    ],
)
async def test_a_mailing_waits_for_a_redis_that_takes_no_writes(
    newsroom: Newsroom, relay: ScriptedRelay, setting: str, refuses: str, takes: str, words: list[str]
) -> None:
    await newsroom.join(*PEOPLE)
    redis, handed = newsroom.press.redis, asyncio.Event()

    async def fill_up(address: str) -> None:
        if not handed.is_set():
            await redis.config_set(setting, refuses)
            handed.set()

    relay.before_rcpt = fill_up
    mailing = await newsroom.send()
    try:
        working = asyncio.create_task(newsroom.work())
        await handed.wait()
        progress = await progress_of(newsroom.press, mailing.id)
        assert not working.done()
    finally:
        await redis.config_set(setting, takes)
    await working
    # Whoever was given back meanwhile is due again.
    await newsroom.work()

    assert all(word in progress.mailing.problem for word in words), progress.mailing.problem
    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (counts.accepted, counts.pending, counts.balanced) == (30, 0, True)
    assert relay.addresses() == sorted(PEOPLE)
    after = await progress_of(newsroom.press, mailing.id)
    assert (after.mailing.state, after.mailing.problem) == (MailingState.COMPLETE, "")


async def test_nobody_more_is_handed_over_once_nothing_can_be_written_down(
    newsroom: Newsroom, relay: ScriptedRelay, caplog: pytest.LogCaptureFixture
) -> None:
    # Whoever is handed over then may get a second copy, if another worker takes the batch before this one can write.
    await newsroom.join(*PEOPLE)
    redis, handed = newsroom.press.redis, asyncio.Event()

    async def go_on_when_it_is_noticed(_: str) -> None:
        if not handed.is_set():
            await redis.config_set("min-replicas-to-write", "1")
            handed.set()
        async with asyncio.timeout(10):
            while "waiting-for-redis" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0.01)

    relay.before_rcpt = go_on_when_it_is_noticed
    mailing = await newsroom.send()
    try:
        working = asyncio.create_task(newsroom.work())
        await handed.wait()
        await until_rested(relay)
        received = len(relay.received)
    finally:
        await redis.config_set("min-replicas-to-write", "0")
    await working
    await newsroom.work()

    assert 0 < received <= 2 * 2 * 2, "two connections, two messages on each, and as many that were on their way"
    assert relay.addresses() == sorted(PEOPLE)
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.COMPLETE


async def until_rested(relay: ScriptedRelay) -> None:
    """Return when the relay has got something, and nothing more for half a second."""
    before = -1
    async with asyncio.timeout(10):
        while before != len(relay.received) or not relay.received:
            before = len(relay.received)
            await asyncio.sleep(0.5)


async def test_an_edition_that_is_gone_pauses_the_mailing_and_it_resumes(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    from mailer.delivery.controlling import compile_issue, resume

    await newsroom.join(*PEOPLE)
    mailing = await newsroom.send()
    await newsroom.press.redis.delete(f"edition:{mailing.edition}")

    await newsroom.work()

    paused = await newsroom.press.mailings.get(mailing.id)
    assert paused.state is MailingState.PAUSED
    assert "Nobody was skipped" in paused.problem
    _, _, edition = await compile_issue(newsroom.press, "harbour")
    await newsroom.press.editions.put(edition)
    await resume(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())
    await newsroom.work()
    assert relay.addresses() == sorted(PEOPLE)
