"""Series and what is to come, in a browser without JavaScript."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.addressing import Wish
from mailer.delivery.controlling import pause, schedule
from mailer.delivery.series.recurring import begin_series, recur
from mailer.delivery.series.series import Series
from mailer.delivery.ticking import tick
from mailer.issues.mailing import MailingState
from mailer.issues.timing import Canary, Timing
from subscribers.segmenting import save_segment
from tests.mailer.web.test_sending_pages import form_of

if TYPE_CHECKING:
    from tests.mailer.web.conftest import Site

FORM = {"newsletter": "daily", "slug": "mondays", "cron": "0 9 * * 1", "zone": "Europe/Berlin", "list": "readers"}


async def a_series(site: Site, created: datetime) -> Series:
    series = Series(
        slug="mondays", newsletter="daily", lists=("readers",), cron="0 9 * * 1", zone="UTC", created=created
    )
    await begin_series(site.press, series)
    return series


async def test_a_series_is_counted_confirmed_and_begun(site: Site) -> None:
    await site.join("ana@example.com", "ben@example.com")
    await save_segment(site.press.people, "press", 'address == "ben@example.com"', await site.press.ledger.now())
    form = await site.admin.get("/admin/series/new")

    asked = await site.admin.post("/admin/series", FORM | {"exclude-segment": "press"})
    before = await site.press.series.all()
    begun = await site.admin.post("/admin/series", form_of(asked))

    (series,) = await site.press.series.all()
    assert "Readers of The Daily" in form.text
    assert "Mail 1 person again and again?" in asked.text
    assert "At 09:00 on Monday, Europe/Berlin time" in asked.text
    assert before == []
    assert begun.header("location") == "/admin/series/mondays"
    assert (series.lists, series.without_segments, series.zone) == (("readers",), ("press",), "Europe/Berlin")
    assert series.asked_by == "admin"
    assert "readers, without press" in (await site.admin.get("/admin/series")).text


async def test_two_clicks_begin_one_series(site: Site) -> None:
    await site.join("ana@example.com")
    form = form_of(await site.admin.post("/admin/series", FORM))

    answers = [await site.admin.post("/admin/series", form) for _ in range(2)]
    another = await site.admin.post("/admin/series", form | {"cron": "0 10 * * 1"})

    assert [one.header("location") for one in answers] == ["/admin/series/mondays"] * 2
    assert another.status == 409
    assert [one.cron for one in await site.press.series.all()] == ["0 9 * * 1"]


async def test_many_people_must_be_typed_and_a_changed_number_is_shown(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(site.press.settings), "confirm_from_people", 2)
    await site.join("ana@example.com", "ben@example.com")
    form = form_of(await site.admin.post("/admin/series", FORM))

    untyped = await site.admin.post("/admin/series", form)
    await site.join("cy@example.com")
    changed = await site.admin.post("/admin/series", form | {"typed": "2"})
    right = await site.admin.post("/admin/series", form_of(changed) | {"typed": "3"})

    assert [untyped.status, changed.status, right.status] == [409, 409, 303]
    assert "There were 2 people, and now there are 3" in changed.text


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"cron": "mondays"}, "Give five fields"),
        ({"zone": "Mars/Base"}, "no time zone"),
        ({"slug": "../mondays"}, "cannot name a series"),
        ({"list": ""}, "There is no list"),
        ({"segment": "nosuch"}, "no segment “nosuch”"),
        ({"newsletter": "weekly"}, "not to weekly"),
    ],
)
async def test_what_makes_no_sense_is_said_above_the_form(site: Site, said: dict[str, str], says: str) -> None:
    await site.join("ana@example.com")

    answer = await site.admin.post("/admin/series", FORM | said)

    assert answer.status == 409
    assert says in answer.text
    assert await site.press.series.all() == []


async def test_what_became_of_each_moment_is_shown_and_a_series_is_stopped(site: Site) -> None:
    await site.join("ana@example.com")
    now = await site.press.ledger.now()
    series = await a_series(site, now - timedelta(days=30))
    await recur(site.press, now)

    page = await site.admin.get("/admin/series/mondays")
    stopped = await site.admin.post("/admin/series/mondays/stop")

    assert "Nothing. No scheduler was there at that time." in page.text
    assert stopped.status == 303
    assert (await site.press.series.get(series.slug)).is_stopped
    assert "stopped" in (await site.admin.get("/admin/series")).text
    assert (await site.admin.get("/admin/series/none")).status == 404


async def test_an_issue_is_marked_as_ready_on_its_page(site: Site) -> None:
    before = await site.admin.get("/admin/issues/harbour")
    await a_series(site, await site.press.ledger.now())

    await site.admin.post("/admin/issues/harbour/ready")
    marked = await site.press.series.ready()
    page = await site.admin.get("/admin/issues/harbour")
    series = await site.admin.get("/admin/series/mondays")
    await site.admin.post("/admin/issues/harbour/unready")

    assert "Mark it as ready" not in before.text
    assert marked == {"harbour": 1}
    assert "Not ready after all" in page.text
    assert '<a href="/admin/issues/harbour">' in series.text
    assert await site.press.series.ready() == {}


async def test_what_is_to_come_is_shown_with_what_can_be_done(site: Site) -> None:
    await site.join(*(f"reader{number}@example.com" for number in range(12)))
    press, now = site.press, await site.press.ledger.now()
    strict = replace(press, settings=press.settings.model_copy(update={"approval_needed": True}))
    asked = Timing(asked_by="somebody else")
    proposed = await schedule(strict, "harbour", ["readers"], now=now, timing=asked)
    later = await schedule(press, "harbour", ["readers"], now=now, starts=now + timedelta(hours=47, minutes=30))
    held = Timing(canary=Canary(people=2, by_hand=True))
    canary = await schedule(press, "harbour", ["readers"], now=now, timing=held)
    paused = await schedule(press, "harbour", ["readers"], now=now)
    await tick(press, "test")
    await pause(press, paused.id, now=now, why="Wait for the photographs.")
    await site.work()
    await tick(press, "test")
    await a_series(site, now)

    page = (await site.admin.get("/admin/scheduled")).text
    undone = await site.admin.post(f"/admin/mailings/{later.id}/undo")

    assert "Look and approve" in page
    assert f"/admin/mailings/{proposed.id}/undo" in page
    assert "10 people wait for somebody to let them go." in page
    assert f'<a href="/admin/mailings/{canary.id}">' in page
    assert "Wait for the photographs." in page
    assert "in 1 d 23 h" in page
    assert '<a href="/admin/series/mondays">' in page
    assert undone.status == 303
    assert (await press.mailings.get(later.id)).state is MailingState.CANCELLED


async def test_who_asked_is_not_offered_to_approve(site: Site) -> None:
    await site.join("ana@example.com")
    strict = replace(site.press, settings=site.press.settings.model_copy(update={"approval_needed": True}))
    await schedule(strict, "harbour", ["readers"], now=await site.press.ledger.now(), timing=Timing(asked_by="admin"))

    assert "Look and approve" not in (await site.admin.get("/admin/scheduled")).text


async def test_a_segment_that_is_gone_is_told_before_the_mailing_begins(site: Site) -> None:
    await site.join("ana@example.com")
    now = await site.press.ledger.now()
    await save_segment(site.press.people, "vip", "everyone()", now)
    wish = Wish(segments=['in_segment("vip")'])
    await schedule(site.press, "harbour", wish, now=now, starts=now + timedelta(days=1))

    before = await site.admin.get("/admin/scheduled")
    await site.press.people.segments.delete("vip")
    after = await site.admin.get("/admin/scheduled")

    assert (before.status, after.status) == (200, 200)
    assert "no segment “vip”" not in before.text
    assert "no segment “vip”" in after.text


async def test_nothing_to_come_is_said(site: Site) -> None:
    assert "Nothing is scheduled" in (await site.admin.get("/admin/scheduled")).text
