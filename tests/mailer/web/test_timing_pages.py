"""When a mailing goes, asked for in a browser without JavaScript; and what can be done before its first byte leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from mailer import clock
from mailer.delivery.controlling import schedule
from mailer.delivery.experiments.experimenting import Trial, experiment_of
from mailer.delivery.ticking import tick
from mailer.delivery.timing.canary import CanaryState
from mailer.issues.aims.experiment import Experiment, Measure
from mailer.issues.mailing import Mailing, MailingState
from mailer.issues.timing import Canary, Timing
from subscribers.cohort import Cohort
from subscribers.fields import Field, FieldKind
from tests.mailer.web.test_sending_pages import form_of

if TYPE_CHECKING:
    from tests.mailer.web.conftest import Answer, Site


async def _ask(site: Site, **when: str) -> Answer:
    """Fill in the last form, with this in the part about when."""
    form = form_of(await site.admin.get("/admin/issues/harbour/confirm?list=readers"))
    return await site.admin.post("/admin/issues/harbour/send", form | when)


async def _only_mailing(site: Site) -> Mailing:
    (mailing,) = await site.press.mailings.all()
    return mailing


async def test_a_time_on_the_wall_is_scheduled(site: Site) -> None:
    await site.join("ana@example.com")

    answer = await _ask(site, when="at", at="2099-07-01T09:00", zone="Europe/Berlin")

    mailing = await _only_mailing(site)
    assert answer.status == 303
    assert mailing.state is MailingState.SCHEDULED
    assert mailing.starts == datetime.fromisoformat("2099-07-01T07:00:00+00:00")


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ({"when": "at", "at": "2099-03-29T02:30", "zone": "Europe/Rome"}, "Choose 03:30"),
        ({"when": "at", "at": "", "zone": "Europe/Rome"}, "is no time such as"),
        ({"when": "at", "at": "2020-07-01T09:00", "zone": "Europe/Rome"}, "has passed"),
        ({"when": "at", "at": "2099-03-29T09:00", "zone": "Mars/Base"}, "no time zone"),
        ({"when": "local", "at": "2099-07-01T09:00"}, "declares no field of the kind time-zone"),
    ],
)
async def test_what_cannot_be_is_said_above_the_form(site: Site, when: dict[str, str], says: str) -> None:
    await site.join("ana@example.com")

    answer = await _ask(site, **when)

    assert answer.status == 409
    assert says in answer.text
    assert await site.press.mailings.all() == []


async def test_a_time_that_comes_twice_is_chosen_on_the_same_form(site: Site) -> None:
    await site.join("ana@example.com")
    when = {"when": "at", "at": "2099-10-25T02:30", "zone": "Europe/Rome"}

    asked = await _ask(site, **when)
    chosen = await _ask(site, **when, which="second")

    assert "Which of the two?" in asked.text
    assert 'value="2099-10-25T02:30"' in asked.text, "what was typed stays"
    assert chosen.status == 303
    assert (await _only_mailing(site)).starts == datetime.fromisoformat("2099-10-25T01:30:00+00:00")


async def test_each_readers_own_time_is_shown_with_its_spread(site: Site) -> None:
    (ana, _ben) = await site.join("ana@example.com", "ben@example.com")
    newsletter = (await site.press.issues.get("harbour")).newsletter
    await site.press.people.fields.declare(Field(newsletter=newsletter, name="zone", kind=FieldKind.TIME_ZONE))
    await site.press.people.fields.index({("zone", "Asia/Tokyo"): Cohort.of([ana])})
    await _ask(site, when="local", at="2020-07-01T09:00", zone="Europe/Berlin")
    await tick(site.press, "test")

    page = (await site.admin.get(f"/admin/mailings/{(await _only_mailing(site)).id}")).text

    assert "At each reader’s own 2020-07-01, 09:00" in page
    assert "Asia/Tokyo" in page
    assert "Europe/Berlin" in page


async def test_undo_takes_a_mailing_back_before_it_begins(site: Site) -> None:
    await site.join("ana@example.com")
    await _ask(site, when="at", at="2099-07-01T09:00", zone="UTC")
    mailing = await _only_mailing(site)

    page = (await site.admin.get(f"/admin/mailings/{mailing.id}")).text
    answer = await site.admin.post(f"/admin/mailings/{mailing.id}/undo", {})
    again = await site.admin.post(f"/admin/mailings/{mailing.id}/undo", {})

    assert "Nothing has left yet" in page
    assert "It begins in" in page
    assert answer.status == 303
    assert again.status == 409
    assert (await _only_mailing(site)).state is MailingState.CANCELLED


async def _proposed(site: Site, *, asked_by: str, experiment: Experiment | None = None) -> Mailing:
    """Ask for a mailing where a second person must approve it."""
    strict = replace(site.press, settings=site.press.settings.model_copy(update={"approval_needed": True}))
    timing = Timing(asked_by=asked_by)
    return await schedule(strict, "harbour", ["readers"], now=clock.now(), timing=timing, experiment=experiment)


async def test_a_second_person_approves_the_edition_on_the_page(site: Site) -> None:
    await site.join("ana@example.com")
    mailing = await _proposed(site, asked_by="somebody else")

    page = await site.admin.get(f"/admin/mailings/{mailing.id}")
    other = await site.admin.post(f"/admin/mailings/{mailing.id}/approve", {"edition": "f" * 64})
    answer = await site.admin.post(f"/admin/mailings/{mailing.id}/approve", {"edition": mailing.edition})

    assert f"Approve edition {mailing.edition[:12]}" in page.text
    assert (other.status, answer.status) == (409, 303)
    assert (await _only_mailing(site)).state is MailingState.SCHEDULED


async def test_what_is_approved_is_what_was_frozen_and_not_what_the_issue_has_become(site: Site) -> None:
    await site.join("ana@example.com")
    mailing = await _proposed(site, asked_by="somebody else")
    issue = await site.press.issues.get("harbour")
    await site.press.issues.put(replace(issue, source="Something else entirely."))

    page = await site.admin.get(f"/admin/mailings/{mailing.id}")
    frozen = await site.admin.get(f"/admin/mailings/{mailing.id}/editions/1")
    beyond = await site.admin.get(f"/admin/mailings/{mailing.id}/editions/2")

    assert f'href="/admin/mailings/{mailing.id}/editions/1"' in page.text
    assert "Ships of all sizes came in." in frozen.text
    assert "Something else entirely." not in frozen.text
    assert beyond.status == 404


async def test_every_arm_is_looked_at_and_all_are_approved_together(site: Site) -> None:
    await site.join("ana@example.com")
    trial = Trial(subjects=["Ships ahoy"], measure=Measure.HAND)
    experiment = await experiment_of(site.press, "harbour", trial)
    mailing = await _proposed(site, asked_by="somebody else", experiment=experiment)

    page = await site.admin.get(f"/admin/mailings/{mailing.id}")
    second = await site.admin.get(f"/admin/mailings/{mailing.id}/editions/2")
    one_only = await site.admin.post(f"/admin/mailings/{mailing.id}/approve", {"edition": mailing.edition})
    all_arms = await site.admin.post(f"/admin/mailings/{mailing.id}/approve", {"edition": mailing.approvable})

    assert "Ships ahoy ↗" in page.text
    assert f"Approve these editions, {mailing.approvable[:12]}" in page.text
    assert second.status == 200
    assert (one_only.status, all_arms.status) == (409, 303)


async def test_who_asked_is_told_that_somebody_else_approves(site: Site) -> None:
    await site.join("ana@example.com")
    mailing = await _proposed(site, asked_by="admin")

    page = await site.admin.get(f"/admin/mailings/{mailing.id}")
    answer = await site.admin.post(f"/admin/mailings/{mailing.id}/approve", {"edition": mailing.edition})

    assert "You asked for it" in page.text
    assert "Approve edition" not in page.text
    assert answer.status == 409


async def test_the_rest_is_let_go_on_the_page(site: Site) -> None:
    await site.join(*(f"reader{number}@example.com" for number in range(12)))
    timing = Timing(canary=Canary(people=2, by_hand=True))
    mailing = await schedule(site.press, "harbour", ["readers"], now=clock.now(), timing=timing)
    await tick(site.press, "test")

    page = (await site.admin.get(f"/admin/mailings/{mailing.id}")).text
    answer = await site.admin.post(f"/admin/mailings/{mailing.id}/release", {})

    assert "A few people first" in page
    assert "2 people get it first" in page
    assert "2 people: 0 accepted, 0 refused, 0 put off" in page
    assert answer.status == 303
    assert (await site.press.turns.canary(mailing.id)).state is CanaryState.RELEASED
