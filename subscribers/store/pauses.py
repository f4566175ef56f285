"""Who is paused on a list until when, in Redis.

Keys: `{cN}:list:pauses` (sorted set: list and position, by when they are active again). An entry goes when its time has
come, or with its person.

Nobody has to come by at that time. Whoever reads a chunk's lists looks here first, at the entry that comes soonest: one
short command a chunk, however many people there are. Only where its time has come is the clock asked, and a script
makes those people active, all in one step. So a person is active for every reader from that moment on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from subscribers import keys
from subscribers.cohort import Cohort, SubscriberId, chunk_of, id_at, position_of
from subscribers.lists import ListId
from subscribers.storage import Call, Redis, redis_time, run_all, script_beside

_WAKE = script_beside(__file__, "wake.lua")


class Pauses:
    """The pauses on lists."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def put(self, list_id: ListId, subscriber_id: SubscriberId, until: datetime) -> None:
        """Say when the person is active again; a later word takes the place of an earlier one.

        Write it before the person is paused: it changes nothing for who is not.
        """
        entry = f"{list_id}:{position_of(subscriber_id)}"
        name = keys.list_pauses(chunk_of(subscriber_id))
        await run_all(self._redis, [("ZADD", name, int(until.timestamp() * 1000), entry)])

    async def until(self, list_id: ListId, subscriber_id: SubscriberId) -> datetime | None:
        """Return when a paused person is active again."""
        entry = f"{list_id}:{position_of(subscriber_id)}"
        (score,) = await run_all(self._redis, [("ZSCORE", keys.list_pauses(chunk_of(subscriber_id)), entry)])
        return None if score is None else datetime.fromtimestamp(float(score) / 1000, UTC)

    async def of(self, list_id: ListId, chunks: Iterable[int]) -> Cohort:
        """Return everyone of these chunks who has an entry for this list."""
        wanted = list(chunks)
        replies = await run_all(self._redis, [("ZRANGE", keys.list_pauses(chunk), 0, -1) for chunk in wanted])
        found: list[SubscriberId] = []
        for chunk, entries in zip(wanted, replies, strict=True):
            parted = (entry.split(b":") for entry in entries)
            found += [id_at(chunk, int(position)) for of, position in parted if int(of) == list_id]
        return Cohort.of(found)

    async def forget(self, list_id: ListId, subscriber_id: SubscriberId) -> None:
        """Drop a person's entry, because they are erased or became another."""
        entry = f"{list_id}:{position_of(subscriber_id)}"
        await run_all(self._redis, [("ZREM", keys.list_pauses(chunk_of(subscriber_id)), entry)])

    async def wake(self, chunks: Iterable[int]) -> None:
        """Make everyone of these chunks active whose pause is over."""
        asked = list(chunks)
        soonest = await run_all(
            self._redis, [("ZRANGE", keys.list_pauses(chunk), 0, 0, "WITHSCORES") for chunk in asked]
        )
        if not any(soonest):
            return
        now = int((await redis_time(self._redis)).timestamp() * 1000)
        due = [chunk for chunk, first in zip(asked, soonest, strict=True) if first and first[0][1] <= now]
        calls: list[Call] = [([keys.list_pauses(chunk)], [keys.lists_of(chunk), now]) for chunk in due]
        if calls:
            await _WAKE.run_all(self._redis, calls)
