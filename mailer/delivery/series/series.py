"""A series: which newsletter goes to which lists and segments again and again, and when.

What it sends is the newest issue that somebody has marked as ready and that these people have not had. A mark counts
for the text that was looked at: whoever changes the issue takes the mark away. So no half-written draft goes out
because it is Monday, and where nothing is ready nothing is mailed, which the series says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from cronsim import CronSim, CronSimError

from mailer.errors import ConflictError
from mailer.issues.mailing import MailingId
from mailer.issues.wallclock import zone_named
from mailer.issues.wording import check_slug

LATEST = timedelta(hours=12)
"""A moment that nobody was there for is made up for so long; after that it is missed, and the next one comes."""


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A recurring mailing."""

    slug: str
    newsletter: str
    lists: tuple[str, ...]
    """The slugs of the lists."""
    segments: tuple[str, ...] = ()
    """Slugs or rules of segments; who is in them is asked at each moment anew."""
    without_lists: tuple[str, ...] = ()
    without_segments: tuple[str, ...] = ()
    without_mailings: tuple[int, ...] = ()
    cron: str
    """Five fields: minute, hour, day of the month, month, day of the week."""
    zone: str
    """The time zone that the cron expression is meant in; daylight saving moves with it."""
    created: datetime
    asked_by: str = ""
    """The account that asked for it; empty: not known."""
    is_stopped: bool = False

    def check(self) -> None:
        """Raise SourceError for what is no slug, ConflictError or WallTimeError for what is no time to recur at."""
        check_slug(self.slug, what="series")
        zone_named(self.zone)
        try:
            next(moments_after(self, self.created))
        except (CronSimError, StopIteration) as error:
            raise ConflictError(
                f"“{self.cron}” is no time to recur at. Give five fields (minute, hour, day of the month, month, day "
                "of the week), such as “0 9 * * 1” for every Monday at 09:00."
            ) from error

    @property
    def people_said(self) -> str:
        """Who gets it, as it was asked for: readers, vip, without press, without mailing 12."""
        without = [*self.without_lists, *self.without_segments, *(f"mailing {one}" for one in self.without_mailings)]
        return ", ".join([*self.lists, *self.segments, *(f"without {one}" for one in without)])

    @property
    def said(self) -> str:
        """When it recurs, in plain words."""
        return f"{CronSim(self.cron, self.created).explain()}, {self.zone} time"


class Occurrence(msgspec.Struct, frozen=True):
    """What became of one of a series' moments."""

    mailing: MailingId | None = None
    """None: nothing was mailed."""
    issue: str = ""
    why: str = ""
    """A sentence, where nothing was mailed."""


def moments_after(series: Series, moment: datetime) -> Iterator[datetime]:
    """Yield when the series recurs after a moment, in UTC."""
    for one in CronSim(series.cron, moment.astimezone(zone_named(series.zone))):
        yield one.astimezone(UTC)


def last_moment(series: Series, now: datetime) -> datetime:
    """Return the last moment of the series that is not after now, in UTC."""
    # A minute is the shortest step of cron, and stepping backwards leaves out the start.
    start = (now + timedelta(minutes=1)).replace(second=0, microsecond=0)
    return next(iter(CronSim(series.cron, start.astimezone(zone_named(series.zone)), reverse=True))).astimezone(UTC)
