"""The way to Redis, whether it is one server, a primary that sentinels watch, or a cluster.

Every failure of Redis itself (not there, not answering, full, read-only, still loading, in the middle of a failover)
becomes StorageDownError, whatever is called. The client tries a broken command again by itself, so every write in this
house can be repeated: SETBIT and HSET, never a bare increment that counts something.

Many commands go out in one round trip to each node that has keys of theirs, to all nodes at once. They are no
transaction: what has to happen in one step is a script, and its keys share a hash tag.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import redis.asyncio
from redis.backoff import ExponentialWithJitterBackoff
from redis.client import EMPTY_RESPONSE, NEVER_DECODE
from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,  # noqa: A004 - the library's name; used only here
    MovedError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    TimeoutError,  # noqa: A004
    TryAgainError,
)

from subscribers.errors import StorageDownError
from subscribers.servers.address import Kind, parse_url, without_password
from subscribers.servers.alone import Alone, Servers, Share
from subscribers.servers.cluster import Cluster
from subscribers.servers.command import Command as Command
from subscribers.servers.command import key_of
from subscribers.servers.sentinel import Sentinels

Call = tuple[Sequence[str], Sequence[str | bytes | int]]
"""The keys and the arguments of one run of a script."""

_UNREACHABLE = (ConnectionError, OSError, RedisClusterException, TimeoutError)
_ELSEWHERE = (AskError, MovedError)
_NOT_NOW = (BusyLoadingError, ClusterDownError, ReadOnlyError, TryAgainError)
_DOWN = (*_UNREACHABLE, *_ELSEWHERE, *_NOT_NOW, OutOfMemoryError)
_REFUSALS = ("MISCONF", "NOREPLICAS", "MASTERDOWN")

# Three tries in about a second: enough for a restart's hiccup, too few to make anybody wait for nothing. Being sent
# elsewhere costs no time, and happens once for each node when a cluster is rearranged.
_TRIES = 3
_MOVES = 8
_PAUSE = ExponentialWithJitterBackoff(base=0.1, cap=0.5)


class Redis(redis.asyncio.Redis):
    """redis-py's asyncio client, which speaks bytes here and raises StorageDownError where Redis itself fails."""

    def __init__(self, servers: Servers) -> None:
        """Take the servers that everything is sent to; the library's own pool is never used."""
        super().__init__(protocol=3)
        self._servers = servers

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # the library's own signature
        """Run one command, and return its reply in the form that the library gives it."""
        command: Command = (*str(args[0]).split(), *args[1:])
        (reply,) = await run_all(self, [command])
        for name in (NEVER_DECODE, EMPTY_RESPONSE, "keys"):
            options.pop(name, None)
        in_form = self.response_callbacks.get(args[0])
        return in_form(reply, **options) if in_form else reply

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> NoReturn:
        """Refuse: a pipeline of the library knows one server only."""
        raise TypeError("run_all sends many commands in one round trip; what has to be one step is a script")

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close every connection."""
        await super().aclose(close_connection_pool)
        await self._servers.aclose()

    async def replies(self, commands: Sequence[Command]) -> list[Any]:
        """Run commands, all at once; a command's own error stands in the place of its reply."""
        replies: list[Any] = [None] * len(commands)
        with _failures_as_ours(self._servers):
            left: Sequence[int] = range(len(commands))
            failures = redirections = 0
            while True:
                left, trouble = await self._round(commands, left, replies)
                if trouble is None:
                    return replies
                if isinstance(trouble, _ELSEWHERE):
                    redirections += 1
                else:
                    failures += 1
                if failures == _TRIES or redirections == _MOVES:
                    raise trouble
                await self._servers.look_again()
                if not isinstance(trouble, _ELSEWHERE):
                    await asyncio.sleep(_PAUSE.compute(failures))

    async def _round(
        self, commands: Sequence[Command], places: Sequence[int], replies: list[Any]
    ) -> tuple[list[int], Exception | None]:
        """Ask every node once; return the places that have no answer yet, and why."""
        try:
            shares = await self._servers.shares(commands, places)
        except _UNREACHABLE as error:
            return list(places), error
        if len(shares) == 1:
            answers = [await _answer(shares[0], commands)]
        else:
            answers = await asyncio.gather(*[_answer(share, commands) for share in shares])
        left: list[int] = []
        trouble: Exception | None = None
        for (_, its), answer in zip(shares, answers, strict=True):
            if isinstance(answer, Exception):
                left += its
                trouble = answer
                continue
            for place, reply in zip(its, answer, strict=True):
                replies[place] = reply
                if isinstance(reply, ResponseError) and (why := await self._trouble(commands, place, replies)):
                    left.append(place)
                    trouble = why
        return left, trouble

    async def _trouble(self, commands: Sequence[Command], place: int, replies: list[Any]) -> Exception | None:
        """Return the error that stands in this place if the command is to be run again."""
        error = replies[place]
        if isinstance(error, AskError) and not isinstance(error, MovedError):
            # The slot is on its way to another node, and this key has arrived.
            answer = await _answer(
                (self._servers.node_at(error.host, int(error.port)), range(2)), [("ASKING",), commands[place]]
            )
            if isinstance(answer, Exception):
                return answer
            replies[place] = error = answer[1]
        return error if isinstance(error, (*_ELSEWHERE, *_NOT_NOW)) else None


class ClusterRedis(Redis):
    """The client of a cluster, where what is about whole nodes is asked of all of them."""

    def __init__(self, cluster: Cluster) -> None:
        """Take the cluster."""
        super().__init__(cluster)
        self._cluster = cluster

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run one command, on the node of its key or on those that it is about."""
        if key_of((*str(args[0]).split(), *args[1:])) is not None:
            return await super().execute_command(*args, **options)
        with _failures_as_ours(self._cluster):
            return await self._cluster.everywhere(*args, **options)

    def scan_iter(self, *args: Any, **options: Any) -> AsyncIterator[Any]:  # type: ignore[override]  # it has two colours
        """Yield every key of every node."""
        return self._cluster.all_keys(*args, **options)


def open_redis(url: str, *, copies: int = 0) -> Redis:
    """Return a client for an address of `subscribers.servers.address`; it connects when first used.

    A write counts when `copies` replicas have it too, of a cluster's shard not more than it has that are up. Use it as
    `async with open_redis(url) as redis:`, in one event loop.
    """
    try:
        address = parse_url(url)
        if address.kind is Kind.CLUSTER:
            return ClusterRedis(Cluster(address, copies))
        return Redis(Sentinels(address, copies) if address.kind is Kind.SENTINEL else Alone(url, copies))
    except ValueError as error:
        raise StorageDownError(f"“{without_password(url)}” is no address of a Redis: {error}") from error


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
        replies = await client.replies(commands)
        if any(isinstance(reply, NoScriptError) for reply in replies):
            # The server was started anew, or is another one since a failover. Scripts are cheap to send again.
            missing = [place for place, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
            whole: list[Command] = [("EVAL", self._source, *commands[place][2:]) for place in missing]
            for place, reply in zip(missing, await client.replies(whole), strict=True):
                replies[place] = reply
        return _raise_first(replies)


def script_beside(module_file: str, name: str) -> Script:
    """Return the script of this name in the folder of the module: `script_beside(__file__, "move.lua")`."""
    return Script(Path(module_file).with_name(name))


async def run_all(client: Redis, commands: Sequence[Command]) -> list[Any]:
    """Run many commands in one round trip; return the replies in order. Not a transaction."""
    return _raise_first(await client.replies(commands)) if commands else []


async def redis_time(client: Redis) -> datetime:
    """Return what time it is for Redis, the one clock that all processes share."""
    seconds, microseconds = await client.time()
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


async def node_settings(client: Redis, *names: str) -> dict[str, dict[str, str]]:
    """Return for each node that holds data, by its place, what it is set to."""
    said: Any = await client.execute_command("CONFIG GET", *names)
    by_node: dict[str, Any] = said if isinstance(client, ClusterRedis) else {"": said}
    return {place: {_text(name): _text(value) for name, value in of.items()} for place, of in by_node.items()}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


async def _answer(share: Share, commands: Sequence[Command]) -> list[Any] | Exception:
    """Return a node's replies to its share of the commands, or why it did not answer."""
    node, places = share
    try:
        return await node.exchange(commands if len(places) == len(commands) else [commands[at] for at in places])
    except _UNREACHABLE as error:
        return error


def _raise_first(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, ResponseError):
            with _failures_as_ours(None):
                raise reply
    return replies


@contextmanager
def _failures_as_ours(servers: Servers | None) -> Iterator[None]:
    try:
        yield
    except _DOWN as error:
        raise StorageDownError(_sentence(servers, error)) from error
    except ResponseError as error:
        if str(error).startswith(_REFUSALS):
            raise StorageDownError(_sentence(servers, error)) from error
        raise


def _sentence(servers: Servers | None, error: Exception) -> str:
    at = f" at {servers.place}" if servers else ""
    words = str(error).rstrip(".")
    if isinstance(error, OutOfMemoryError):
        return (
            f"Redis{at} is full ({words}), so nothing more can be written down. Give it more memory (maxmemory), or "
            "remove what is not needed; nothing is lost, and what waits goes on by itself."
        )
    if isinstance(error, ReadOnlyError) or words.startswith(_REFUSALS):
        return (
            f"Redis{at} takes no writes ({words}). Point redis_url at the primary, or mend what it complains of; "
            "nothing is lost, and what waits goes on by itself."
        )
    return f"Redis{at} cannot be used: {words}. Start it, or wait until it is back, and try again."
