"""What leaves is signed where the sender's domain has a key, and an independent verifier agrees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import dkim

from mailer.delivery.trying import send_test
from mailer.issues.mailing import MailingState
from mailer.sealing import Seal
from mailer.senders.domainkey import DomainKey
from mailer.senders.keystore import KeyStore
from mailer.senders.rotating import activate_unseen, make_key, retire

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN, DOMAIN = "anna@example.com", "ben@example.com", "news.example.com"


async def new_key(newsroom: Newsroom) -> DomainKey:
    now = await newsroom.press.ledger.now()
    key = await make_key(newsroom.press.keys, DOMAIN, now=now)
    return await activate_unseen(newsroom.press.keys, DOMAIN, key.selector, now)


def verifies(message: bytes, key: DomainKey) -> bool:
    records = {f"{key.record_name}.".encode(): key.record.encode()}
    return bool(dkim.verify(message, dnsfunc=lambda name, timeout=5: records.get(name)))


async def test_every_message_is_signed_and_verified_by_somebody_else(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    key = await new_key(newsroom)
    await newsroom.join(ANNA, BEN, "rené@example.com")
    await newsroom.send()

    await newsroom.work()
    await send_test(newsroom.press, "harbour", "boss@example.com", now=await newsroom.press.ledger.now())

    assert len(relay.received) == 4
    assert all(message.startswith(b"DKIM-Signature: ") for _, message in relay.received)
    assert all(verifies(message, key) for _, message in relay.received)
    _, first = relay.received[0]
    assert not verifies(first.replace(b"List-Unsubscribe-Post: ", b"X-Post: ", 1), key)


async def test_a_second_try_differs_in_its_date_and_signature_only(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await new_key(newsroom)
    await newsroom.join(ANNA)
    relay.at_dot[ANNA] = "451 4.7.1 Greylisted"
    seen = []
    original = relay.handle_DATA

    async def keep(server, session, envelope):  # type: ignore[no-untyped-def]
        seen.append(envelope.content)
        if len(seen) == 2:
            relay.at_dot.clear()
        return await original(server, session, envelope)

    relay.handle_DATA = keep  # type: ignore[method-assign]
    await newsroom.send()
    while len(seen) < 2:
        await newsroom.work()

    first, second = (_undated(message) for message in seen)
    assert first == second


async def test_without_a_key_mail_goes_out_as_it_is(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    key = await new_key(newsroom)
    await retire(newsroom.press.keys, DOMAIN, key.selector, await newsroom.press.ledger.now())
    await newsroom.join(ANNA)
    await newsroom.send()

    await newsroom.work()

    assert b"DKIM-Signature" not in relay.received[0][1]


async def test_a_key_that_cannot_be_opened_pauses_the_mailing_and_skips_nobody(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    other = KeyStore(newsroom.press.redis, Seal(b"the secret of another installation, as long", "dkim"))
    now = await newsroom.press.ledger.now()
    key = await make_key(other, DOMAIN, now=now)
    await activate_unseen(other, DOMAIN, key.selector, now)
    await newsroom.join(ANNA)
    mailing = await newsroom.send()

    await newsroom.work()

    paused = await newsroom.press.mailings.get(mailing.id)
    assert paused.state is MailingState.PAUSED
    assert "secret.key" in paused.problem
    assert relay.received == []
    assert (await newsroom.press.ledger.counts(mailing.id)).pending == 1


def _undated(message: bytes) -> bytes:
    header, _, body = message.partition(b"\r\n\r\n")
    header = re.sub(rb"(?m)^(?:DKIM-Signature|Date):.*\r\n(?:[ \t].*\r\n)*", b"", header + b"\r\n")
    return header + body
