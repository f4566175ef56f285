"""A pass and its words: what feeder and scribe write at once arrives in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mailer.delivery.batchpass import Pass
from mailer.smtp.outcome import Outcome, OutcomeKind, Reply

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom

TAKEN = Outcome(kind=OutcomeKind.ACCEPTED, reply=Reply(250, "2.0.0", "OK"))
LATER = Outcome(kind=OutcomeKind.DEFERRED, reply=Reply(451, "4.7.1", "Later"), step="rcpt")


async def begun(newsroom: Newsroom, count: int) -> Pass:
    await newsroom.join(*(f"reader{number}@example.com" for number in range(count)))
    mailing = await newsroom.send()
    now = await newsroom.press.ledger.now()
    (batch,) = await newsroom.press.ledger.due(mailing.id, now, 10)
    one = await Pass.begin(newsroom.press, mailing, batch, now)
    assert one is not None
    return one


async def test_what_is_written_at_once_ends_as_the_last_word(newsroom: Newsroom) -> None:
    press = newsroom.press
    one = await begun(newsroom, 64)
    now = await press.ledger.now()
    recipients = await one.claim(press, one.due(now))

    writings = []
    for recipient in recipients:
        one.settle(recipient.subscriber, LATER, now)
        writings.append(asyncio.create_task(one.write(press)))
        one.settle(recipient.subscriber, TAKEN, now)
        writings.append(asyncio.create_task(one.write(press)))
        await asyncio.sleep(0)
    await asyncio.gather(*writings)

    assert not one.has_news
    assert await press.ledger.read(one.batch) == one.words
    assert await press.ledger.last_tries(one.mailing.id, [one.subscriber.id for one in recipients]) == {}


async def test_a_pass_that_was_taken_over_may_hand_nobody_over(newsroom: Newsroom) -> None:
    one = await begun(newsroom, 3)
    now = asyncio.get_running_loop().time()
    assert one.may_hand_over(now)

    one.lease_until = now - 1

    assert not one.may_hand_over(now)
