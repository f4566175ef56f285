"""Times on the wall: what a person means by "09:00 in Rome", also on the two days a year when that is not simple.

When clocks go forward an hour does not exist, and when they go back one exists twice. Whoever chooses such a time for
a mailing is told, with what they could mean instead. For readers in their own zones nobody can be asked, so RFC 5545
§3.3.5 decides: a time that does not exist is meant by the clock before the change, one that exists twice is the first.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

from mailer.errors import PressrunError
from mailer.issues.suggestion import did_you_mean


class WallTimeError(PressrunError):
    """A time on the wall that names no instant, or two. `suggestions` are what could be meant, as typed."""

    def __init__(self, message: str, *suggestions: str) -> None:
        """Keep the suggestions."""
        self.suggestions = suggestions
        super().__init__(message)


class Which(StrEnum):
    """Which of two instants, where clocks went back and a time exists twice."""

    FIRST = "first"
    SECOND = "second"


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone. Raises WallTimeError, with a suggestion."""
    if name in available_timezones():
        return ZoneInfo(name)
    by_city = [one for one in sorted(available_timezones()) if one.rpartition("/")[2].lower() == name.lower()]
    hint = f"Did you mean {by_city[0]}?" if by_city else did_you_mean(name, sorted(available_timezones()))
    raise WallTimeError(f"There is no time zone “{name[:40]}”. {hint or 'Use one such as Europe/Berlin or UTC.'}")


def read_wall_time(text: str) -> datetime:
    """Return a time on the wall, without a zone. Raises WallTimeError for any other text."""
    try:
        wall = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise WallTimeError(f"“{text[:40]}” is no time such as 2026-11-25T09:00.") from error
    if not MINYEAR < wall.year < MAXYEAR:
        # At the edges of the calendar other zones have no time for it.
        raise WallTimeError(f"The year of “{text[:40]}” is not one for a mailing.")
    if wall.tzinfo is not None:
        raise WallTimeError(f"“{text[:40]}” has a zone of its own already; leave that away, or give no other zone.")
    return wall


def instant_of(wall: datetime, zone: str, which: Which | None = None) -> datetime:
    """Return the instant that a person means by a time on the wall of a zone, in UTC.

    Raises WallTimeError where clocks go forward past it, or where they go back over it and `which` does not say.
    """
    place = zone_named(zone)
    first, second = (wall.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first.astimezone(place).replace(tzinfo=None) != wall:
        raise _passed_over(wall, place, first, second)
    if which is None:
        raise WallTimeError(
            f"{_said(wall)} happens twice in {zone}, because clocks go back that day: first at {first:%H:%M} UTC, then "
            f"again at {second:%H:%M} UTC. Say which you mean: the first or the second.",
            Which.FIRST,
            Which.SECOND,
        )
    return first if which is Which.FIRST else second


def still_to_come(instant: datetime, now: datetime) -> datetime:
    """Return the instant. Raises WallTimeError where it has passed: a slip of the year must not mail at once."""
    if instant < now:
        raise WallTimeError(
            f"{_said(instant.astimezone(UTC))} UTC has passed: now it is {_said(now.astimezone(UTC))} UTC. Choose a "
            "later time, or none, to begin at once."
        )
    return instant


def readers_instant(wall: datetime, zone: str) -> datetime:
    """Return the instant when it is this time for a reader of the zone, by RFC 5545 §3.3.5, in UTC."""
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def _passed_over(wall: datetime, place: ZoneInfo, first: datetime, second: datetime) -> WallTimeError:
    # Read with the clock of before, the time lies after the gap; read with that of after, before it.
    after = first.astimezone(place).replace(tzinfo=None)
    before = second.astimezone(place).replace(tzinfo=None)
    jump = timedelta(seconds=round((after - wall).total_seconds()))
    return WallTimeError(
        f"{_said(wall)} does not exist in {place.key}: clocks go forward by {_length(jump)} that day and pass over it. "
        f"Choose {after:%H:%M}, which is as long after the change, or {before:%H:%M}, before it.",
        after.isoformat(timespec="minutes"),
        before.isoformat(timespec="minutes"),
    )


def _said(wall: datetime) -> str:
    return f"{wall:%H:%M} on {wall.day} {wall:%B %Y}"


def _length(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return "an hour" if minutes == 60 else f"{minutes} minutes"
