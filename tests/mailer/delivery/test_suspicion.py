"""A relay that refuses us, at whatever step, pauses the mailing with its words, and skips nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailer.delivery.controlling import resume
from mailer.issues.mailing import MailingState

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

PEOPLE = [f"p{number}@example.com" for number in range(30)]


@pytest.mark.parametrize(
    "reply",
    [
        "554 5.7.1 Relay access denied",
        "550 5.7.1 Service unavailable; client host blocked using zen.example.org",
        "550 5.7.26 This mail is unauthenticated",
        "530 5.7.0 Authentication required",
    ],
)
@pytest.mark.parametrize("step", ["rcpt", "dot"])
async def test_whoever_refuses_everybody_means_us(
    newsroom: Newsroom, relay: ScriptedRelay, reply: str, step: str
) -> None:
    await newsroom.join(*PEOPLE)
    if step == "rcpt":
        relay.at_rcpt = {address: [reply] for address in PEOPLE}
    else:
        relay.at_dot = dict.fromkeys(PEOPLE, reply)

    mailing = await newsroom.send()
    await newsroom.work()

    paused = await newsroom.press.mailings.get(mailing.id)
    counts = await newsroom.press.ledger.counts(mailing.id)
    assert paused.state is MailingState.PAUSED
    assert reply.split(" ", 2)[2] in paused.problem
    assert "Nobody was skipped" in paused.problem
    assert (counts.refused, counts.pending, counts.balanced) == (0, 30, True)


async def test_it_resumes_and_everybody_gets_their_mail(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    people = PEOPLE[:3]
    await newsroom.join(*people)
    relay.at_rcpt = {address: ["554 5.7.1 Relay access denied"] for address in people}
    mailing = await newsroom.send()
    await newsroom.work()
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.PAUSED

    relay.at_rcpt = {}
    now = await newsroom.press.ledger.now()
    await resume(newsroom.press, mailing.id, now=now)
    await newsroom.press.redis.zadd(f"{{m{mailing.id}}}:due", {"0:0-7": 0}, xx=True)
    for key in await newsroom.press.redis.keys("*:replies"):
        await newsroom.press.redis.delete(key)
    await newsroom.work()

    assert relay.addresses() == people
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.COMPLETE


async def test_a_refusal_among_accepted_people_is_theirs(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE)
    relay.at_rcpt = {"p3@example.com": ["550 5.7.1 Blocked by my own rules"]}

    mailing = await newsroom.send()
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (counts.accepted, counts.refused) == (29, 1)
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.COMPLETE


async def test_unknown_people_are_no_reason_to_pause(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE)
    relay.at_rcpt = {address: ["550 5.1.1 No such user"] for address in PEOPLE}

    mailing = await newsroom.send()
    await newsroom.work()

    assert (await newsroom.press.ledger.counts(mailing.id)).refused == 30
