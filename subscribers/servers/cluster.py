"""A Redis Cluster: each key is on the node that has the slot of its hash tag.

Who has which slot is asked of the nodes, through the library, when it is first needed, and again when somebody did not
answer or said that the slot is elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisClusterException, RedisError, SlotNotCoveredError

from subscribers.servers.address import Address
from subscribers.servers.alone import Share
from subscribers.servers.command import Command, key_of
from subscribers.servers.node import CONNECTION, Node


class Cluster:
    """The nodes of a cluster."""

    def __init__(self, address: Address, copies: int) -> None:
        """Take the address of some nodes; the others are asked for when they are first needed."""
        self._address = address
        self._copies = copies
        self._library = self._begin()
        self._nodes: dict[tuple[str, int], Node] = {}

    async def shares(self, commands: Sequence[Command], places: Sequence[int]) -> list[Share]:
        """Return for each node the commands about its keys.

        Raises the library's RedisClusterException where no node can be asked, or nobody has the slot.
        """
        await self._library.initialize()
        shares: dict[tuple[str, int], list[int]] = {}
        for place in places:
            key = key_of(commands[place])
            assert key is not None, f"{commands[place][0]!r} has no key"
            shares.setdefault(self._owner(_slot(key)), []).append(place)
        return [(self.node_at(*owner), its) for owner, its in shares.items()]

    async def everywhere(self, *args: Any, **options: Any) -> Any:
        """Run a command without a key on every primary, and return what they say together, as the library does."""
        return await self._library.execute_command(*args, target_nodes=RedisCluster.PRIMARIES, **options)

    def all_keys(self, *args: Any, **options: Any) -> AsyncIterator[Any]:
        """Yield every key of every node."""
        return self._library.scan_iter(*args, **options)

    async def look_again(self) -> None:
        """Ask the nodes anew who has what; where none answers, begin with those of the address."""
        try:
            await self._library.nodes_manager.initialize()
        except (RedisClusterException, RedisError, OSError):
            await self._end()
            self._library = self._begin()
            return
        primaries = {(node.host, int(node.port)) for node in self._library.get_primaries()}
        for place in self._nodes.keys() - primaries:
            await self._nodes.pop(place).aclose()

    def node_at(self, host: str, port: int) -> Node:
        """Return the node at this place."""
        if (host, port) not in self._nodes:
            self._nodes[host, port] = Node.at(host, port, self._address)
        return self._nodes[host, port]

    @property
    def place(self) -> str:
        """Where it was looked for."""
        return "the cluster of " + ", ".join(f"{host}:{port}" for host, port in self._address.hosts)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._end()
        for node in self._nodes.values():
            await node.aclose()

    def _owner(self, slot: int) -> tuple[str, int]:
        """Return where a slot is, and let its node wait for as many replicas as there are to wait for."""
        try:
            primary, *replicas = self._library.nodes_manager.slots_cache[slot]
        except KeyError as error:
            raise SlotNotCoveredError(f"No node has slot {slot}") from error
        place = primary.host, int(primary.port)
        self.node_at(*place).copies = min(self._copies, len(replicas))
        return place

    def _begin(self) -> RedisCluster:
        settings: dict[str, Any] = {**CONNECTION, **self._address.credentials, "ssl": self._address.is_tls}
        nodes = [ClusterNode(host, port) for host, port in self._address.hosts]
        # A shard that is away must not take the others with it.
        retry = Retry(NoBackoff(), retries=0)
        return RedisCluster(startup_nodes=nodes, require_full_coverage=False, retry=retry, **settings)

    async def _end(self) -> None:
        with suppress(RedisError, OSError):
            await self._library.aclose()


@lru_cache(maxsize=65_536)
def _slot(key: str | bytes | int) -> int:
    return key_slot(key if isinstance(key, bytes) else str(key).encode())
