"""Orphans, whom a worker had claimed when it died: due at once, and no sign of how the mailing is received."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mailer.delivery import keys
from mailer.delivery.batchpass import Pass
from mailer.delivery.explaining import why
from mailer.delivery.ledger import Standing
from mailer.delivery.press import Press
from mailer.delivery.quality.rate import Kind
from mailer.delivery.quality.watching import quality_of, watch
from mailer.issues.mailing import Mailing, MailingState
from tests.mailer.delivery.conftest import Newsroom as _Newsroom

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

PEOPLE = [f"reader{number}@example.com" for number in range(20)]


@pytest.fixture
async def strict(newsroom: Newsroom) -> Newsroom:
    """Give a newsroom with twenty people, where ten people and two events say something."""
    few = {"breaker_hour_least": (10, 2), "breaker_day_least": (10, 2), "retry_delays_seconds": (3600.0,)}
    await newsroom.join(*PEOPLE)
    return _Newsroom(replace(newsroom.press, settings=newsroom.press.settings.model_copy(update=few)), newsroom.readers)


async def begin(press: Press, mailing: Mailing) -> Pass:
    now = await press.ledger.now()
    (batch,) = await press.ledger.due(mailing.id, now, 10)
    one = await Pass.begin(press, mailing, batch, now)
    assert one is not None
    return one


async def claim_and_die(press: Press, mailing: Mailing) -> None:
    """Claim everybody who is due, and leave them as a killed worker does whose lease has run out."""
    one = await begin(press, mailing)
    await one.claim(press, one.due(await press.ledger.now()))
    await press.redis.delete(keys.lease(mailing.id, one.batch.chunk, one.batch.name))
    await press.ledger.put_off(one.batch, await press.ledger.now())


async def deferrals(press: Press, mailing: Mailing) -> int:
    quality = await quality_of(press, mailing.id, await press.ledger.now())
    return next(rate.events for rate in quality.rates if rate.kind is Kind.DEFERRALS)


async def test_a_worker_that_dies_again_and_again_does_not_pause_the_mailing(
    strict: Newsroom, relay: ScriptedRelay
) -> None:
    mailing = await strict.send()
    for _ in range(3):
        await claim_and_die(strict.press, mailing)

    await watch(strict.press, mailing, await strict.press.ledger.now())

    assert await deferrals(strict.press, mailing) == 0
    assert (await strict.press.mailings.get(mailing.id)).state is MailingState.SENDING
    assert (await strict.press.ledger.counts(mailing.id)).deferred == 0
    await strict.work()
    assert relay.addresses() == sorted(PEOPLE)
    assert (await strict.press.mailings.get(mailing.id)).state is MailingState.COMPLETE


async def test_what_a_relay_says_about_an_orphan_counts(strict: Newsroom, relay: ScriptedRelay) -> None:
    relay.at_rcpt = {address: ["451 4.3.2 Too busy"] for address in PEOPLE}
    mailing = await strict.send()
    await claim_and_die(strict.press, mailing)
    await strict.work()
    await strict.press.redis.delete(f"{{m{mailing.id}}}:quality:looked")

    await watch(strict.press, mailing, await strict.press.ledger.now())

    paused = await strict.press.mailings.get(mailing.id)
    assert "because of deferrals: 20 of 20 people" in paused.problem


async def test_an_orphan_who_is_given_back_stays_one_and_the_others_do_not(strict: Newsroom) -> None:
    press, mailing = strict.press, await strict.send()
    first = await begin(press, mailing)
    (orphan,) = await first.claim(press, first.due(await press.ledger.now())[:1])
    await press.redis.delete(keys.lease(mailing.id, first.batch.chunk, first.batch.name))
    await press.ledger.put_off(first.batch, await press.ledger.now())

    second = await begin(press, mailing)
    for one in await second.claim(press, second.due(await press.ledger.now())):
        second.give_back(one.subscriber)
    await second.write(press)
    await second.conclude(press)
    third = await begin(press, mailing)

    bit = 1 << first.batch.place_of(orphan.subscriber.id)
    assert (third.words.orphaned, third.words.deferred, third.orphans) == (bit, 0, bit)
    assert third.due(await press.ledger.now()) == first.due(await press.ledger.now())
    assert len(third.due(await press.ledger.now())) == 20
    assert third.last_tries[first.batch.place_of(orphan.subscriber.id)].tries == 1
    explained = await why(press, mailing.id, orphan.subscriber.address)
    assert "may have got" in explained.sentence
    assert "the worker ended before the relay's reply was recorded" in explained.sentence


async def test_nothing_is_remembered_of_an_orphan_who_was_accepted(strict: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await strict.send()
    for _ in range(2):
        await claim_and_die(strict.press, mailing)

    await strict.work()

    people = await strict.press.ledger.cohort(mailing.id, Standing.ACCEPTED)
    assert people.count() == 20
    assert await strict.press.ledger.last_tries(mailing.id, people) == {}
