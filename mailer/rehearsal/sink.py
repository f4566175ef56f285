"""The rehearsal's mail server: on loopback, takes everything, keeps nothing, and answers as late as it was told.

Latency is that of a round trip: replies to pipelined commands (RFC 2920) all come as late, not one after the other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from mailer.rehearsal.fault import REPLIES, Fault, fault_of

_END = b"\r\n.\r\n"
_LONGEST_LINE = 2_000


@dataclass
class Sink:
    """What the server does, and what it has seen."""

    latency_seconds: float = 0.0
    fault_rate: float = 0.0
    port: int = 0
    copies: Counter[str] = field(default_factory=Counter)
    """How often each address was taken to the final dot, whatever was answered."""
    met: set[tuple[str, Fault]] = field(default_factory=set)
    """Faults that have happened; some happen once."""

    def strikes(self, address: str, *kinds: Fault) -> Fault | None:
        """Return the fault that happens to this address now, if it is of these kinds."""
        fault = fault_of(address, self.fault_rate)
        if fault not in kinds or (fault is not Fault.REFUSED and (address, fault) in self.met):
            return None
        self.met.add((address, fault))
        return fault


class _Connection(asyncio.Protocol):
    """One connection: commands in, replies out."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._unread = bytearray()
        self._recipient = ""
        self._is_in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say(b"220 rehearsal.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        """Take in what came, and answer what is whole."""
        self._unread += data
        while self._take_one():
            pass

    def _take_one(self) -> bool:
        if self._is_in_data:
            end = self._unread.find(_END)
            if end < 0:
                # The end may be cut in two; all before it can be forgotten.
                del self._unread[: max(0, len(self._unread) - len(_END))]
                return False
            del self._unread[: end + len(_END)]
            self._is_in_data = False
            self._take_message()
            return True
        end = self._unread.find(b"\n")
        if end < 0:
            if len(self._unread) > _LONGEST_LINE:
                self._transport.close()
            return False
        line = bytes(self._unread[:end]).strip()
        del self._unread[: end + 1]
        self._take_command(line)
        return True

    def _take_command(self, line: bytes) -> None:
        match line[:4].upper():
            case b"EHLO":
                self._say(b"250-rehearsal.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 DSN\r\n")
            case b"RCPT":
                address = line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace")
                fault = self._sink.strikes(address, Fault.REFUSED, Fault.DEFERRED)
                self._recipient = "" if fault else address
                self._say(REPLIES[fault] if fault else b"250 2.1.5 OK\r\n")
            case b"DATA" if self._recipient:
                self._is_in_data = True
                # So that an empty message ends, too, its content begins with a line end.
                self._unread[:0] = b"\r\n"
                self._say(b"354 Go on\r\n")
            case b"DATA":
                self._say(b"503 5.5.1 No recipient\r\n")
            case b"QUIT":
                self._say(b"221 2.0.0 Bye\r\n")
                asyncio.get_running_loop().call_later(self._sink.latency_seconds, self._transport.close)
            case _:
                self._say(b"250 2.0.0 OK\r\n")

    def _take_message(self) -> None:
        self._sink.copies[self._recipient] += 1
        if self._sink.strikes(self._recipient, Fault.LOST):
            self._transport.abort()
        else:
            self._say(b"250 2.0.0 Taken, and forgotten\r\n")
        self._recipient = ""

    def _say(self, reply: bytes) -> None:
        if self._sink.latency_seconds:
            asyncio.get_running_loop().call_later(self._sink.latency_seconds, self._transport.write, reply)
        else:
            self._transport.write(reply)


@asynccontextmanager
async def open_sink(sink: Sink) -> AsyncIterator[Sink]:
    """Listen on a free port of loopback."""
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(sink), "127.0.0.1", 0)
    sink.port = int(server.sockets[0].getsockname()[1])
    try:
        yield sink
    finally:
        server.close()
