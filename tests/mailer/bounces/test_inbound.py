"""The listener takes reports about our own mail, over real sockets, and loses none."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import pytest

from mailer.bounces.inbound import open_inbound, serve_inbound
from mailer.bounces.verp import refusal_of, return_path
from mailer.errors import ConfigError, StoreDownError, TrayFullError
from mailer.tokens import Tokens
from subscribers.errors import StorageDownError

T = TypeVar("T")
TOKENS = Tokens(b"a secret for tests that is long enough")
OURS = return_path(TOKENS, 7, 1, "bounces.example.com")
REPORT = b"From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered\r\n\r\nSorry.\r\n"


@dataclass
class Desk:
    """Notes what it is handed, or fails as told."""

    failure: Exception | None = None
    taken: list[tuple[bytes, str, list[str]]] = field(default_factory=list)

    async def handle(self, raw: bytes, mail_from: str, recipients: list[str]) -> None:
        if self.failure is not None:
            raise self.failure
        self.taken.append((raw, mail_from, recipients))


@asynccontextmanager
async def listening(desk: Desk) -> AsyncIterator[int]:
    async with open_inbound("127.0.0.1", 0, desk.handle, partial(refusal_of, TOKENS)) as port:
        yield port


async def talk(port: int, conversation: Callable[[smtplib.SMTP], T]) -> T:
    def run() -> T:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.ehlo()
            return conversation(client)

    return await asyncio.to_thread(run)


async def test_a_report_from_the_null_sender_is_handed_over_whole() -> None:
    desk = Desk()
    async with listening(desk) as port:
        await talk(port, lambda client: client.sendmail("", [OURS], REPORT))

    assert desk.taken == [(REPORT, "", [OURS])]


async def test_a_report_with_a_sender_is_taken_too() -> None:
    desk = Desk()
    async with listening(desk) as port:
        await talk(port, lambda client: client.sendmail("fbl@example.net", [OURS], REPORT))

    assert desk.taken[0][1] == "fbl@example.net"


@pytest.mark.parametrize(
    ("recipient", "code", "status"),
    [
        ("anna@example.org", 550, b"5.7.1"),
        ("b+aaaaaaaaaaaaaaaa@bounces.example.com", 550, b"5.1.1"),
        (OURS.replace("b+", "u+"), 550, b"5.1.1"),
        (OURS, 250, b"2.1.5"),
        (OURS.upper(), 250, b"2.1.5"),
        ("postmaster@example.com", 250, b"2.1.5"),
        ("abuse@example.com", 250, b"2.1.5"),
    ],
)
async def test_only_our_own_addresses_are_taken_at_rcpt(recipient: str, code: int, status: bytes) -> None:
    async with listening(Desk()) as port:

        def conversation(client: smtplib.SMTP) -> tuple[int, bytes]:
            client.mail("")
            return client.rcpt(recipient)

        answer = await talk(port, conversation)

    assert answer[0] == code
    assert answer[1].startswith(status)


@pytest.mark.parametrize("failure", [StoreDownError("down"), StorageDownError("down"), ZeroDivisionError("a bug")])
async def test_what_could_not_be_stored_stays_with_its_sender(failure: Exception) -> None:
    desk = Desk(failure)
    async with listening(desk) as port:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await talk(port, lambda client: client.sendmail("", [OURS], REPORT))

    assert refused.value.smtp_code == 451
    assert "4.3.0" in str(refused.value.smtp_error)
    assert "bug" not in str(refused.value.smtp_error)


async def test_what_a_full_tray_has_no_room_for_stays_with_its_sender() -> None:
    async with listening(Desk(TrayFullError("full"))) as port:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await talk(port, lambda client: client.sendmail("", [OURS], REPORT))

    assert (refused.value.smtp_code, str(refused.value.smtp_error)[2:7]) == (451, "4.3.1")


async def test_two_reports_in_one_conversation_are_both_taken() -> None:
    desk = Desk()
    async with listening(desk) as port:

        def conversation(client: smtplib.SMTP) -> None:
            client.sendmail("", [OURS], REPORT)
            client.sendmail("", [OURS], b"Subject: second\r\n\r\n..dots\r\n")

        await talk(port, conversation)

    assert [raw for raw, _, _ in desk.taken] == [REPORT, b"Subject: second\r\n\r\n..dots\r\n"]


async def test_a_very_long_line_is_taken() -> None:
    desk = Desk()
    async with listening(desk) as port:
        await talk(port, lambda client: client.sendmail("", [OURS], b"Subject: x\r\n\r\n" + b"y" * 200_000 + b"\r\n"))

    assert len(desk.taken[0][0]) > 200_000


async def test_eleven_megabytes_are_too_many() -> None:
    desk = Desk()
    async with listening(desk) as port:
        with pytest.raises(smtplib.SMTPException, match="552"):
            await talk(port, lambda client: client.sendmail("", [OURS], (b"x" * 998 + b"\r\n") * 11_000))

    assert desk.taken == []


async def test_a_taken_port_is_one_clear_sentence() -> None:
    async with listening(Desk()) as port:
        with pytest.raises(ConfigError, match=f"Cannot listen for bounces on 127.0.0.1:{port}"):
            await serve_inbound("127.0.0.1", port, Desk().handle, partial(refusal_of, TOKENS))


async def test_it_serves_until_it_is_cancelled() -> None:
    serving = asyncio.create_task(serve_inbound("127.0.0.1", 0, Desk().handle, partial(refusal_of, TOKENS)))
    await asyncio.sleep(0)

    serving.cancel()

    with pytest.raises(asyncio.CancelledError):
        await serving
