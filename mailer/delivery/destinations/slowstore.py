"""Slowed destinations in Redis, shared by all workers.

| key | type | what |
|---|---|---|
| `destinations:slowed` | hash | destination -> Slowdown as JSON; taken out when it has recovered |
| `{destination:<name>}:used` | hash, expires | `<seconds>:<slot>` -> messages that may be handed over in that slot |
| `{destination:<name>}:slots` | sorted set, expires | who is being handed over -> when the lease runs out (ms) |

A crash leaves slots that are free again when their leases run out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from mailer.delivery.destinations.slowdown import Slowdown
from mailer.senders.relays.limit import Limit
from mailer.senders.relays.permit import take_permit
from subscribers.storage import Redis, run_all, script_beside

SLOWED = "destinations:slowed"
SLOT_LASTS = timedelta(minutes=2)

_SLOT = script_beside(__file__, "slot.lua")


class SlowStore:
    """Which destinations are slowed, and who is being handed over to them."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def slowed(self, now: datetime) -> dict[str, Slowdown]:
        """Return the destinations that have not recovered."""
        (found,) = await run_all(self._redis, [("HGETALL", SLOWED)])
        all_of_them = {name.decode(): _from_json(packed) for name, packed in found.items()}
        if over := [name for name, slowdown in all_of_them.items() if slowdown.is_over(now)]:
            await run_all(self._redis, [("HDEL", SLOWED, *over)])
        return {name: slowdown for name, slowdown in all_of_them.items() if name not in over}

    async def slow(self, name: str, slowdown: Slowdown) -> None:
        """Slow a destination for all workers."""
        await run_all(self._redis, [("HSET", SLOWED, name, _to_json(slowdown))])

    async def forget(self, name: str) -> None:
        """Slow a destination no more; one that is not slowed stays as it is."""
        await run_all(self._redis, [("HDEL", SLOWED, name)])

    async def take_leave(self, name: str, limit: Limit, wanted: int, now: datetime) -> tuple[int, timedelta]:
        """Take leave for up to so many messages; return how many, or how long until there may be some."""
        return await take_permit(self._redis, _used_key(name), (limit,), wanted, now)

    async def take_slot(self, name: str, at_most: int, holder: str, now: datetime) -> bool:
        """Whether one more message may be on its way there; repeated for the same holder, it is the same one."""
        now_ms = _ms(now)
        arguments = (now_ms, at_most, holder, now_ms + int(SLOT_LASTS.total_seconds() * 1000))
        return bool(await _SLOT.run(self._redis, [_slots_key(name)], arguments))

    async def free_slots(self, taken: Iterable[tuple[str, str]]) -> None:
        """Give slots back: destination and holder of each."""
        await run_all(self._redis, [("ZREM", _slots_key(name), holder) for name, holder in taken])


def _used_key(name: str) -> str:
    return f"{{destination:{name}}}:used"


def _slots_key(name: str) -> str:
    return f"{{destination:{name}}}:slots"


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


_to_json = msgspec.json.encode
_from_json = msgspec.json.Decoder(Slowdown).decode
