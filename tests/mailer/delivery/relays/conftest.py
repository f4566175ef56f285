"""Several relays on loopback, and the part of a press that uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mailer.delivery.press import Press
from mailer.delivery.relays.relays import Relays
from mailer.homefolder import make_secret
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.settings import RelayTls, Settings
from mailer.smtp import Envelope, HandOver, Outcome
from mailer.wiring import put_together
from subscribers.storage import Redis


@dataclass
class LoopbackRelay:
    """A relay that takes mail until it is told otherwise."""

    port: int = 0
    greeting: str = "220 relay.example.com"
    at_auth: str = "235 2.7.0 Welcome"
    drops_after: int = 1_000_000
    """Messages after which it hangs up in the middle of an envelope, and greets nobody any more."""
    drops_at_dot: bool = False
    taken: list[str] = field(default_factory=list)
    connections: int = 0
    open_now: int = 0
    most_open: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_now -= 1
            writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self.taken) >= self.drops_after:
            return
        writer.write(f"{self.greeting}\r\n".encode())
        recipient = ""
        while line := await reader.readline():
            verb = line[:4]
            if verb == b"EHLO":
                writer.write(b"250-relay.example.com\r\n250-AUTH PLAIN\r\n250 PIPELINING\r\n")
            elif verb == b"AUTH":
                writer.write(f"{self.at_auth}\r\n".encode())
            elif verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
                writer.write(b"250 2.1.5 Ok\r\n")
            elif verb == b"DATA":
                if len(self.taken) >= self.drops_after and not self.drops_at_dot:
                    return
                writer.write(b"354 Go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                if len(self.taken) >= self.drops_after and self.drops_at_dot:
                    return
                self.taken.append(recipient)
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 Bye\r\n")
                return
            else:
                writer.write(b"250 Ok\r\n")


@dataclass
class Outcomes:
    """A `settle` that insists on hearing of each hand-over once."""

    of: dict[int, Outcome] = field(default_factory=dict)

    def settle(self, key: int, outcome: Outcome) -> None:
        assert key not in self.of, f"{key} was settled twice"
        self.of[key] = outcome

    def kinds(self) -> list[str]:
        return [str(self.of[key].kind) for key in sorted(self.of)]


Define = Callable[..., Awaitable[LoopbackRelay]]


@pytest.fixture
def outcomes() -> Outcomes:
    return Outcomes()


@pytest.fixture
def press(redis: Redis, tmp_path: Path) -> Press:
    make_secret(tmp_path)
    settings = Settings(home=tmp_path, relay_port=9, relay_timeout_seconds=5, hello_name="press.example.com")
    return put_together(settings, redis)


@pytest.fixture
async def define(press: Press) -> AsyncIterator[Define]:
    """Start a relay on loopback and define it."""
    async with AsyncExitStack() as stack:

        async def start(name: str, server: LoopbackRelay | None = None, **changes: Any) -> LoopbackRelay:
            server = server or LoopbackRelay()
            listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
            stack.callback(listening.close)
            server.port = listening.sockets[0].getsockname()[1]
            facts: dict[str, Any] = {"connections": 2, "timeout_seconds": 5, "hello_name": "press.example.com"}
            facts |= {"host": "127.0.0.1", "port": server.port, "tls": RelayTls.NONE}
            await press.relays.add(StoredRelay(name=name, **(facts | changes)))
            return server

        yield start


@pytest.fixture
async def relays(press: Press) -> AsyncIterator[Relays]:
    opened = Relays(press, "w1")
    yield opened
    await opened.close()


@pytest.fixture
def loopback_relay() -> type[LoopbackRelay]:
    return LoopbackRelay


@pytest.fixture
def hand_overs() -> Callable[[int], list[HandOver]]:
    """Return the hand-overs 1 to n."""

    def make(count: int) -> list[HandOver]:
        return [
            HandOver(number, Envelope("b@press.example", f"p{number}@reader.example"), b"Subject: x\r\n\r\nHello\r\n")
            for number in range(1, count + 1)
        ]

    return make
