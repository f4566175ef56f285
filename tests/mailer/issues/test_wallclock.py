"""A time on the wall is one instant, or a sentence that says why not and what could be meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.issues.wallclock import (
    WallTimeError,
    Which,
    instant_of,
    read_wall_time,
    readers_instant,
    still_to_come,
    zone_named,
)

PASSED_OVER = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - a time on the wall has no zone
TWICE = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        ("2026-11-25T09:00", "Europe/Berlin", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        ("2026-07-25T09:00", "Europe/Berlin", datetime(2026, 7, 25, 7, 0, tzinfo=UTC)),
        ("2026-11-25T09:00", "Asia/Kathmandu", datetime(2026, 11, 25, 3, 15, tzinfo=UTC)),
        ("2026-11-25 09:00", "Pacific/Kiritimati", datetime(2026, 11, 24, 19, 0, tzinfo=UTC)),
        ("2026-11-25", "UTC", datetime(2026, 11, 25, tzinfo=UTC)),
    ],
)
def test_a_time_on_the_wall_is_an_instant(wall: str, zone: str, instant: datetime) -> None:
    assert instant_of(read_wall_time(wall), zone) == instant


def test_a_time_that_clocks_pass_over_is_refused_with_two_suggestions() -> None:
    with pytest.raises(WallTimeError) as caught:
        instant_of(PASSED_OVER, "Europe/Rome")

    assert str(caught.value) == (
        "02:30 on 29 March 2026 does not exist in Europe/Rome: clocks go forward by an hour that day and pass over it. "
        "Choose 03:30, which is as long after the change, or 01:30, before it."
    )
    assert caught.value.suggestions == ("2026-03-29T03:30", "2026-03-29T01:30")


def test_half_an_hour_is_passed_over_on_lord_howe_island() -> None:
    with pytest.raises(WallTimeError, match="forward by 30 minutes"):
        instant_of(datetime(2026, 10, 4, 2, 15), "Australia/Lord_Howe")  # noqa: DTZ001


def test_a_time_that_comes_twice_must_be_chosen() -> None:
    with pytest.raises(WallTimeError, match="first at 00:30 UTC, then again at 01:30 UTC") as caught:
        instant_of(TWICE, "Europe/Rome")

    assert caught.value.suggestions == ("first", "second")
    assert instant_of(TWICE, "Europe/Rome", Which.FIRST) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instant_of(TWICE, "Europe/Rome", Which.SECOND) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_no_reader_is_asked_which_they_mean() -> None:
    assert readers_instant(PASSED_OVER, "Europe/Rome") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert readers_instant(TWICE, "Europe/Rome") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "hint"), [("Berlin", "Europe/Berlin"), ("europe/berln", "Europe/Berlin"), ("", "such as Europe/Berlin")]
)
def test_an_unknown_zone_is_refused_with_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(WallTimeError, match=hint):
        zone_named(name)


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-02-30T09:00", "2026-11-25T09:00Z", "2026-11-25T25:00"])
def test_what_is_no_time_on_the_wall_is_refused(text: str) -> None:
    with pytest.raises(WallTimeError):
        read_wall_time(text)


def test_a_time_that_has_passed_is_told_with_the_day_that_it_is_now() -> None:
    with pytest.raises(WallTimeError) as caught:
        still_to_come(datetime(2026, 10, 31, 1, 30, tzinfo=UTC), now=datetime(2026, 11, 25, 1, 54, tzinfo=UTC))

    assert "01:30 on 31 October 2026 UTC has passed: now it is 01:54 on 25 November 2026 UTC." in str(caught.value)
