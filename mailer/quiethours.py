"""Quiet hours: times of each day at which no mailing hands anything over. Pure.

They begin and end by the clock on the wall of one zone; where clocks change that night, RFC 5545 §3.3.5 says which
instant is meant (a time that does not exist is read by the clock before the change, of two the first is meant).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from mailer.errors import ConfigError

_FORM = re.compile(r"([0-9]{1,2}:[0-9]{2}) ?[-–] ?([0-9]{1,2}:[0-9]{2}) +(\S+)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when to when, by which clock; over midnight where they end earlier than they begin."""

    begins: time
    ends: time
    zone: ZoneInfo

    @classmethod
    def read(cls, text: str) -> QuietHours | None:
        """Return what a text such as `22:00-07:00 Europe/Berlin` says; None for an empty one. Raises ConfigError."""
        return _read(text.strip()) if text.strip() else None

    def until(self, now: datetime) -> datetime | None:
        """Return when the quiet hours end in which this moment lies, in UTC; None if it lies in none."""
        return max((ends for begins, ends in self._around(now) if begins <= now < ends), default=None)

    def next_begin(self, now: datetime) -> datetime:
        """Return when quiet hours begin next, after this moment, in UTC."""
        return min(begins for begins, _ in self._around(now) if begins > now)

    def sentence(self, until: datetime) -> str:
        """Say until when they last."""
        local = until.astimezone(self.zone)
        return f"It is within the quiet hours; mailings go on at {local:%H:%M} on {local:%Y-%m-%d} ({self.zone.key})."

    def _around(self, now: datetime) -> list[tuple[datetime, datetime]]:
        """Return the quiet hours that begin on the days around a moment."""
        today = now.astimezone(self.zone).date()
        days = [today + timedelta(days=number) for number in (-1, 0, 1, 2)]
        over_midnight = timedelta(days=int(self.ends < self.begins))
        return [(self._instant(day, self.begins), self._instant(day + over_midnight, self.ends)) for day in days]

    def _instant(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, self.zone).astimezone(UTC)


# Every newsletter's are read again and again, and to list the time zones is to walk a folder.
@lru_cache(maxsize=256)
def _read(text: str) -> QuietHours:
    found = _FORM.fullmatch(text)
    if not found:
        raise ConfigError(f"quiet_hours: “{text[:60]}” is not written like 22:00-07:00 Europe/Berlin.")
    begins, ends, zone = found.groups()
    if zone not in available_timezones():
        raise ConfigError(f"quiet_hours: there is no time zone “{zone[:40]}”. Use one such as Europe/Berlin or UTC.")
    read = QuietHours(_time(begins), _time(ends), ZoneInfo(zone))
    if read.begins == read.ends:
        raise ConfigError(f"quiet_hours: {begins} to {ends} would be the whole day, or nothing. Leave an hour to mail.")
    return read


def _time(text: str) -> time:
    hour, minute = map(int, text.split(":"))
    if hour > 23 or minute > 59:
        raise ConfigError(f"quiet_hours: there is no {text} in a day. Use times from 00:00 to 23:59.")
    return time(hour, minute)
