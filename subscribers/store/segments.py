"""Saved segments, in Redis.

Keys: `segments` (hash: slug → packed Segment). Kept until they are deleted.
"""

from __future__ import annotations

from difflib import get_close_matches

import msgspec

from subscribers import keys
from subscribers.errors import UnknownSegmentError
from subscribers.segments.segment import Segment
from subscribers.storage import Redis, run_all


class SegmentStore:
    """The segments that were saved under a name."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def put(self, segment: Segment) -> None:
        """Save a segment, in the place of one of this name."""
        await run_all(self._redis, [("HSET", keys.SEGMENTS, segment.slug, msgspec.msgpack.encode(segment))])

    async def find(self, slug: str) -> Segment:
        """Return the segment. Raises UnknownSegmentError, with a suggestion."""
        (packed,) = await run_all(self._redis, [("HGET", keys.SEGMENTS, slug)])
        if packed is None:
            slugs = [segment.slug for segment in await self.all()]
            near = next(iter(get_close_matches(slug, slugs, n=1)), "")
            hint = f"Did you mean “{near}”?" if near else f"Segments: {', '.join(slugs) or 'none yet'}."
            raise UnknownSegmentError(f"There is no segment “{slug}”. {hint}")
        return _decoder.decode(packed)

    async def all(self) -> list[Segment]:
        """Return every segment, by slug."""
        (packed,) = await run_all(self._redis, [("HVALS", keys.SEGMENTS)])
        return sorted(map(_decoder.decode, packed), key=lambda segment: segment.slug)

    async def delete(self, slug: str) -> bool:
        """Delete the segment; return whether there was one."""
        (count,) = await run_all(self._redis, [("HDEL", keys.SEGMENTS, slug)])
        return bool(count)


_decoder = msgspec.msgpack.Decoder(Segment)
