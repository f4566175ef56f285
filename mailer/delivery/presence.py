"""Which processes are at work: each renews a key of its own, and whoever stops doing so is gone."""

from __future__ import annotations

from collections import defaultdict

from mailer.delivery import keys
from mailer.delivery.press import Press

_KEPT_SECONDS = 15


async def report(press: Press, kind: str, name: str) -> None:
    """Say that this process is at work. To be repeated every few seconds."""
    await press.redis.set(keys.alive(kind, name), 1, ex=_KEPT_SECONDS)


async def alive(press: Press) -> dict[str, list[str]]:
    """Return the names of the processes that are at work, by kind (`worker`, `scheduler`, ...)."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    async for key in press.redis.scan_iter(match=keys.alive("*", "*"), count=1000):
        _, kind, name = key.decode().split(":", 2)
        found[kind].append(name)
    return {kind: sorted(names) for kind, names in found.items()}
