"""A primary and its replicas, of which sentinels know which is which now.

Whoever takes over after a failover is found when the one before does not answer, or says that it is a replica.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from subscribers.servers.address import Address
from subscribers.servers.alone import Share
from subscribers.servers.command import Command
from subscribers.servers.node import CONNECT_SECONDS, Node


class Sentinels:
    """The primary that some sentinels name."""

    def __init__(self, address: Address, copies: int) -> None:
        """Take the address of the sentinels; they are asked when it is first needed."""
        self._address = address
        self._copies = copies
        self._sentinel = Sentinel(  # type: ignore[no-untyped-call]
            address.hosts,
            sentinel_kwargs={
                "socket_timeout": CONNECT_SECONDS,
                "socket_connect_timeout": CONNECT_SECONDS,
                "retry": Retry(NoBackoff(), retries=0),
                "ssl": address.is_tls,
                **address.sentinel_credentials,
            },
        )
        self._primary: Node | None = None
        self._is_known = False
        self._asking = asyncio.Lock()

    async def shares(self, commands: Sequence[Command], places: Sequence[int]) -> list[Share]:
        """Give the primary everything. Raises the library's ConnectionError where nobody knows one."""
        async with self._asking:
            if self._primary is None or not self._is_known:
                host, port = await self._sentinel.discover_master(self._address.name)
                await self._be_at(host, port)
            assert self._primary is not None
            return [(self._primary, places)]

    async def look_again(self) -> None:
        """Ask the sentinels again before the next command."""
        self._is_known = False

    def node_at(self, host: str, port: int) -> Node:
        """Return a node of this installation."""
        return Node.at(host, port, self._address, copies=self._copies)

    @property
    def place(self) -> str:
        """Where the primary is, or who should know."""
        if self._primary is not None:
            return self._primary.place
        return f"“{self._address.name}” of the sentinels at " + ", ".join(f"{h}:{p}" for h, p in self._address.hosts)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._sentinel.aclose()
        if self._primary is not None:
            await self._primary.aclose()

    async def _be_at(self, host: str, port: int) -> None:
        before, found = self._primary, self.node_at(host, port)
        if before is None or before.place != found.place:
            self._primary = found
            if before is not None:
                await before.aclose()
        self._is_known = True
