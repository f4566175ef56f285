"""Series in Redis.

| key | type | what |
|---|---|---|
| `series` | hash | slug -> Series as JSON |
| `series:next` | hash | slug -> the moment that is looked at next, ISO 8601 |
| `series:occurrences:<slug>` | hash | moment, ISO 8601 -> Occurrence as JSON; kept for ever |
| `issues:ready` | hash | issue's slug -> the version that somebody marked as ready |

Promises: what is written about a moment first is what stands, whichever process writes it and however often.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from mailer.delivery.series.series import Occurrence, Series
from mailer.errors import NotFoundError
from mailer.issues.issue import Issue
from mailer.issues.suggestion import did_you_mean
from subscribers.storage import Redis, run_all

SERIES = "series"
NEXT = "series:next"
READY = "issues:ready"


class SeriesStore:
    """The series, their moments, and which issues are ready for them."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def put(self, series: Series) -> None:
        """Keep a series in place of the one of its slug."""
        await run_all(self._redis, [("HSET", SERIES, series.slug, msgspec.json.encode(series))])

    async def all(self) -> list[Series]:
        """Return every series, by slug."""
        (found,) = await run_all(self._redis, [("HVALS", SERIES)])
        return sorted((_series_from.decode(one) for one in found), key=lambda series: series.slug)

    async def get(self, slug: str) -> Series:
        """Return the series of this slug. Raises NotFoundError, with a suggestion."""
        known = {series.slug: series for series in await self.all()}
        if slug not in known:
            hint = did_you_mean(slug, known) or "`pressrun series list` shows those that there are."
            raise NotFoundError(f"There is no series “{slug}”. {hint}")
        return known[slug]

    async def upcoming(self) -> dict[str, datetime]:
        """Return the moment that each series is looked at next."""
        (found,) = await run_all(self._redis, [("HGETALL", NEXT)])
        return {slug.decode(): datetime.fromisoformat(moment.decode()) for slug, moment in found.items()}

    async def set_next(self, slug: str, moment: datetime | None) -> None:
        """Look at a series then, or not any more."""
        command = ("HDEL", NEXT, slug) if moment is None else ("HSET", NEXT, slug, moment.isoformat())
        await run_all(self._redis, [command])

    async def note(self, slug: str, moment: datetime, occurrence: Occurrence) -> Occurrence:
        """Write what becomes of a moment, unless something stands there; return what stands."""
        key, packed = _occurrences_key(slug), msgspec.json.encode(occurrence)
        replies = await run_all(
            self._redis, [("HSETNX", key, moment.isoformat(), packed), ("HGET", key, moment.isoformat())]
        )
        return _occurrence_from.decode(replies[1])

    async def correct(self, slug: str, moment: datetime, occurrence: Occurrence) -> None:
        """Write that something else has become of a moment."""
        packed = msgspec.json.encode(occurrence)
        await run_all(self._redis, [("HSET", _occurrences_key(slug), moment.isoformat(), packed)])

    async def occurrence(self, slug: str, moment: datetime) -> Occurrence | None:
        """Return what has become of a moment; None if nobody has come to it yet."""
        (found,) = await run_all(self._redis, [("HGET", _occurrences_key(slug), moment.isoformat())])
        return _occurrence_from.decode(found) if found else None

    async def occurrences(self, slug: str) -> dict[datetime, Occurrence]:
        """Return what has become of a series' moments, the newest first."""
        (found,) = await run_all(self._redis, [("HGETALL", _occurrences_key(slug))])
        read = {datetime.fromisoformat(one.decode()): _occurrence_from.decode(value) for one, value in found.items()}
        return dict(sorted(read.items(), reverse=True))

    async def mark_ready(self, issue: Issue) -> None:
        """Mark an issue, as it is now, as ready to be mailed by a series."""
        await run_all(self._redis, [("HSET", READY, issue.slug, issue.version)])

    async def unmark(self, slug: str) -> None:
        """Take the mark away."""
        await run_all(self._redis, [("HDEL", READY, slug)])

    async def ready(self) -> dict[str, int]:
        """Return the marked issues, with the version that was marked."""
        (found,) = await run_all(self._redis, [("HGETALL", READY)])
        return {slug.decode(): int(version) for slug, version in found.items()}


def _occurrences_key(slug: str) -> str:
    return f"series:occurrences:{slug}"


_series_from = msgspec.json.Decoder(Series)
_occurrence_from = msgspec.json.Decoder(Occurrence)
