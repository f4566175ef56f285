"""Quiet hours by the clock on a wall: over midnight, within a day, and in the nights when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.errors import ConfigError
from mailer.quiethours import QuietHours
from mailer.settings import load_settings


def _quiet(text: str) -> QuietHours:
    read = QuietHours.read(text)
    assert read
    return read


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "now", "until"),
    [
        ("22:00-07:00 Europe/Berlin", "2026-11-24T20:59:59", None),
        ("22:00-07:00 Europe/Berlin", "2026-11-24T21:00", "2026-11-25T06:00"),
        ("22:00-07:00 Europe/Berlin", "2026-11-25T05:59:59", "2026-11-25T06:00"),
        ("22:00-07:00 Europe/Berlin", "2026-11-25T06:00", None),
        ("12:00-13:30 UTC", "2026-11-24T12:10", "2026-11-24T13:30"),
        ("12:00-13:30 UTC", "2026-11-24T13:30", None),
        ("9:00 - 10:00 Asia/Tokyo", "2026-11-24T00:30", "2026-11-24T01:00"),
        # 02:30 does not exist on 29 March 2026 in Berlin: by the clock before the change it is 01:30 UTC.
        ("22:00-02:30 Europe/Berlin", "2026-03-29T01:10", "2026-03-29T01:30"),
        # 02:30 exists twice on 25 October 2026: at 00:30 UTC, which is meant, and at 01:30 UTC.
        ("22:00-02:30 Europe/Berlin", "2026-10-25T00:10", "2026-10-25T00:30"),
        ("22:00-02:30 Europe/Berlin", "2026-10-25T01:10", None),
    ],
)
def test_quiet_hours_end(text: str, now: str, until: str | None) -> None:
    assert _quiet(text).until(_utc(now)) == (until and _utc(until))


def test_the_next_ones_begin_later_today_or_tomorrow() -> None:
    quiet = _quiet("22:00-07:00 Europe/Berlin")

    assert quiet.next_begin(_utc("2026-11-24T20:59")) == _utc("2026-11-24T21:00")
    assert quiet.next_begin(_utc("2026-11-24T21:00")) == _utc("2026-11-25T21:00")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("at night", "is not written like"),
        ("22:00-07:00", "is not written like"),
        ("22:00-25:00 UTC", "there is no 25:00"),
        ("22:00-07:00 Berlin", "no time zone “Berlin”"),
        ("07:00-07:00 UTC", "the whole day, or nothing"),
    ],
)
def test_what_cannot_be_read_is_said_when_settings_are_loaded(text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_settings(quiet_hours=text)
