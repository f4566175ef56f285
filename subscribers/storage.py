"""The way to Redis; the only file that imports the client library.

Every failure of Redis itself (not there, not answering, full, read-only, still loading) becomes StorageDownError,
whatever is called. The client tries a broken command again by itself, so every write in this house can be repeated:
SETBIT and HSET, never a bare increment that counts something.
"""

from __future__ import annotations

import asyncio
import builtins
import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hiredis
import redis.asyncio
from redis.asyncio.client import Pipeline as _Pipeline
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,  # noqa: A004 - the library's name; used only here
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TimeoutError,  # noqa: A004
)

from subscribers.errors import StorageDownError

Command = tuple[str | bytes | int, ...]
"""A command and its arguments, as typed at redis-cli."""

Call = tuple[Sequence[str], Sequence[str | bytes | int]]
"""The keys and the arguments of one run of a script."""

_DOWN = (BusyLoadingError, ClusterDownError, ConnectionError, OutOfMemoryError, ReadOnlyError, TimeoutError)
_REFUSALS = ("MISCONF", "NOREPLICAS", "MASTERDOWN")
_SLOWEST_PER_SECOND = 1_000  # commands; a round trip of many may take longer by this
_CONNECTIONS = 50
_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 10.0


class Redis(redis.asyncio.Redis):
    """redis-py's asyncio client, which speaks bytes here and raises StorageDownError where Redis itself fails."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # the library's own signature
        """Run one command."""
        with _failures_as_ours(self):
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Return a pipeline whose `execute` also raises StorageDownError."""
        return Pipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)


class Pipeline(_Pipeline):
    """redis-py's pipeline, with our errors."""

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Run what was queued, in one round trip."""
        with _failures_as_ours(self):
            return await super().execute(raise_on_error)


def open_redis(url: str) -> Redis:
    """Return a client for `redis://…`, `rediss://…` or `unix:///path/to.sock?db=0`; it connects when first used.

    Use it as `async with open_redis(url) as redis:`, in one event loop.
    """
    try:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            decode_responses=False,
            protocol=3,
            socket_timeout=_ANSWER_SECONDS,
            socket_connect_timeout=_CONNECT_SECONDS,
            # More at once wait for a connection, rather than fail as with the library's own pool.
            max_connections=_CONNECTIONS,
            timeout=_ANSWER_SECONDS,
            # Three tries in about a second: enough for a restart's hiccup, too few to make anybody wait for nothing.
            retry=Retry(ExponentialWithJitterBackoff(base=0.1, cap=0.5), retries=2),
        )
    except ValueError as error:
        raise StorageDownError(f"“{_without_password(url)}” is no address of a Redis: {error}") from error
    return Redis.from_pool(pool)  # type: ignore[return-value]  # it returns the class it is called on


class Script:
    """A Lua script in a file of its own, run by its digest; sent in full where the server does not know it yet."""

    def __init__(self, file: Path) -> None:
        """Read the script, once, when the module that uses it is imported."""
        self._source = file.read_bytes()
        self._digest = hashlib.sha1(self._source, usedforsecurity=False).hexdigest()

    async def run(self, client: Redis, keys: Sequence[str], arguments: Sequence[str | bytes | int] = ()) -> Any:
        """Run it once and return its reply."""
        return (await self.run_all(client, [(keys, arguments)]))[0]

    async def run_all(self, client: Redis, calls: Iterable[Call]) -> list[Any]:
        """Run it once for each call, in one round trip; return the replies in order."""
        commands: list[Command] = [("EVALSHA", self._digest, len(keys), *keys, *args) for keys, args in calls]
        replies = await _replies(client, commands)
        if any(isinstance(reply, NoScriptError) for reply in replies):
            # The server was started anew, or is another one since a failover. Scripts are cheap to send again.
            missing = [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
            whole: list[Command] = [("EVAL", self._source, *commands[place][2:]) for place in missing]
            for place, reply in zip(missing, await _replies(client, whole), strict=True):
                replies[place] = reply
        return _raise_first(replies)


def script_beside(module_file: str, name: str) -> Script:
    """Return the script of this name in the folder of the module: `script_beside(__file__, "move.lua")`."""
    return Script(Path(module_file).with_name(name))


async def run_all(client: Redis, commands: Sequence[Command]) -> list[Any]:
    """Run many commands in one round trip; return the replies in order. Not a transaction."""
    return _raise_first(await _replies(client, commands)) if commands else []


async def redis_time(client: Redis) -> datetime:
    """Return what time it is for Redis, the one clock that all processes share."""
    seconds, microseconds = await client.time()
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


async def _replies(client: Redis, commands: Sequence[Command]) -> list[Any]:
    """Run commands in one round trip; a command's own error stands in the place of its reply.

    redis-py's pipeline does the same at four times the cost: it packs in Python, and sets a timer for every reply.
    """
    with _failures_as_ours(client):
        connection: AbstractConnection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            packed = b"".join(hiredis.pack_command(command) for command in commands)  # type: ignore[arg-type]
            replies: list[Any] = await connection.retry.call_with_retry(
                lambda: _exchange(connection, packed, len(commands)), lambda _: connection.disconnect()
            )
        except BaseException:
            # Replies may still be on their way, and would be taken for those to the next command.
            await connection.disconnect(nowait=True)
            raise
        else:
            return replies
        finally:
            await client.connection_pool.release(connection)


async def _exchange(connection: AbstractConnection, packed: bytes, count: int) -> list[Any]:
    seconds = _ANSWER_SECONDS + count / _SLOWEST_PER_SECOND
    try:
        async with asyncio.timeout(seconds):
            await connection.send_packed_command(packed)
            return [await _reply(connection) for _ in range(count)]
    except builtins.TimeoutError as error:
        raise TimeoutError(f"No answer within {seconds:.0f} seconds") from error


async def _reply(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response(disable_decoding=True, timeout=math.inf)
    except ResponseError as error:
        return error


def _raise_first(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, ResponseError):
            with _failures_as_ours(None):
                raise reply
    return replies


@contextmanager
def _failures_as_ours(client: redis.asyncio.Redis | None) -> Iterator[None]:
    try:
        yield
    except _DOWN as error:
        raise StorageDownError(_sentence(client, error)) from error
    except ResponseError as error:
        if str(error).startswith(_REFUSALS):
            raise StorageDownError(_sentence(client, error)) from error
        raise


def _sentence(client: redis.asyncio.Redis | None, error: Exception) -> str:
    settings = client.connection_pool.connection_kwargs if client is not None else {}
    place = settings.get("path") or f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}"
    at = f" at {place}" if settings else ""
    return f"Redis{at} cannot be used: {str(error).rstrip('.')}. Start it, or wait until it is back, and try again."


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        return url.replace(f":{parts.password}@", ":…@") if parts.password else url
    except ValueError:
        return "…"
