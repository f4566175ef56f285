"""The inbox takes mail over real sockets, and plays its tricks."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ConfigError
from mailer.inbox.folder import InboxFolder
from mailer.inbox.listening import Inbox, open_inbox, serve_inbox
from mailer.smtp.relay import Relay

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SENDER = "b+token@bounces.example.com"
MESSAGE = b"From: news@example.com\r\nSubject: News\r\n\r\nHello\r\n"


@asynccontextmanager
async def opened(path: Path, reports_to: Relay | None = None) -> AsyncIterator[Inbox]:
    inbox = Inbox(InboxFolder(path), lambda: NOW, reports_to, report_delay=timedelta(0))
    async with open_inbox(inbox, "127.0.0.1", 0):
        yield inbox


async def talk(inbox: Inbox, conversation: Callable[[smtplib.SMTP], T]) -> T:
    def run() -> T:
        with smtplib.SMTP("127.0.0.1", inbox.port, timeout=10) as client:
            client.ehlo("press.test")
            return conversation(client)

    return await asyncio.to_thread(run)


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - what is waited for happens in a folder
            await asyncio.sleep(0.01)


async def test_any_mail_is_kept_as_it_came(tmp_path: Path) -> None:
    async with opened(tmp_path) as inbox:
        await talk(inbox, lambda client: client.sendmail(SENDER, ["anna@example.org"], MESSAGE))

        (heading,) = inbox.folder.list()
        caught = inbox.folder.read(heading.name)

    assert caught.message == MESSAGE
    assert (caught.return_path, caught.recipients) == (SENDER, ("anna@example.org",))
    assert "from press.test by inbox.test" in caught.header("Received")


@pytest.mark.parametrize(
    "body",
    [b"", b".\r\n", b"..\r\n", b"x.\r\n.y\r\n", b"\r\n\r\n", b"caf\xc3\xa9\r\n", b"x" * 70_000 + b"\r\n", b".\n.\r\n"],
)
async def test_bodies_survive_dots_and_length(tmp_path: Path, body: bytes) -> None:
    message = b"Subject: x\r\n\r\n" + body
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    async with opened(tmp_path) as inbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", inbox.port)
        writer.write(
            b"HELO press.test\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n%s.\r\nQUIT\r\n" % stuffed
        )
        answer = await reader.read()
        writer.close()

        (heading,) = inbox.folder.list()
        assert inbox.folder.read(heading.name).message == message

    assert b"\r\n250 2.0.0 OK" in answer


async def test_an_empty_message_ends_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as inbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", inbox.port)
        writer.write(b"HELO press.test\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n.\r\nQUIT\r\n")
        await reader.read()
        writer.close()

        assert inbox.folder.read(inbox.folder.list()[0].name).message == b""


async def test_a_pipeline_of_envelopes_and_messages_is_answered_in_order(tmp_path: Path) -> None:
    async with opened(tmp_path) as inbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", inbox.port)
        writer.write(b"EHLO press.test\r\n")
        for number in range(20):
            writer.write(b"MAIL FROM:<>\r\nRCPT TO:<p%d@example.org>\r\nDATA\r\n%s.\r\n" % (number, MESSAGE))
        writer.write(b"QUIT\r\n")
        answer = await reader.read()
        writer.close()

        assert inbox.folder.count() == 20

    assert b"250-PIPELINING" in answer
    assert b"250-8BITMIME" in answer
    assert b"250-SMTPUTF8" in answer
    codes = [line[:3] for line in answer.splitlines() if line[3:4] == b" "]
    assert codes == [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 20, b"221"]


async def test_an_internationalised_address_is_taken(tmp_path: Path) -> None:
    async with opened(tmp_path) as inbox:

        def conversation(client: smtplib.SMTP) -> None:
            client.command_encoding = "utf-8"
            client.sendmail(SENDER, ["王芳@example.org"], MESSAGE, mail_options=["SMTPUTF8", "BODY=8BITMIME"])

        await talk(inbox, conversation)

        assert inbox.folder.read(inbox.folder.list()[0].name).recipients == ("王芳@example.org",)


@pytest.mark.parametrize(
    ("recipient", "code", "status"),
    [
        ("gone.anna@example.org", 550, b"5.1.1"),
        ("anna+gone@example.org", 550, b"5.1.1"),
        ("full.anna@example.org", 552, b"5.2.2"),
        ("anna@example.org", 250, b"2.1.5"),
        ("later.anna@example.org", 250, b"2.1.5"),
    ],
)
async def test_sample_addresses_are_answered_at_rcpt(tmp_path: Path, recipient: str, code: int, status: bytes) -> None:
    async with opened(tmp_path) as inbox:

        def conversation(client: smtplib.SMTP) -> tuple[int, bytes]:
            client.mail(SENDER)
            return client.rcpt(recipient)

        answer = await talk(inbox, conversation)

    assert answer[0] == code
    assert answer[1].startswith(status)


async def test_a_greylisted_recipient_is_taken_the_third_time(tmp_path: Path) -> None:
    async with opened(tmp_path) as inbox:

        def conversation(client: smtplib.SMTP) -> list[int]:
            client.mail(SENDER)
            return [client.rcpt("greylist.anna@example.org")[0] for _ in range(3)]

        assert await talk(inbox, conversation) == [451, 451, 250]


@pytest.mark.parametrize(
    ("recipient", "kind"),
    [("later.anna@example.org", "message/delivery-status"), ("complains.anna@example.org", "message/feedback-report")],
)
async def test_a_report_follows_by_smtp_from_the_null_sender(tmp_path: Path, recipient: str, kind: str) -> None:
    async with opened(tmp_path / "press") as press, opened(tmp_path / "in", Relay("127.0.0.1", press.port)) as inbox:
        await talk(inbox, lambda client: client.sendmail(SENDER, [recipient], MESSAGE))
        await until(lambda: press.folder.count() == 1)

        report = press.folder.read(press.folder.list()[0].name)

    assert (report.return_path, report.recipients) == ("", (SENDER,))
    assert kind.encode() in report.message
    assert recipient.encode() in report.message


async def test_a_report_about_a_report_is_never_written(tmp_path: Path) -> None:
    async with opened(tmp_path / "press") as press, opened(tmp_path / "in", Relay("127.0.0.1", press.port)) as inbox:
        await talk(inbox, lambda client: client.sendmail("", ["later.anna@example.org"], MESSAGE))
        await talk(inbox, lambda client: client.sendmail(SENDER, ["later.boris@example.org"], MESSAGE))
        await until(lambda: press.folder.count() > 0)

        assert press.folder.count() == 1


async def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    async with opened(tmp_path) as inbox:
        with pytest.raises(ConfigError, match=f"The inbox cannot listen on 127.0.0.1:{inbox.port}"):
            await serve_inbox(Inbox(inbox.folder, lambda: NOW), "127.0.0.1", inbox.port)


@given(st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"x", b"..", b"\x00", b"\xff"]), max_size=12))
async def test_any_body_arrives_byte_for_byte(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    message = b"Subject: x\r\n\r\n" + b"".join(pieces) + b"\r\n"
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    async with opened(tmp_path_factory.mktemp("inbox")) as inbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", inbox.port)
        writer.write(
            b"HELO press.test\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n%s.\r\nQUIT\r\n" % stuffed
        )
        await reader.read()
        writer.close()

        assert inbox.folder.read(inbox.folder.list()[0].name).message == message
