"""Against aiosmtpd, which shares no code with us: content byte for byte, refusals, TLS and AUTH."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mailer.errors import ConfigError, RelayError
from mailer.settings import RelayTls
from mailer.smtp import HandOver, Pool, Relay

Start = Callable[..., Awaitable[Relay]]
Files = tuple[Path, Path]


@pytest.fixture
async def aiosmtpd() -> AsyncIterator[Start]:
    """Start an aiosmtpd server; return the relay that describes it."""
    async with AsyncExitStack() as stack:

        async def start(
            mailbox: Any, *, starttls: Files | None = None, implicit: Files | None = None, **options: Any
        ) -> Relay:
            context = server_context(starttls) if starttls else None
            server = await asyncio.get_running_loop().create_server(
                lambda: SMTP(mailbox, hostname="mx.example", tls_context=context, **options),
                "127.0.0.1",
                0,
                ssl=server_context(implicit) if implicit else None,
            )
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
            return Relay("127.0.0.1", port, connections=2, timeout_seconds=5, hello_name="press.example")

        yield start


def server_context(files: Files) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    return context


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    is_right = (data.login, data.password) == (b"press", "pässword".encode())
    return AuthResult(success=is_right, handled=False)


async def hand_over_all(relay: Relay, hand_overs: list[HandOver], outcomes: Any) -> None:
    pool = Pool(relay)
    try:
        await pool.hand_over_all(iter(hand_overs), outcomes.settle)
    finally:
        await pool.close()


async def test_content_arrives_byte_for_byte(aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any) -> None:
    messages = [
        b"Subject: x\r\n\r\n.\r\n..\r\n...\r\n",
        b".\r\n",
        b"Subject: large\r\n\r\n" + b"0123456789abcdef" * 60 + b"\r\n.y\r\n" * 20_000,
        "Subject: x\r\n\r\n你好，世界\r\n".encode(),
        b"Subject: x\r\n\r\n" + b"\r\n" * 50,
    ]
    everybody = [HandOver(one.key, one.envelope, message) for one, message in zip(hand_overs(5), messages, strict=True)]

    await hand_over_all(await aiosmtpd(mailbox, data_size_limit=2**24), everybody, outcomes)

    assert outcomes.kinds() == ["accepted"] * 5
    assert mailbox.taken == {one.envelope.recipient: one.message for one in everybody}
    assert {envelope.mail_from for envelope in mailbox.envelopes} == {one.envelope.sender for one in everybody}


async def test_who_is_refused_is_refused_alone(aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any) -> None:
    mailbox.refuses = frozenset({"p3@reader.example", "p4@reader.example", "p9@reader.example"})

    await hand_over_all(await aiosmtpd(mailbox), hand_overs(9), outcomes)

    refused = [key for key, outcome in outcomes.of.items() if outcome.kind == "refused"]
    assert sorted(refused) == [3, 4, 9]
    assert str(outcomes.of[3].reply) == "550 5.1.1 Unknown"
    assert len(mailbox.taken) == 6


async def test_an_address_beyond_ascii_goes_through(
    aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any
) -> None:
    one = hand_overs(1)[0]
    envelope = type(one.envelope)("b@press.example", "用户@reader.example")
    relay = await aiosmtpd(mailbox, enable_SMTPUTF8=True)

    await hand_over_all(relay, [HandOver(1, envelope, one.message)], outcomes)

    assert list(mailbox.taken) == ["用户@reader.example"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("tls", [RelayTls.STARTTLS, RelayTls.IMPLICIT, RelayTls.OPPORTUNISTIC])
async def test_tls_and_login(
    aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any, certificate: Files, tls: RelayTls
) -> None:
    which = {"implicit": certificate} if tls is RelayTls.IMPLICIT else {"starttls": certificate}
    relay = await aiosmtpd(mailbox, authenticator=authenticate, auth_require_tls=False, auth_required=True, **which)
    relay = replace(relay, host="localhost", tls=tls, certificate_file=str(certificate[0]))
    relay = replace(relay, username="press", password="pässword")

    await hand_over_all(relay, hand_overs(10), outcomes)

    assert outcomes.kinds() == ["accepted"] * 10


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_each_way_to_log_in(
    aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any, mechanism: str
) -> None:
    other = {"PLAIN", "LOGIN"} - {mechanism}
    relay = await aiosmtpd(mailbox, authenticator=authenticate, auth_require_tls=False, auth_exclude_mechanism=other)

    await hand_over_all(replace(relay, username="press", password="pässword"), hand_overs(1), outcomes)

    assert outcomes.kinds() == ["accepted"]


async def test_a_wrong_password_is_told_and_not_repeated(
    aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any
) -> None:
    relay = await aiosmtpd(mailbox, authenticator=authenticate, auth_require_tls=False)

    with pytest.raises(RelayError, match="AUTH with 535") as raised:
        await hand_over_all(replace(relay, username="press", password="sesame"), hand_overs(1), outcomes)

    assert "sesame" not in str(raised.value)
    assert outcomes.of == {}


@pytest.mark.parametrize("tls", [RelayTls.STARTTLS, RelayTls.IMPLICIT])
@pytest.mark.parametrize(("host", "is_trusted"), [("localhost", False), ("127.0.0.1", True)])
async def test_a_certificate_that_does_not_match_stops_everything(
    aiosmtpd: Start,
    mailbox: Any,
    hand_overs: Any,
    outcomes: Any,
    certificate: Files,
    tls: RelayTls,
    host: str,
    is_trusted: bool,
) -> None:
    which = {"starttls": certificate} if tls is RelayTls.STARTTLS else {"implicit": certificate}
    relay = replace(await aiosmtpd(mailbox, **which), host=host, tls=tls)
    relay = replace(relay, certificate_file=str(certificate[0]) if is_trusted else "")

    with pytest.raises(RelayError, match=r"(?i)certificate"):
        await hand_over_all(relay, hand_overs(1), outcomes)

    assert outcomes.of == {}


async def test_tls_that_is_only_wished_for_takes_any_certificate(
    aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any, certificate: Files
) -> None:
    relay = replace(await aiosmtpd(mailbox, starttls=certificate), tls=RelayTls.OPPORTUNISTIC)

    await hand_over_all(relay, hand_overs(1), outcomes)

    assert outcomes.kinds() == ["accepted"]


async def test_the_password_is_read_from_its_file_for_each_connection(
    aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    relay = await aiosmtpd(mailbox, authenticator=authenticate, auth_require_tls=False)
    relay = replace(relay, username="press", password_file=str(file), connections=1)

    file.write_text("an old one\n")
    with pytest.raises(RelayError, match="AUTH with 535"):
        await hand_over_all(relay, hand_overs(1), outcomes)
    file.write_text("pässword\n")
    await hand_over_all(relay, hand_overs(1), outcomes)

    assert outcomes.kinds() == ["accepted"]


def test_a_password_for_tls_that_anybody_can_strip_is_refused() -> None:
    with pytest.raises(ConfigError, match="plain text"):
        Relay("mx.example.com", 587, tls=RelayTls.OPPORTUNISTIC, username="press", password="sesame")


async def test_tls_where_none_is_spoken_is_a_relay_error(
    aiosmtpd: Start, mailbox: Any, hand_overs: Any, outcomes: Any
) -> None:
    relay = replace(await aiosmtpd(mailbox), tls=RelayTls.IMPLICIT)

    with pytest.raises(RelayError):
        await hand_over_all(relay, hand_overs(1), outcomes)


async def test_a_missing_certificate_file_is_the_operators(hand_overs: Any, outcomes: Any) -> None:
    relay = Relay("127.0.0.1", 1, tls=RelayTls.IMPLICIT, certificate_file="/nowhere/ca.pem")

    with pytest.raises(ConfigError, match=r"/nowhere/ca\.pem"):
        await hand_over_all(relay, hand_overs(1), outcomes)
