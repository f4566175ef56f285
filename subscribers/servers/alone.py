"""One server, which has everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from subscribers.servers.command import Command
from subscribers.servers.node import Node

Share = tuple[Node, Sequence[int]]
"""A node, and the places of the commands that it is to run."""


class Servers(Protocol):
    """Which node runs what."""

    async def shares(self, commands: Sequence[Command], places: Sequence[int]) -> list[Share]:
        """Return for each node which of the commands in these places are its own, in their order."""

    async def look_again(self) -> None:
        """Find out anew who has what, since somebody did not answer as expected. Raises nothing."""

    def node_at(self, host: str, port: int) -> Node:
        """Return the node at a place that another node has named."""

    @property
    def place(self) -> str:
        """Where they are, as a person would say it."""

    async def aclose(self) -> None:
        """Close every connection."""


class Alone:
    """One server."""

    def __init__(self, url: str, copies: int) -> None:
        """Take its address. Raises ValueError for one that is none."""
        self._node = Node.of_url(url, copies=copies)

    async def shares(self, commands: Sequence[Command], places: Sequence[int]) -> list[Share]:
        """Give it everything."""
        return [(self._node, places)]

    async def look_again(self) -> None:
        """There is no other."""

    def node_at(self, host: str, port: int) -> Node:
        """Return the one that there is."""
        return self._node

    @property
    def place(self) -> str:
        """Where it is."""
        return self._node.place

    async def aclose(self) -> None:
        """Close every connection."""
        await self._node.aclose()
