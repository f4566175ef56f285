"""Permits: leave to hand over some messages, counted in Redis for all workers over windows that roll (see `limit`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from mailer.senders.relays.limit import Limit
from subscribers.storage import Redis, script_beside

_TAKE = script_beside(__file__, "take.lua")


async def take_permit(
    redis: Redis, key: str, limits: tuple[Limit, ...], wanted: int, now: datetime
) -> tuple[int, timedelta]:
    """Take leave for up to so many messages, counted under this key; return how many, or how long until there is room.

    A repeat takes once more: less goes out, never more.
    """
    words = [number for limit in limits for number in (limit.seconds, limit.amount, limit.slot_ms)]
    granted, wait_ms = await _TAKE.run(redis, [key], [int(now.timestamp() * 1000), wanted, *words])
    return int(granted), timedelta(milliseconds=int(wait_ms))
