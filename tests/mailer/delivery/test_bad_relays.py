"""Relays that hang, drop, flood, babble, lie, or are not who they should be: the mailing waits or pauses, and says why.

Whatever they do, nobody is lost, hardly anybody is tried in vain, and it goes on when the relay works.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.controlling import resume
from mailer.delivery.relays.relays import Relays
from mailer.delivery.sending import work_shift
from mailer.issues.mailing import Mailing, MailingState
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.settings import RelayTls

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom

PEOPLE = [f"p{number}@example.com" for number in range(40)]
BINARY = bytes(range(256)) * 8 + b"\r\n"
FLOOD = b"250-more and more\r\n" * 10_000
LIE = b"354 Go on, if you like\r\n"


@dataclass
class Moody:
    """A relay that does as it likes when it should answer to `at`; without that it takes everything."""

    at: bytes = b""
    says: bytes = b""
    """Said instead of an answer; then it hangs up. Nothing: it hangs."""
    sulks: int = 1_000_000
    """How often it does so."""
    together: asyncio.Barrier | None = None
    """So many connections sulk at one moment."""
    port: int = 0
    taken: list[str] = field(default_factory=list)
    answers: dict[bytes, bytes] = field(
        default_factory=lambda: {b"EHLO": b"250-moody\r\n250 PIPELINING\r\n", b"DATA": b"354 Go on\r\n"}
    )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 moody ESMTP\r\n")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == self.at and self.sulks:
                    return await self._sulk(reader, writer)
                writer.write(self.answers.get(verb, b"250 2.0.0 Ok\r\n"))
                if verb == b"RCPT":
                    recipient = line.decode().partition("<")[2].partition(">")[0]
                elif verb == b"DATA":
                    await reader.readuntil(b"\r\n.\r\n")
                    if self.at == b"." and self.sulks:
                        return await self._sulk(reader, writer)
                    self.taken.append(recipient)
                    writer.write(b"250 2.0.0 Taken\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _sulk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sulks -= 1
        if self.together:
            await self.together.wait()
        if self.says:
            writer.write(self.says)
            await writer.drain()
        else:
            while await reader.read(1 << 16):
                pass


@pytest.fixture
async def moody() -> AsyncIterator[Moody]:
    relay = Moody()
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    relay.port = server.sockets[0].getsockname()[1]
    yield relay
    server.close()


def changed(newsroom: Newsroom, **settings: object) -> Newsroom:
    """Give the newsroom with other settings."""
    press = newsroom.press
    return replace(newsroom, press=replace(press, settings=press.settings.model_copy(update=settings)))


async def rested(newsroom: Newsroom, mailing: Mailing) -> None:
    """Let the rest be over that follows when no relay can be used."""
    now = await newsroom.press.ledger.now()
    await newsroom.press.ledger.hasten(mailing.id, beyond=now, to=now)


async def goes_on(newsroom: Newsroom, mailing: Mailing) -> None:
    """Resume what is paused, and work until it is complete."""
    press = newsroom.press
    if (await press.mailings.get(mailing.id)).state is MailingState.PAUSED:
        await resume(press, mailing.id, now=await press.ledger.now())
    async with asyncio.timeout(10):
        while not (await press.mailings.get(mailing.id)).is_finished:
            await rested(newsroom, mailing)
            await newsroom.work()
    found, counts = await press.mailings.get(mailing.id), await press.ledger.counts(mailing.id)
    assert (found.state, found.problem) == (MailingState.COMPLETE, "")
    assert (counts.accepted, counts.balanced) == (len(PEOPLE), True)


@pytest.mark.parametrize(
    ("at", "says", "words"),
    [
        (b"MAIL", b"", "gave no answer to MAIL within 0.2 seconds"),
        (b"DATA", b"", "gave no answer to DATA within 0.2 seconds"),
        (b"MAIL", b"2", "the server closed it"),
        (b"RCPT", FLOOD, "longer than 256 lines"),
        (b"DATA", BINARY, "no SMTP reply"),
        (b"RCPT", b"999 2.0.0 Really\r\n", "no SMTP reply"),
        (b"MAIL", LIE, "answered MAIL with 354"),
    ],
)
async def test_whoever_answers_no_message_is_tried_again_later_and_few_are_tried_in_vain(
    newsroom: Newsroom, moody: Moody, at: bytes, says: bytes, words: str
) -> None:
    newsroom = changed(newsroom, relay_port=moody.port, relay_timeout_seconds=0.2)
    await newsroom.join(*PEOPLE)
    moody.at, moody.says = at, says
    mailing = await newsroom.send()

    await newsroom.work()

    found = await newsroom.press.mailings.get(mailing.id)
    counts = await newsroom.press.ledger.counts(mailing.id)
    assert found.state is MailingState.SENDING
    assert "takes connections, and answers nothing about messages" in found.problem
    assert words in found.problem
    assert "nobody is skipped" in found.problem
    assert (counts.pending, counts.deferred <= 2 * 2 * 3, counts.balanced) == (len(PEOPLE), True, True)
    moody.at = b""
    await goes_on(newsroom, mailing)
    assert sorted(moody.taken) == sorted(PEOPLE)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (b"2", "the server closed it"),
        (FLOOD, "longer than 256 lines"),
        (BINARY, "no SMTP reply"),
        (LIE, "answered the final dot with 354"),
    ],
)
async def test_whoever_answers_no_dot_pauses_the_mailing_before_everybody_has_two_copies(
    newsroom: Newsroom, moody: Moody, says: bytes, words: str
) -> None:
    newsroom = changed(newsroom, relay_port=moody.port)
    await newsroom.join(*PEOPLE)
    moody.at, moody.says = b".", says
    mailing = await newsroom.send()

    await newsroom.work()

    paused = await newsroom.press.mailings.get(mailing.id)
    counts = await newsroom.press.ledger.counts(mailing.id)
    assert paused.state is MailingState.PAUSED
    assert "then gives no answer that makes sense" in paused.problem
    assert words in paused.problem
    assert "`pressrun relays test` shows what it says" in paused.problem
    assert (counts.pending, counts.deferred <= 2 * 2 * 3, counts.balanced) == (len(PEOPLE), True, True)
    moody.at = b""
    await goes_on(newsroom, mailing)
    assert sorted(moody.taken) == sorted(PEOPLE)


async def test_silence_after_the_dot_is_noticed_over_several_shifts_and_by_the_name_of_the_relay(
    newsroom: Newsroom, moody: Moody
) -> None:
    press = newsroom.press
    await press.relays.add(
        StoredRelay(name="harbour", host="127.0.0.1", port=moody.port, tls=RelayTls.NONE, timeout_seconds=0.05)
    )
    await newsroom.join(*PEOPLE)
    moody.at = b"."
    mailing = await newsroom.send()
    relays = Relays(press, "w1")

    for _ in range(3):
        await work_shift(press, relays, lasts=timedelta(seconds=0.1), is_stopping=lambda: False)

    paused = await press.mailings.get(mailing.id)
    assert paused.state is MailingState.PAUSED
    assert "gave no answer to DOT within 0.5 seconds" in paused.problem
    assert "no answer" in (await press.relays.health("harbour")).reason
    assert (await press.ledger.counts(mailing.id)).pending == len(PEOPLE)
    await relays.close()


async def test_a_relay_that_is_restarted_under_many_connections_pauses_nothing(
    newsroom: Newsroom, moody: Moody
) -> None:
    newsroom = changed(newsroom, relay_port=moody.port, relay_connections=8)
    await newsroom.join(*PEOPLE)
    moody.at, moody.says = b".", b"2"
    mailing = await newsroom.send()
    moody.sulks, moody.together = 8, asyncio.Barrier(8)

    await newsroom.work()

    assert moody.sulks == 0
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.SENDING
    await goes_on(newsroom, mailing)
    assert set(moody.taken) == set(PEOPLE)
