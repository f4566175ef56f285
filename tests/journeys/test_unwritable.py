"""Redis takes no writes for a while: it is full, or became a replica, as in a failover. Every process goes on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import redis

from bench.copies import Copies
from mailer.issues.mailing import MailingState
from tests.journeys.test_hardship import with_a_copy_and_no_reply

if TYPE_CHECKING:
    from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.journey, pytest.mark.slow]

NOBODY = ("127.0.0.1", "1")
ROUNDS = 3


def let_write(client: redis.Redis, how: str, *, may: bool) -> None:
    """Let a Redis take writes, or none."""
    if how == "replicaof":
        client.replicaof(*(("NO", "ONE") if may else NOBODY))
    else:
        client.config_set(how, 0 if may else 1)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("maxmemory", "Redis is full"),
        ("min-replicas-to-write", "takes no writes (NOREPLICAS"),
        ("replicaof", "takes no writes (You can't write against a read only replica"),
    ],
)
async def test_everybody_goes_on_when_redis_takes_writes_again(
    installation: Installation, how: str, words: str
) -> None:
    people = 4_000
    await installation.prepare(people)
    installation.start_inbox()
    scheduler, worker = installation.start("scheduler"), installation.start("worker", PRESSRUN_BATCH_SIZE="200")
    client = redis.Redis.from_url(installation.redis.url)
    mailing, copies, bound = await installation.send(), Copies(installation.home / "inbox"), 0

    for number in range(ROUNDS):
        await installation.until(mailing.id, lambda _, counts: counts.accepted > 100 + 800 * number)  # noqa: B023
        let_write(client, how, may=False)
        said = installation.said("mailings", "status", str(mailing.id))
        # Longer than the lease, which is three seconds here.
        await asyncio.sleep(3)
        bound += await with_a_copy_and_no_reply(installation, mailing, copies)
        assert words in said, said
        let_write(client, how, may=True)
    counts = await installation.until_complete(mailing.id)

    assert (scheduler.poll(), worker.poll()) == (None, None)
    got = copies.look()
    assert counts.accepted == len(got) == people
    # Hardly ever anybody: leases ran out, but whoever held them is alive, and writes first as a rule.
    assert got.total() - people <= bound
    again = await installation.send()
    assert (await installation.until_complete(again.id)).accepted == people
    async with installation.press() as press:
        assert (await press.mailings.get(mailing.id)).state is MailingState.COMPLETE
    lines = (installation.home / "worker.log").read_text().count("\n")
    assert lines < 300, "an outage of a day fills the disk with its log"
    client.close()
