"""Relays that are not who they should be, or do not believe who we are: the mailing pauses until somebody mends it."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from mailer.delivery.controlling import resume
from mailer.delivery.relays.relays import Relays
from mailer.delivery.sending import work_shift
from mailer.issues.mailing import Mailing, MailingState
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.settings import RelayTls

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

PEOPLE = [f"p{number}@example.com" for number in range(5)]


async def rested(newsroom: Newsroom, mailing: Mailing) -> None:
    """Let the rest be over that follows when no relay can be used."""
    now = await newsroom.press.ledger.now()
    await newsroom.press.ledger.hasten(mailing.id, beyond=now, to=now)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Make a self-signed certificate for `localhost`, and its key."""
    files = (tmp_path / "certificate.pem", tmp_path / "key.pem")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=DNS:localhost -keyout {files[1]} -out {files[0]}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return files


Guard = Callable[..., Awaitable[int]]


@pytest.fixture
async def guarded(relay: ScriptedRelay, certificate: tuple[Path, Path]) -> AsyncIterator[Guard]:
    """Open another door to the scripted relay, with TLS or a password; return its port."""
    async with AsyncExitStack() as stack:

        async def open_door(**options: Any) -> int:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*certificate)
            if options.pop("is_tls", False):
                options["tls_context"] = context
            loop = asyncio.get_running_loop()
            server = await loop.create_server(lambda: SMTP(relay, loop=loop, **options), "127.0.0.1", 0)
            stack.callback(server.close)
            port: int = server.sockets[0].getsockname()[1]
            return port

        yield open_door


async def through(newsroom: Newsroom) -> None:
    relays = Relays(newsroom.press, "w1")
    await work_shift(newsroom.press, relays, lasts=timedelta(seconds=5), is_stopping=lambda: False)
    await relays.close()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"host": "127.0.0.1"}, "not valid for '127.0.0.1'"),
        ({"certificate_file": ""}, "self-signed certificate"),
    ],
)
async def test_a_certificate_that_does_not_match_pauses_the_mailing_until_it_does(
    newsroom: Newsroom, guarded: Guard, relay: ScriptedRelay, certificate: tuple[Path, Path], wrong: Any, words: str
) -> None:
    press = newsroom.press
    right = StoredRelay(
        name="harbour",
        host="localhost",
        port=await guarded(is_tls=True),
        tls=RelayTls.STARTTLS,
        certificate_file=str(certificate[0]),
    )
    await press.relays.add(replace(right, **wrong))
    await newsroom.join(*PEOPLE)
    mailing = await newsroom.send()

    await through(newsroom)

    paused = await press.mailings.get(mailing.id)
    assert paused.state is MailingState.PAUSED
    assert "shows a certificate that is not to be trusted" in paused.problem
    assert words in paused.problem
    assert (await press.ledger.counts(mailing.id)).deferred == 0
    await press.relays.put(right)
    await resume(press, mailing.id, now=await press.ledger.now())
    await rested(newsroom, mailing)
    await through(newsroom)
    assert relay.addresses() == sorted(PEOPLE)


async def test_credentials_that_are_refused_pause_the_mailing_until_they_are_right(
    newsroom: Newsroom, guarded: Guard, relay: ScriptedRelay, tmp_path: Path
) -> None:
    press, password = newsroom.press, tmp_path / "password"
    port = await guarded(authenticator=_authenticate, auth_require_tls=False)
    stored = StoredRelay(
        name="harbour", host="127.0.0.1", port=port, tls=RelayTls.NONE, username="press", password_file=str(password)
    )
    await press.relays.add(stored)
    await newsroom.join(*PEOPLE)
    mailing = await newsroom.send()

    for wrong, words in (("", "cannot be read"), ("of last year", "AUTH with 535")):
        if wrong:
            password.write_text(wrong)
            await resume(press, mailing.id, now=await press.ledger.now())
            await rested(newsroom, mailing)
        await through(newsroom)
        paused = await press.mailings.get(mailing.id)
        assert paused.state is MailingState.PAUSED
        assert words in paused.problem
        assert "Nobody was skipped; mend the relay" in paused.problem
    password.write_text("sesame")
    # Who resumes has mended it: nobody waits until the relay would have been tried again by itself.
    await resume(press, mailing.id, now=await press.ledger.now())
    await rested(newsroom, mailing)
    await through(newsroom)

    assert relay.addresses() == sorted(PEOPLE)


async def test_a_relay_that_offers_no_tls_where_it_must_pauses_the_mailing(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    press = newsroom.press
    await press.relays.add(StoredRelay(name="harbour", host="127.0.0.1", port=relay.port, tls=RelayTls.STARTTLS))
    await newsroom.join(*PEOPLE)
    mailing = await newsroom.send()

    await through(newsroom)

    paused = await press.mailings.get(mailing.id)
    assert paused.state is MailingState.PAUSED
    assert "does not offer STARTTLS, which the settings demand. Nobody was skipped" in paused.problem
    assert relay.received == []


def _authenticate(server: SMTP, session: object, envelope: object, mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data.password == b"sesame", handled=False)
