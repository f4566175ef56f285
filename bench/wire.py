"""A wire between a client and a server on loopback, that can be made longer, and can be cut.

What the server says arrives a fixed time later, as over a long way; what the client says goes through at once. The sum
is what counts in SMTP: a reply comes so much later.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast


class Wire:
    """All connections through one port."""

    def __init__(self, to_port: int, latency_seconds: float) -> None:
        self.port = 0
        self.latency_seconds = latency_seconds
        self.to_port = to_port
        self.ends: set[End] = set()

    def cut(self) -> int:
        """Break every connection off, as a router that forgets would: with a reset; return how many there were."""
        ends = list(self.ends)
        for end in ends:
            end.cut()
        return len(ends)


class End(asyncio.Protocol):
    """One end of one connection; `other` is the other."""

    def __init__(self, wire: Wire, *, delay_seconds: float, other: End | None = None) -> None:
        self._wire = wire
        self._delay_seconds = delay_seconds
        self._other = other
        self._transport: asyncio.Transport | None = None
        self._on_the_way: deque[bytes] = deque()
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the server, if it is the client who has come."""
        self._transport = cast("asyncio.Transport", transport)
        self._wire.ends.add(self)
        if self._other is None:
            self._transport.pause_reading()
            self._connecting = asyncio.create_task(self._connect())
        else:
            self._other.attach(self)

    def attach(self, other: End) -> None:
        """Go on, now that there is another end."""
        self._other = other
        if self._transport:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Pass it on, when its time has come."""
        if not self._delay_seconds:
            self._pass_on(data)
            return
        self._on_the_way.append(data)
        asyncio.get_running_loop().call_later(self._delay_seconds, self._arrive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the other end go, too."""
        self._wire.ends.discard(self)
        self._transport = None
        if self._other:
            # What is on the way arrives first.
            asyncio.get_running_loop().call_later(self._delay_seconds, self._other.hang_up)

    def say(self, data: bytes) -> None:
        """Say what came from the other end."""
        if self._transport:
            self._transport.write(data)

    def hang_up(self) -> None:
        """Close, once everything is said."""
        if self._transport:
            self._transport.close()

    def cut(self) -> None:
        """Break off."""
        if self._transport:
            self._transport.abort()

    def _arrive(self) -> None:
        self._pass_on(self._on_the_way.popleft())

    def _pass_on(self, data: bytes) -> None:
        if self._other:
            self._other.say(data)

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: End(self._wire, delay_seconds=self._wire.latency_seconds, other=self),
                "127.0.0.1",
                self._wire.to_port,
            )
        except OSError:
            self.cut()


@asynccontextmanager
async def stretched(to_port: int = 0, latency_seconds: float = 0.0) -> AsyncIterator[Wire]:
    """Give a wire to a server on this port, on the running loop; the port may be set later."""
    wire = Wire(to_port, latency_seconds)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: End(wire, delay_seconds=0.0), "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        wire.cut()
