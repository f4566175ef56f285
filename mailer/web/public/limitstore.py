"""How often something may be asked for by strangers, counted in Redis.

Keys: `limit:<digest>:<window>` (string: how often in this window; expires with it). The digest is keyed, so that the
keys tell nobody whose address was typed in.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

from mailer.delivery.press import Press
from subscribers.storage import run_all


async def is_allowed(press: Press, what: str, *, most: int, within: timedelta, now: datetime) -> bool:
    """Count one more request for `what` and say whether that is within the limit. A repeat counts twice."""
    seconds = int(within.total_seconds())
    digest = blake2b(what.encode(), digest_size=12, key=press.tokens.digest_key).hexdigest()
    key = _limit_key(digest, int(now.timestamp()) // seconds)
    count, _ = await run_all(press.redis, [("INCR", key), ("EXPIRE", key, seconds)])
    return int(count) <= most


def _limit_key(digest: str, window: int) -> str:
    return f"limit:{digest}:{window}"
