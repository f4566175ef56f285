"""A warm-up's days and ceilings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from mailer.errors import ConfigError
from mailer.senders.warmups.warmup import MOST_DAYS, Warmup, ladder

BEGAN = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
PLAN = Warmup(domain="news.example.com", began=BEGAN, ceilings=(200, 280))


@pytest.mark.parametrize(
    ("passed", "day", "ceiling"),
    [(timedelta(0), 0, 200), (timedelta(hours=23, minutes=59), 0, 200), (timedelta(days=1), 1, 280)],
)
def test_a_day_begins_at_the_hour_when_it_all_began(passed: timedelta, day: int, ceiling: int) -> None:
    now = BEGAN + passed

    assert (PLAN.day(now), PLAN.ceiling(now), PLAN.is_over(now)) == (day, ceiling, False)
    assert PLAN.ends(now) == BEGAN + timedelta(days=day + 1)


def test_after_its_last_day_it_is_over() -> None:
    assert PLAN.is_over(BEGAN + timedelta(days=2))


def test_the_ladder_of_the_manual_has_22_days() -> None:
    ceilings = ladder()

    assert (ceilings[0], ceilings[1], ceilings[-1], len(ceilings)) == (200, 280, 200_000, 22)
    assert all(after <= before * 1.5 for before, after in pairwise(ceilings))


def test_a_small_ladder_grows_all_the_same() -> None:
    assert ladder(first=1, growth=1.05, last=4) == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("first", "growth", "last"), [(0, 1.4, 10), (20, 1.4, 10), (10, 1.0, 20), (10, 4.0, 20), (10, float("nan"), 20)]
)
def test_what_cannot_grow_is_refused(first: int, growth: float, last: int) -> None:
    with pytest.raises(ConfigError):
        ladder(first, growth, last)


@pytest.mark.parametrize("ceilings", [(), (10, 0), (1,) * (MOST_DAYS + 1)])
def test_plans_that_are_none_are_refused(ceilings: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError):
        Warmup(domain="news.example.com", began=BEGAN, ceilings=ceilings)
