"""One server: a pool of connections, and many commands in one round trip."""

from __future__ import annotations

import asyncio
import builtins
import math
from collections.abc import Sequence
from typing import Any

import hiredis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, Connection, SSLConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - the library's name; used only here
    ResponseError,
    TimeoutError,  # noqa: A004
)

from subscribers.servers.address import Address
from subscribers.servers.command import Command, is_write

ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 2.0
_SLOWEST_PER_SECOND = 1_000  # commands; a round trip of many may take longer by this
_COPIES_WITHIN_MS = 500

CONNECTION: dict[str, Any] = {
    "decode_responses": False,
    "protocol": 3,
    "socket_timeout": ANSWER_SECONDS,
    "socket_connect_timeout": CONNECT_SECONDS,
}
"""How every connection is opened."""

_POOL: dict[str, Any] = {
    **CONNECTION,
    # More at once wait for a connection, rather than fail as with the library's own pool.
    "max_connections": 50,
    "timeout": ANSWER_SECONDS,
    # Whoever asks tries again, perhaps at another node.
    "retry": Retry(NoBackoff(), retries=0),
}


class TooFewCopiesError(ConnectionError):
    """A write is on the node, and not yet on as many of its replicas as it has to be. It may be repeated."""


class Node:
    """A server that holds data. `copies` is how many of its replicas must have a write before it counts."""

    def __init__(self, pool: BlockingConnectionPool, copies: int) -> None:
        """Take the connections, none of which is open yet."""
        self.pool = pool
        self.copies = copies

    @classmethod
    def of_url(cls, url: str, *, copies: int = 0) -> Node:
        """Return the server of a URL as the library understands it. Raises ValueError for one that is none."""
        return cls(BlockingConnectionPool.from_url(url, **_POOL), copies)

    @classmethod
    def at(cls, host: str, port: int, address: Address, *, copies: int = 0) -> Node:
        """Return the server at a place, which wants what the address says."""
        settings: dict[str, Any] = {**_POOL, **address.credentials, "host": host, "port": port}
        kind = SSLConnection if address.is_tls else Connection
        return cls(BlockingConnectionPool(connection_class=kind, db=address.database, **settings), copies)

    @property
    def place(self) -> str:
        """Where it is, as a person would say it."""
        said = self.pool.connection_kwargs
        return str(said.get("path") or f"{said.get('host', 'localhost')}:{said.get('port', 6379)}")

    async def exchange(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands in one round trip; a command's own error stands in the place of its reply.

        Where a write is among them, the replicas have it too when this returns. redis-py's pipeline does the same at
        four times the cost: it packs in Python, and sets a timer for every reply.
        """
        connection: AbstractConnection = await self.pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            if self.copies and any(map(is_write, commands)):
                return await self._copied(connection, commands)
            return await _exchange(connection, commands)
        except BaseException:
            # Replies may still be on their way, and would be taken for those to the next command.
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self.pool.release(connection)

    async def aclose(self) -> None:
        """Close every connection."""
        await self.pool.aclose()

    async def _copied(self, connection: AbstractConnection, commands: Sequence[Command]) -> list[Any]:
        *replies, copies = await _exchange(connection, [*commands, ("WAIT", self.copies, _COPIES_WITHIN_MS)])
        if isinstance(copies, ResponseError):
            raise copies
        if copies < self.copies:
            raise TooFewCopiesError(f"{copies} of the {self.copies} replicas that must have a write have it")
        return replies


async def _exchange(connection: AbstractConnection, commands: Sequence[Command]) -> list[Any]:
    packed = b"".join([hiredis.pack_command(command) for command in commands])  # type: ignore[arg-type]
    seconds = ANSWER_SECONDS + len(commands) / _SLOWEST_PER_SECOND
    try:
        async with asyncio.timeout(seconds):
            await connection.send_packed_command(packed)
            return [await _reply(connection) for _ in commands]
    except builtins.TimeoutError as error:
        raise TimeoutError(f"No answer within {seconds:.0f} seconds") from error


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response(disable_decoding=True, timeout=math.inf)
    except ResponseError as error:
        return error
