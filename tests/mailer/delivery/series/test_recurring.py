"""A series makes a mailing for each of its moments, once. Over a real Redis, killed between any two of its writes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace as altered

from mailer.delivery.planning import forecast
from mailer.delivery.series.recurring import begin_series, recur, stop_series
from mailer.delivery.series.series import Occurrence, Series, last_moment, moments_after
from mailer.errors import ConflictError, PressrunError
from mailer.issues.mailing import MailingState
from subscribers.errors import PeopleError
from subscribers.segmenting import save_segment
from tests.newsroom import NOW

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom

MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WEEKLY = Series(
    slug="weekly",
    newsletter="daily",
    lists=("readers",),
    cron="0 9 * * 1",
    zone="UTC",
    created=MONDAY - timedelta(days=1),
)


async def _ready(newsroom: Newsroom) -> None:
    await newsroom.press.series.mark_ready(await newsroom.press.issues.get("harbour"))


async def _occurrence(newsroom: Newsroom, moment: datetime) -> Occurrence:
    found = await newsroom.press.series.occurrence("weekly", moment)
    assert found is not None
    return found


async def test_each_moment_is_a_mailing_of_its_own(newsroom: Newsroom) -> None:
    await newsroom.join("anna@example.com")
    await _ready(newsroom)
    first = await begin_series(newsroom.press, WEEKLY)

    await recur(newsroom.press, MONDAY - timedelta(seconds=1))
    before = await newsroom.press.mailings.all()
    for _ in range(3):
        await recur(newsroom.press, MONDAY + timedelta(seconds=1))

    (mailing,) = await newsroom.press.mailings.all()
    assert (first, before) == (MONDAY, [])
    assert (mailing.state, mailing.issue, mailing.timing.series) == (MailingState.SCHEDULED, "harbour", "weekly")
    assert await newsroom.press.series.upcoming() == {"weekly": MONDAY + timedelta(days=7)}


async def test_lists_do_not_get_the_same_issue_again(newsroom: Newsroom) -> None:
    await _ready(newsroom)
    await begin_series(newsroom.press, WEEKLY)
    await recur(newsroom.press, MONDAY)

    await recur(newsroom.press, MONDAY + timedelta(days=7))

    assert len(await newsroom.press.mailings.all()) == 1
    assert "No issue was ready" in (await _occurrence(newsroom, MONDAY + timedelta(days=7))).why


async def test_what_was_changed_after_it_was_marked_is_not_ready(newsroom: Newsroom) -> None:
    await _ready(newsroom)
    issue = await newsroom.press.issues.get("harbour")
    await newsroom.press.issues.put(replace(issue, source=issue.source + "\n\nHalf a sen"))
    await begin_series(newsroom.press, WEEKLY)

    await recur(newsroom.press, MONDAY)

    assert await newsroom.press.mailings.all() == []


@pytest.mark.parametrize("dies_at", range(1, 13))
async def test_a_scheduler_that_dies_between_any_two_writes_makes_one_mailing(
    newsroom: Newsroom, dies_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _ready(newsroom)
    await begin_series(newsroom.press, WEEKLY)
    writes = 0

    class Died(BaseException):
        pass

    def counted(store: object, name: str) -> None:
        act = getattr(store, name)

        async def dying(*args: object, **more: object) -> object:
            nonlocal writes
            writes += 1
            if writes == dies_at:
                raise Died
            done = await act(*args, **more)
            writes += 1
            if writes == dies_at:
                raise Died
            return done

        monkeypatch.setattr(store, name, dying)

    press = newsroom.press
    counted(press.mailings, "reserve")
    counted(press.series, "note")
    counted(press.editions, "put")
    counted(press.mailings, "create")
    counted(press.mailings, "move")
    counted(press.series, "set_next")
    with pytest.raises(Died):
        await recur(press, MONDAY)
    monkeypatch.undo()

    await recur(press, MONDAY + timedelta(seconds=1))
    await recur(press, MONDAY + timedelta(seconds=2))

    (mailing,) = await press.mailings.all()
    assert mailing.state is MailingState.SCHEDULED
    assert (await _occurrence(newsroom, MONDAY)).mailing == mailing.id
    assert await press.series.upcoming() == {"weekly": MONDAY + timedelta(days=7)}


async def test_many_schedulers_at_once_make_one_mailing(newsroom: Newsroom) -> None:
    await _ready(newsroom)
    await begin_series(newsroom.press, WEEKLY)

    await asyncio.gather(*(recur(newsroom.press, MONDAY) for _ in range(8)))

    (mailing,) = await newsroom.press.mailings.all()
    assert mailing.state is MailingState.SCHEDULED
    assert (await _occurrence(newsroom, MONDAY)).mailing == mailing.id


async def test_of_moments_that_were_missed_the_last_is_made_up_for(newsroom: Newsroom) -> None:
    await _ready(newsroom)
    await begin_series(newsroom.press, WEEKLY)
    late = MONDAY + timedelta(days=14, hours=2)

    await recur(newsroom.press, late)

    assert "No scheduler was there" in (await _occurrence(newsroom, MONDAY)).why
    assert (await _occurrence(newsroom, MONDAY + timedelta(days=14))).mailing is not None
    assert await newsroom.press.series.upcoming() == {"weekly": MONDAY + timedelta(days=21)}


async def test_what_is_stale_is_not_made_up_for(newsroom: Newsroom) -> None:
    await _ready(newsroom)
    await begin_series(newsroom.press, WEEKLY)

    await recur(newsroom.press, MONDAY + timedelta(days=2))

    assert await newsroom.press.mailings.all() == []
    assert "No scheduler was there" in (await _occurrence(newsroom, MONDAY)).why


async def test_a_stopped_series_makes_nothing(newsroom: Newsroom) -> None:
    await _ready(newsroom)
    await begin_series(newsroom.press, WEEKLY)

    await stop_series(newsroom.press, "weekly")
    await recur(newsroom.press, MONDAY)

    assert await newsroom.press.mailings.all() == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cron": "every monday"}, "is no time to recur at"),
        ({"cron": "0 9 31 2 *"}, "is no time to recur at"),
        ({"zone": "Berlin"}, "Did you mean Europe/Berlin?"),
        ({"newsletter": "other"}, "belongs to the newsletter daily"),
        ({"segments": ("vips",)}, "no segment “vips”"),
        ({"without_segments": ("opened(",)}, "It cannot be read"),
        ({"without_lists": ("raeders",)}, "Did you mean “readers”"),
        ({"without_mailings": (7,)}, "no mailing 7"),
        ({"lists": ()}, "at least one list or segment"),
    ],
)
async def test_what_makes_no_sense_is_refused(newsroom: Newsroom, change: dict[str, Any], says: str) -> None:
    fields = {name: getattr(WEEKLY, name) for name in WEEKLY.__struct_fields__}

    with pytest.raises((PressrunError, PeopleError), match=says):
        await begin_series(newsroom.press, Series(**(fields | change)))


async def test_who_is_in_its_segments_is_asked_at_each_moment_anew(newsroom: Newsroom) -> None:
    press = newsroom.press
    await newsroom.join("anna@example.com", "ben@example.com")
    await save_segment(press.people, "a-to-b", 'address == "anna@example.com"', NOW)
    await save_segment(press.people, "away", 'address == "ben@example.com"', NOW)
    await _ready(newsroom)
    await begin_series(press, altered(WEEKLY, lists=(), segments=("a-to-b",), without_segments=("away",)))

    await save_segment(press.people, "a-to-b", "everyone()", NOW)
    await newsroom.join("cy@example.com")
    await recur(press, MONDAY)

    (mailing,) = await press.mailings.all()
    expected = await forecast(press, mailing.lists, mailing.scope)
    assert (expected.audience, expected.to_mail, expected.excluded_by) == (3, 2, {"excluded-segment": 1})


async def test_a_segment_gets_no_issue_twice(newsroom: Newsroom) -> None:
    await newsroom.join("anna@example.com")
    await _ready(newsroom)
    await begin_series(newsroom.press, altered(WEEKLY, lists=(), segments=("everyone()",)))
    await begin_series(newsroom.press, altered(WEEKLY, slug="other", lists=(), segments=("everyone()",)))

    await recur(newsroom.press, MONDAY)
    await recur(newsroom.press, MONDAY + timedelta(days=7))

    assert len(await newsroom.press.mailings.all()) == 1


async def test_a_segment_that_is_gone_at_its_moment_mails_nobody_and_says_so(newsroom: Newsroom) -> None:
    await newsroom.join("anna@example.com")
    await save_segment(newsroom.press.people, "vip", "everyone()", NOW)
    await _ready(newsroom)
    await begin_series(newsroom.press, altered(WEEKLY, segments=("vip",)))

    await newsroom.press.people.segments.delete("vip")
    await recur(newsroom.press, MONDAY)

    assert await newsroom.press.mailings.all() == []
    assert "no segment “vip”" in (await _occurrence(newsroom, MONDAY)).why
    assert await newsroom.press.series.upcoming() == {"weekly": MONDAY + timedelta(days=7)}


async def test_where_approval_is_needed_a_series_says_who_asks_before_it_begins(newsroom: Newsroom) -> None:
    settings = newsroom.press.settings.model_copy(update={"approval_needed": True})

    with pytest.raises(ConflictError, match="say who asks"):
        await begin_series(replace(newsroom.press, settings=settings), WEEKLY)

    assert await newsroom.press.series.all() == []


async def test_a_series_is_begun_once(newsroom: Newsroom) -> None:
    await begin_series(newsroom.press, WEEKLY)

    with pytest.raises(ConflictError, match="already"):
        await begin_series(newsroom.press, WEEKLY)


def test_a_time_follows_the_clocks_of_its_zone() -> None:
    berlin = Series(slug="b", newsletter="daily", lists=(), cron="30 2 * * *", zone="Europe/Berlin", created=MONDAY)
    spring = moments_after(berlin, datetime(2026, 3, 27, 12, tzinfo=UTC))

    assert [f"{next(spring):%d %H:%M}" for _ in range(3)] == ["28 01:30", "29 01:00", "30 00:30"]
    assert berlin.said == "At 02:30 every day, Europe/Berlin time"


def test_the_last_moment_is_one_that_has_come() -> None:
    assert last_moment(WEEKLY, MONDAY) == MONDAY
    assert last_moment(WEEKLY, MONDAY - timedelta(seconds=1)) == MONDAY - timedelta(days=7)
