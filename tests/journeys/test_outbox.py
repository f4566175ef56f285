"""Mail to one person, and a mailing beside it, signed, through real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import dkim
import pytest

from bench.copies import Copies
from bench.wire import stretched
from mailer.delivery.outbox.oneoff import OneOffId, OneOffState
from mailer.delivery.outbox.posting import post_confirmation
from mailer.delivery.press import Press
from mailer.issues.mailing import MailingState
from mailer.senders.domainkey import DomainKey
from mailer.senders.rotating import activate_unseen, make_key
from subscribers.address import parse_address
from subscribers.subscription import SubscriptionState
from tests.journeys.conftest import Installation

_NEWCOMER = "newcomer@example.com"
_NEWCOMERS = [f"newcomer{number}@example.com" for number in range(400)]
_DEATHS = 4
_DOMAIN = "news.example.com"


async def _prepare(installation: Installation, people: int) -> DomainKey:
    """Bring in people and a key, and start everything; a worker serves all queues, with one process for mailings."""
    await installation.prepare(people)
    async with installation.press() as press:
        key = await make_key(press.keys, _DOMAIN, now=await press.ledger.now())
        await activate_unseen(press.keys, _DOMAIN, key.selector, key.made)
    installation.start_inbox()
    installation.start("scheduler")
    installation.start("worker", "--queues", "", PRESSRUN_WORKER_PROCESSES="1", PRESSRUN_RELAY_CONNECTIONS="1")
    return key


async def _post(press: Press, newcomer: str = _NEWCOMER) -> OneOffId:
    readers = await press.people.lists.find("readers")
    now = await press.ledger.now()
    person, _ = await press.people.subscribers.add(parse_address(newcomer), now=now)
    await press.people.lists.move(readers.id, [person.id], SubscriptionState.PENDING)
    return await post_confirmation(press, readers, person.id, now)


async def _until_settled(press: Press, one_off: OneOffId) -> OneOffState:
    async with asyncio.timeout(60):
        while True:
            if (state := (await press.outbox.get(one_off)).state) is not OneOffState.PENDING:
                return state
            await asyncio.sleep(0.02)


def _verifies(file: Path, key: DomainKey) -> bool:
    records = {f"{key.record_name}.".encode(): key.record.encode()}
    return bool(dkim.verify(file.read_bytes(), dnsfunc=lambda name, timeout=5: records.get(name)))


async def test_mailings_and_single_messages_arrive_signed(installation: Installation) -> None:
    key = await _prepare(installation, 20)
    mailing = await installation.send()
    async with installation.press() as press:
        assert await _until_settled(press, await _post(press)) is OneOffState.ACCEPTED
    await installation.until_complete(mailing.id)

    files = list((installation.home / "inbox").glob("**/*.eml"))
    assert len(files) == 21
    assert installation.copies()[_NEWCOMER] == 1
    assert all(_verifies(file, key) for file in files)


@pytest.mark.slow
async def test_a_confirmation_overtakes_a_mailing(installation: Installation) -> None:
    await _prepare(installation, 4_000)
    mailing = await installation.send()
    await installation.until(mailing.id, lambda _, counts: counts.accepted > 0)

    async with installation.press() as press:
        state = await _until_settled(press, await _post(press))
        still = await press.mailings.get(mailing.id)
    counts = await installation.until_complete(mailing.id)

    assert (state, still.state) == (OneOffState.ACCEPTED, MailingState.SENDING)
    assert (counts.accepted, counts.balanced) == (4_000, True)


@pytest.mark.slow
async def test_a_worker_killed_with_messages_on_their_way_loses_none_and_doubles_hardly_any(
    installation: Installation,
) -> None:
    await installation.prepare(1)
    installation.start_inbox()
    installation.start("scheduler")
    copies, bound = Copies(installation.home / "inbox"), 0
    async with (
        # A reply takes its time, so that messages are between their dot and its reply when the worker dies.
        stretched(int(installation.environment["PRESSRUN_INBOX_PORT"]), 0.05) as wire,
        installation.press() as press,
    ):
        posted = {await _post(press, newcomer): newcomer for newcomer in _NEWCOMERS}
        for death in range(1, _DEATHS + 1):
            worker = installation.start(
                "worker", "--queues", "transactional,feedback", PRESSRUN_RELAY_PORT=str(wire.port)
            )
            async with asyncio.timeout(60):
                while len(copies.look()) < death * len(_NEWCOMERS) // (_DEATHS + 1):  # noqa: ASYNC110 - files
                    await asyncio.sleep(0.01)
            os.killpg(worker.pid, signal.SIGKILL)
            await asyncio.to_thread(worker.wait)
            await asyncio.sleep(0.3)
            bound += len(await _with_a_copy_and_no_reply(press, posted, copies))
        installation.start("worker", "--queues", "transactional,feedback")
        states = {await _until_settled(press, one) for one in posted}

    got = copies.look()
    assert states == {OneOffState.ACCEPTED}
    assert got.keys() == set(_NEWCOMERS), "somebody was missed"
    assert bound > 0, "no message was on its way when a worker died; nothing was tested"
    assert got.total() - len(got) <= bound


async def _with_a_copy_and_no_reply(press: Press, posted: dict[OneOffId, str], copies: Copies) -> list[str]:
    got = copies.look()
    return [
        address
        for one, address in posted.items()
        if address in got and (await press.outbox.get(one)).state is OneOffState.PENDING
    ]
