"""Warm-ups in Redis: the plans, and how much of each day is used, counted once for all workers.

| key | type | what |
|---|---|---|
| `warmups` | hash | domain -> Warmup as JSON |
| `{warmup:<domain>}:used` | hash, expires | `<beginning in ms>:<day>` -> messages that may be handed over; `takes` |
| `{warmup:<domain>}:back:<take>` | string, expires | what was taken then was given back already |

A plan that is set anew counts anew: its beginning is part of the field. A crash leaves leave that was taken and not
used: less goes out that day than might have, never more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from mailer.errors import NotFoundError
from mailer.senders.warmups.warmup import Warmup
from subscribers.storage import Redis, run_all, script_beside

WARMUPS = "warmups"

_TAKE = script_beside(__file__, "take.lua")
_GIVE_BACK = script_beside(__file__, "giveback.lua")


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave to hand over some messages of one day."""

    warmup: Warmup
    day: int
    granted: int
    take: int
    """Its number among all that were taken."""


class WarmupStore:
    """The warm-ups of a press."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def all(self) -> list[Warmup]:
        """Return every warm-up, also those that are over, by domain."""
        (packed,) = await run_all(self._redis, [("HVALS", WARMUPS)])
        return sorted(map(_from_json, packed), key=lambda one: one.domain)

    async def find(self, domain: str) -> Warmup | None:
        """Return the warm-up of a domain; None if it has none."""
        (packed,) = await run_all(self._redis, [("HGET", WARMUPS, domain)])
        return _from_json(packed) if packed else None

    async def get(self, domain: str) -> Warmup:
        """Return the warm-up of a domain. Raises NotFoundError."""
        if found := await self.find(domain):
            return found
        raise NotFoundError(f"{domain} is not being warmed up. Begin with `pressrun domains warmup set {domain}`.")

    async def put(self, warmup: Warmup) -> None:
        """Begin a warm-up, in place of the one that the domain had."""
        await run_all(self._redis, [("HSET", WARMUPS, warmup.domain, _to_json(warmup))])

    async def remove(self, domain: str) -> None:
        """Forget a domain's warm-up; without one, nothing changes."""
        await run_all(self._redis, [("HDEL", WARMUPS, domain)])

    async def take(self, warmup: Warmup, wanted: int, now: datetime) -> Leave:
        """Take leave to hand over up to so many messages today, as far as today's ceiling has room."""
        arguments = (_field(warmup, now), warmup.ceiling(now), wanted)
        granted, take = await _TAKE.run(self._redis, [_used_key(warmup.domain)], arguments)
        return Leave(warmup, warmup.day(now), int(granted), int(take))

    async def give_back(self, leave: Leave, unused: int) -> None:
        """Give back what was not used of a leave; a repeat changes nothing."""
        domain = leave.warmup.domain
        field = _field(leave.warmup, leave.warmup.begins(leave.day))
        await _GIVE_BACK.run(self._redis, [_used_key(domain), _back_key(domain, leave.take)], [field, unused])

    async def used(self, warmup: Warmup, now: datetime) -> int:
        """Return how much of the present day is used."""
        (found,) = await run_all(self._redis, [("HGET", _used_key(warmup.domain), _field(warmup, now))])
        return int(found or 0)


def _used_key(domain: str) -> str:
    return f"{{warmup:{domain}}}:used"


def _back_key(domain: str, take: int) -> str:
    return f"{{warmup:{domain}}}:back:{take}"


def _field(warmup: Warmup, now: datetime) -> str:
    return f"{int(warmup.began.timestamp() * 1000)}:{warmup.day(now)}"


_to_json = msgspec.json.encode
_from_json = msgspec.json.Decoder(Warmup).decode
