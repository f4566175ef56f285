"""Which processes are at work: each says so every few seconds, and whoever stops saying so is gone.

Kept in one small hash, so that asking costs the same however many people there are.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from mailer.delivery import keys
from mailer.delivery.press import Press
from mailer.delivery.reply import milliseconds
from subscribers.storage import run_all

_PRESENT_FOR = timedelta(seconds=15)
_FORGOTTEN_AFTER = timedelta(hours=1)


async def report(press: Press, kind: str, name: str) -> None:
    """Say that this process is at work. To be repeated every few seconds."""
    now = await press.ledger.now()
    await press.redis.hset(keys.ALIVE, f"{kind}:{name}", str(milliseconds(now)))


async def alive(press: Press) -> dict[str, list[str]]:
    """Return the names of the processes that are at work, by kind (`worker`, `scheduler`, ...)."""
    now = await press.ledger.now()
    found: defaultdict[str, list[str]] = defaultdict(list)
    (told,) = await run_all(press.redis, [("HGETALL", keys.ALIVE)])
    for process, said in told.items():
        silent_for = timedelta(milliseconds=milliseconds(now) - int(said))
        if silent_for <= _PRESENT_FOR:
            kind, _, name = process.decode().partition(":")
            found[kind].append(name)
        elif silent_for > _FORGOTTEN_AFTER:
            await press.redis.hdel(keys.ALIVE, process)
    return {kind: sorted(names) for kind, names in found.items()}
