"""Mail servers for these tests: a model that can misbehave, and aiosmtpd, which keeps what it gets."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.smtp import Envelope as OurEnvelope
from mailer.smtp import HandOver, Outcome, Pool, Relay

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
Serve = Callable[..., Coroutine[Any, Any, int]]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run each test on both loops: workers use uvloop, and it differs where connections break."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server that holds `talk` with each client; return its port."""
    async with AsyncExitStack() as stack:

        async def start(talk: Talk) -> int:
            async def talk_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                try:
                    await talk(reader, writer)
                except (ConnectionError, asyncio.IncompleteReadError):
                    pass
                finally:
                    writer.close()

            server = await asyncio.start_server(talk_and_close, "127.0.0.1", 0)
            stack.callback(server.close)
            port: int = server.sockets[0].getsockname()[1]
            return port

        yield start


@dataclass
class ModelServer:
    """A relay that takes everything, except as told; it counts what it saw."""

    max_messages: int = 1_000_000
    """Messages after which a connection is closed without a word."""
    turns_away: int = 0
    """Connections that are refused before one is taken."""
    dies_after: int = 1_000_000
    """Messages after which every further connection is refused."""
    holds_dots: asyncio.Event | None = None
    """No dot is answered before this is set."""
    connections: int = 0
    taken: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.connections <= self.turns_away or len(self.taken) >= self.dies_after:
            writer.write(b"421 4.3.2 Too many connections\r\n")
            return
        writer.write(b"220 model ESMTP\r\n")
        recipient, messages = "", 0
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-model\r\n250 PIPELINING\r\n")
            elif verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
                writer.write(b"250 2.1.5 Ok\r\n")
            elif verb == b"DATA":
                if messages == self.max_messages:
                    return
                writer.write(b"354 Go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.taken.append(recipient)
                messages += 1
                if self.holds_dots:
                    await self.holds_dots.wait()
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 Bye\r\n")
                return
            else:
                writer.write(b"250 Ok\r\n")


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something has happened."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the code under test has no event for tests
            await asyncio.sleep(0.001)


@pytest.fixture
def model_server() -> type[ModelServer]:
    return ModelServer


@pytest.fixture(name="until")
def until_fixture() -> Callable[[Callable[[], bool]], Coroutine[Any, Any, None]]:
    return until


@pytest.fixture
def start(serve: Serve) -> Callable[..., Coroutine[Any, Any, Pool]]:
    """Start a model server; return a pool for it."""

    async def start_pool(server: ModelServer, **changes: Any) -> Pool:
        port = await serve(server.talk)
        relay = Relay("127.0.0.1", port, connections=3, timeout_seconds=5, hello_name="press.example")
        return Pool(replace(relay, **changes), grace_seconds=0.2)

    return start_pool


@dataclass
class Mailbox:
    """An aiosmtpd handler that keeps every message as it came, and refuses whom it is told to."""

    refuses: frozenset[str] = frozenset()
    taken: dict[str, bytes] = field(default_factory=dict)
    envelopes: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if address in self.refuses:
            return "550 5.1.1 Unknown"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.envelopes.append(envelope)
        self.taken[envelope.rcpt_tos[0]] = envelope.content
        return "250 2.0.0 taken"


@pytest.fixture
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a self-signed certificate for `localhost`, and its key."""
    if not which("openssl"):
        pytest.skip("needs the openssl program")
    folder = tmp_path_factory.mktemp("tls")
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=DNS:localhost -keyout {key_file} -out {certificate_file}"
    subprocess.run(command.split(), check=True, capture_output=True)
    return certificate_file, key_file


@dataclass
class Outcomes:
    """A `settle` that insists on hearing of each hand-over once."""

    of: dict[int, Outcome] = field(default_factory=dict)

    def settle(self, key: int, outcome: Outcome) -> None:
        assert key not in self.of, f"{key} was settled twice: {self.of[key]} and {outcome}"
        self.of[key] = outcome

    def kinds(self) -> list[str]:
        return [str(self.of[key].kind) for key in sorted(self.of)]


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


def hand_over(number: int, message: bytes | None = None) -> HandOver:
    envelope = OurEnvelope(f"b+{number}@press.example", f"p{number}@reader.example", f"e+{number}")
    default = f"Subject: Issue {number}\r\n\r\n.a line that begins with a dot\r\n..\r\n.\r\nThe end.\r\n".encode()
    return HandOver(number, envelope, default if message is None else message)


@pytest.fixture
def hand_overs() -> Callable[[int], list[HandOver]]:
    """Return the hand-overs 1 to n."""
    return lambda count: [hand_over(number) for number in range(1, count + 1)]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()
