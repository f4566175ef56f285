from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.requests import Request

from mailer.web.pages import count, duration, moment, share, size
from mailer.web.paging import paging


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "0 %"),
        (0, 10, "0 %"),
        (1, 2000, "under 1 %"),
        (1999, 2000, "over 99 %"),
        (2000, 2000, "100 %"),
        (1, 3, "33 %"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-3, "0 s"), (0.4, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3725, "1 h 2 min"), (100_000, "1 d 3 h")],
)
def test_a_duration_is_said_by_its_two_largest_units(seconds: float, said: str) -> None:
    assert duration(timedelta(seconds=seconds)) == said


def test_numbers_and_times_are_spelt_for_people() -> None:
    assert count(1, "person", "people") == "1 person"
    assert count(12_481, "person", "people") == "12,481 people"
    assert moment(datetime(2026, 11, 3, 9, 5, tzinfo=UTC)) == "3 Nov 2026, 09:05 UTC"
    assert size(812) == "812 B"
    assert size(41_240) == "41.2 kB"


@pytest.mark.parametrize(
    ("query", "total", "shown"),
    [
        ("", 0, (0, 0, "", "")),
        ("", 50, (1, 50, "", "")),
        ("", 51, (1, 50, "", "/p?page=2")),
        ("page=2", 51, (51, 51, "/p?page=1", "")),
        ("page=99", 51, (51, 51, "/p?page=1", "")),
        ("page=0", 51, (1, 50, "", "/p?page=2")),
        ("page=-1", 51, (1, 50, "", "/p?page=2")),
        ("page=²", 51, (1, 50, "", "/p?page=2")),
        ("page=99999999999999999999", 51, (1, 50, "", "/p?page=2")),
        ("list=a%26b&page=1", 51, (1, 50, "", "/p?list=a%26b&page=2")),
    ],
)
def test_a_page_beyond_the_list_is_the_nearest_one(query: str, total: int, shown: tuple[int, int, str, str]) -> None:
    request = Request({"type": "http", "path": "/p", "headers": [], "query_string": query.encode()})

    part = paging(request, total)

    assert (part.first, part.last, part.previous, part.next) == shown
