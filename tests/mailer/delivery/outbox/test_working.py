"""One-off mail against a relay that answers as it likes: where each message stands afterwards."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from functools import partial
from typing import TYPE_CHECKING

import pytest

from mailer.bounces.policy import BouncePolicy
from mailer.bounces.receiving import receive
from mailer.bounces.verp import ONE_OFFS
from mailer.delivery.feedback.hearing import mailed_until
from mailer.delivery.lane import Lane
from mailer.delivery.looking import look
from mailer.delivery.outbox.oneoff import OneOff, OneOffId, OneOffState
from mailer.delivery.outbox.posting import post_confirmation, post_confirmations, post_goodbye, post_welcome
from mailer.delivery.outbox.working import work_outbox
from mailer.delivery.press import Press
from mailer.senders.rotating import activate_unseen, make_key
from mailer.settings import UncertainPolicy
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay
from subscribers.address import parse_address
from subscribers.joining import leave
from subscribers.subscription import Mover, SubscriptionState
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN = "anna@example.com", "ben@example.com"


async def ask(newsroom: Newsroom, *addresses: str) -> list[OneOffId]:
    """Let people ask for the list, as by a form, and post their confirmations."""
    people = await newsroom.join(*addresses, state=SubscriptionState.PENDING)
    now = await newsroom.press.ledger.now()
    return [await post_confirmation(newsroom.press, newsroom.readers, person, now) for person in people]


async def work(press: Press) -> int:
    pool = Pool(Relay.of(press.settings))
    try:
        return await work_outbox(press, pool, lasts=timedelta(seconds=10), is_stopping=lambda: False)
    finally:
        await pool.close()


async def work_until_settled(press: Press, one_off: OneOffId) -> OneOff:
    async with asyncio.timeout(10):
        while (one := await press.outbox.get(one_off)).state is OneOffState.PENDING:
            await work(press)
            await asyncio.sleep(0.02)
    return one


async def test_a_confirmation_goes_to_a_pending_person_and_says_what_it_is(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    key = await make_key(newsroom.press.keys, "news.example.com", now=await newsroom.press.ledger.now())
    await activate_unseen(newsroom.press.keys, "news.example.com", key.selector, key.made)
    (one_off,) = await ask(newsroom, ANNA)
    assert (await look(newsroom.press, "test"))[Lane.TRANSACTIONAL] == 1

    await work(newsroom.press)

    ((address, message),) = relay.received
    mail = message_from_bytes(message, policy=policy.default)
    assert address == ANNA
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert message.startswith(b"DKIM-Signature:")
    body = mail.get_body(("plain",))
    assert body is not None
    assert "https://news.example.com/confirm/" in body.get_content()
    assert (await newsroom.press.outbox.get(one_off)).state is OneOffState.ACCEPTED
    assert (await look(newsroom.press, "test"))[Lane.TRANSACTIONAL] == 0


async def test_asking_twice_makes_one_message(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    first = await ask(newsroom, ANNA)
    second = await ask(newsroom, ANNA)
    await work(newsroom.press)
    await work(newsroom.press)

    assert first == second
    assert relay.addresses() == [ANNA]


async def test_suppressed_people_and_those_who_have_confirmed_meanwhile_get_none(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    ids = await ask(newsroom, "angry@example.com", "done@example.com", "erased@example.com", ANNA)
    press, now = newsroom.press, await newsroom.press.ledger.now()
    await press.people.suppressions.suppress(
        parse_address("angry@example.com"), Reason.COMPLAINT, evidence="ARF", now=now
    )
    done = await press.people.subscribers.find(parse_address("done@example.com"))
    assert done is not None
    await press.people.lists.move(newsroom.readers.id, [done.id], SubscriptionState.ACTIVE, by=Mover.PERSON)
    erased = await press.people.subscribers.find(parse_address("erased@example.com"))
    assert erased is not None
    await press.people.subscribers.delete(erased.id)

    await work(press)

    states = {one.sentence: one.state for one in [await press.outbox.get(one) for one in ids[:3]]}
    assert relay.addresses() == [ANNA]
    assert set(states.values()) == {OneOffState.EXCLUDED}
    assert any("complaint" in sentence for sentence in states)
    assert any("active" in sentence for sentence in states)
    assert any("erased" in sentence for sentence in states)


async def test_a_refused_address_is_suppressed_and_the_message_can_be_tried_again(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    (one_off,) = await ask(newsroom, BEN)
    relay.at_rcpt[BEN] = ["550 5.1.1 No such user here"]
    press = newsroom.press

    await work(press)

    one = await press.outbox.get(one_off)
    suppression = await press.people.suppressions.find(parse_address(BEN))
    assert (one.state, one.tries, one.message) == (OneOffState.REFUSED, 1, b"")
    assert "No such user here" in one.sentence
    assert suppression is not None
    assert suppression.reason is Reason.HARD_BOUNCE

    relay.at_rcpt.clear()
    await press.people.suppressions.remove(parse_address(BEN), "a typing error", one.order.created)
    assert await press.outbox.again(one, await press.ledger.now())
    await work(press)
    assert (await press.outbox.get(one_off)).state is OneOffState.ACCEPTED
    assert not await press.outbox.again(await press.outbox.get(one_off), await press.ledger.now())


async def test_a_deferred_message_comes_again_and_is_the_same_but_for_its_date(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    (one_off,) = await ask(newsroom, ANNA)
    relay.at_dot[ANNA] = "451 4.7.1 Greylisted"
    await work(newsroom.press)
    first = (await newsroom.press.outbox.get(one_off)).message
    newsletter = await newsroom.press.newsletters.get("daily")
    await newsroom.press.newsletters.put(replace(newsletter, name="Another Name"))
    relay.at_dot.clear()

    one = await work_until_settled(newsroom.press, one_off)

    date = re.compile(rb"Date: [^\r]*")
    assert (one.state, one.tries) == (OneOffState.ACCEPTED, 2)
    # The relay's own field, in front, is not ours.
    assert date.sub(b"", first).replace(b"\r\n", b"\n") in date.sub(b"", relay.received[0][1]).replace(b"\r\n", b"\n")


async def test_a_message_is_given_up_after_long_enough(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    press = _with(newsroom.press, give_up_after_seconds=0.3)
    (one_off,) = await ask(newsroom, ANNA)
    relay.at_dot[ANNA] = "451 4.7.1 Not now"

    one = await work_until_settled(press, one_off)

    assert one.state is OneOffState.REFUSED
    assert one.sentence.startswith("Given up.")
    assert await press.people.suppressions.find(parse_address(ANNA)) is None


async def test_a_refused_sender_costs_nobody_their_message(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    (one_off,) = await ask(newsroom, ANNA)
    relay.at_mail = "550 5.7.1 Sender not allowed"
    await work(newsroom.press)
    assert (await newsroom.press.outbox.get(one_off)).state is OneOffState.PENDING
    relay.at_mail = ""

    assert (await work_until_settled(newsroom.press, one_off)).state is OneOffState.ACCEPTED


async def test_without_a_relay_nothing_is_tried_and_nothing_lost(newsroom: Newsroom) -> None:
    press = _with(newsroom.press, relay_port=1)
    (one_off,) = await ask(newsroom, ANNA)

    await work(press)

    one = await press.outbox.get(one_off)
    assert (one.state, one.tries, one.is_claimed) == (OneOffState.PENDING, 0, False)
    assert one.due is not None
    assert one.due > await press.ledger.now()


@pytest.mark.parametrize(
    ("uncertain", "state"),
    [(UncertainPolicy.RESEND, OneOffState.ACCEPTED), (UncertainPolicy.HOLD, OneOffState.UNCERTAIN)],
)
async def test_what_a_dead_worker_had_on_the_wire(
    newsroom: Newsroom, relay: ScriptedRelay, uncertain: UncertainPolicy, state: OneOffState
) -> None:
    press = _with(newsroom.press, uncertain_policy=uncertain)
    (one_off,) = await ask(newsroom, ANNA)
    now = await press.ledger.now()
    # A worker that dies here had taken it, written the claim, and perhaps begun to talk.
    (taken,) = await press.outbox.take(now, lease_for=timedelta(seconds=0.1), most=5)
    assert await press.outbox.claim(taken, now + timedelta(seconds=0.1), b"From: x\r\n\r\n")
    assert await press.outbox.take(now, lease_for=timedelta(seconds=1), most=5) == []

    one = await work_until_settled(press, one_off)

    assert one.state is state
    assert len(relay.received) == (1 if state is OneOffState.ACCEPTED else 0)


async def test_whoever_lost_the_lease_can_write_no_more(newsroom: Newsroom) -> None:
    press = newsroom.press
    await ask(newsroom, ANNA)
    now = await press.ledger.now()
    (stalled,) = await press.outbox.take(now, lease_for=timedelta(seconds=1), most=5)
    (other,) = await press.outbox.take(now + timedelta(seconds=2), lease_for=timedelta(seconds=1), most=5)

    assert not await press.outbox.claim(stalled, now, b"message")
    assert not await press.outbox.settle(stalled, OneOffState.ACCEPTED, tries=1, sentence="")
    assert await press.outbox.settle(other, OneOffState.ACCEPTED, tries=1, sentence="")
    assert not await press.outbox.put_off(other, now, tries=1, first=now, sentence="")
    assert (await press.outbox.get(other.id)).state is OneOffState.ACCEPTED


async def test_what_bounces_later_is_known_by_its_own_return_path(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await ask(newsroom, ANNA)
    senders: list[str] = []
    original = relay.handle_MAIL

    async def keep(server, session, envelope, address, options):  # type: ignore[no-untyped-def]
        senders.append(address)
        return await original(server, session, envelope, address, options)

    relay.handle_MAIL = keep  # type: ignore[method-assign]
    await work(newsroom.press)
    report = (
        b"From: MAILER-DAEMON@mx.example.com\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; somebody@else.example.com\r\n"
        b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 No such user\r\n\r\n--b--\r\n"
    )

    press = newsroom.press
    (done,) = await receive(
        report,
        senders,
        people=press.people,
        reports=press.reports,
        tokens=press.tokens,
        mailed_until=partial(mailed_until, press, now=await press.ledger.now()),
        policy=BouncePolicy.from_settings(press.settings),
        now=await press.ledger.now(),
    )

    suppression = await press.people.suppressions.find(parse_address(ANNA))
    assert suppression is not None
    assert "a message outside of any mailing" in suppression.evidence
    assert done.event.mailing == ONE_OFFS


async def test_welcome_and_goodbye_go_out_where_the_newsletter_wants_them(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    press, now = newsroom.press, await newsroom.press.ledger.now()
    (anna,) = await newsroom.join(ANNA)
    await post_welcome(press, newsroom.readers, anna, now)
    await work(press)
    assert relay.received == []

    newsletter = await press.newsletters.get("daily")
    await press.newsletters.put(replace(newsletter, notices=("welcome", "goodbye")))
    await post_welcome(press, newsroom.readers, anna, now)
    await work(press)
    await leave(press.people, anna, newsroom.readers.id, now)
    await post_goodbye(press, newsroom.readers, anna, now)
    await work(press)

    subjects = [message_from_bytes(message, policy=policy.default)["Subject"] for _, message in relay.received]
    assert subjects == ["Welcome to The Daily", "You have left The Daily"]


async def test_everybody_pending_is_asked_once_after_an_import(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN, state=SubscriptionState.PENDING)
    await newsroom.join("active@example.com")
    now = await newsroom.press.ledger.now()

    counts = [await post_confirmations(newsroom.press, newsroom.readers, now) for _ in range(2)]
    await work(newsroom.press)

    assert counts == [2, 0]
    assert relay.addresses() == [ANNA, BEN]


async def test_a_newsletter_that_is_gone_is_said_and_ends_the_matter(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    (one_off,) = await ask(newsroom, ANNA)
    await newsroom.press.redis.hdel("newsletters", "daily")

    await work(newsroom.press)

    one = await newsroom.press.outbox.get(one_off)
    assert (one.state, relay.received) == (OneOffState.REFUSED, [])
    assert "There is no newsletter" in one.sentence


def _with(press: Press, **told: object) -> Press:

    return replace(press, settings=press.settings.model_copy(update=told))
