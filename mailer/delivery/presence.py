"""Which processes are at work: each says so every few seconds, and whoever stops saying so is gone.

A worker says, too, which lanes it serves; a lane that nobody serves is told where an admin looks.

Kept in one small hash, so that asking costs the same however many people there are.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from mailer.delivery import keys
from mailer.delivery.lane import WITHOUT, Lane
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
    """Return the names of the processes that are at work, by kind (`worker`, `scheduler`, or a lane)."""
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


async def unserved(press: Press) -> list[Lane]:
    """Return the lanes that no worker serves."""
    present = await alive(press)
    return [lane for lane in Lane if not present.get(lane)]


def what_is_missing(lane: Lane) -> str:
    """Say what follows from a lane that nobody serves, and what to do."""
    return (
        f"No worker serves the queue {lane}: {WITHOUT[lane]}. Start one with `pressrun worker`, or with that queue "
        "among its --queues; nothing is lost meanwhile."
    )


async def unheard(press: Press) -> str:
    """Say that reports wait and no worker takes them; empty where none wait, or they are being worked off."""
    waiting = (await press.tray.count()).waiting
    if not waiting or Lane.FEEDBACK not in await unserved(press):
        return ""
    return f"Bounces and complaints wait: {waiting:,}. {what_is_missing(Lane.FEEDBACK)}"
