"""What of each feed was made an issue of, so that a digest holds only what is new.

- `feeds`: hash, a feed's address or file, and the newsletter → ids of its entries that an issue was made of, as JSON.

Written after the issue: a crash between the two brings the same entries once more, and the issue's slug, which is made
of the feed's title and the day, shows that they are the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from subscribers.storage import Redis, run_all

FEEDS = "feeds"

_MOST_KEPT = 5_000
"""Ids of one feed; far more than any feed shows at once."""


class FeedStore:
    """The entries that were taken."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def taken(self, feed: str, newsletter: str) -> list[str]:
        """Return the ids of the entries that were taken for a newsletter, the oldest first."""
        (kept,) = await run_all(self._redis, [("HGET", FEEDS, _name(feed, newsletter))])
        return [] if kept is None else msgspec.json.decode(kept, type=list[str])

    async def take(self, feed: str, newsletter: str, ids: Sequence[str]) -> None:
        """Remember these too. A repeat changes nothing."""
        known = await self.taken(feed, newsletter)
        kept = list(dict.fromkeys([*known, *ids]))[-_MOST_KEPT:]
        await run_all(self._redis, [("HSET", FEEDS, _name(feed, newsletter), msgspec.json.encode(kept))])


def _name(feed: str, newsletter: str) -> str:
    return f"{newsletter} {feed}"
