"""Trying other subjects and issues, asked for in a browser without JavaScript."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mailer.issues.aims.experiment import Measure
from mailer.issues.aims.tracking import Tracking
from mailer.issues.issue import Issue
from mailer.issues.mailing import Mailing
from tests.mailer.web.test_sending_pages import form_of

if TYPE_CHECKING:
    from tests.mailer.web.conftest import Answer, Site

CONFIRM, SEND = "/admin/issues/harbour/confirm?list=readers", "/admin/issues/harbour/send"
PEOPLE = [f"p{number}@example.com" for number in range(24)]


async def _ask(site: Site, **trial: object) -> Answer:
    """Fill in the last form, with this in the part about what is tried."""
    return await site.admin.post(SEND, form_of(await site.admin.get(CONFIRM)) | trial)


async def _another(site: Site, *, subject: str = "The ferry", source: str = "It is late.") -> Issue:
    harbour = await site.press.issues.get("harbour")
    ferry = replace(harbour, slug="ferry", title="The ferry", subject=subject, source=source, version=0)
    return await site.press.issues.put(ferry)


async def _only_mailing(site: Site) -> Mailing:
    (mailing,) = await site.press.mailings.all()
    return mailing


async def test_subjects_and_an_issue_are_tried_and_the_rest_waits_for_a_choice(site: Site) -> None:
    await site.join(*PEOPLE)
    await _another(site, subject="The ferry is late")

    page = await site.admin.get(CONFIRM)
    answer = await _ask(
        site, try_subjects=" Ships ahoy \r\n\r\nTides\r\n", **{"try-issue": "ferry"}, try_percent=50, try_by="hand"
    )
    await site.work()

    mailing = await _only_mailing(site)
    counts = await site.press.ledger.counts(mailing.id)
    assert "The ferry" in page.text
    assert answer.status == 303
    assert mailing.experiment is not None
    assert [(one.issue, one.subject) for one in mailing.experiment.arms] == [
        ("harbour", "The harbour opens, and ships come in"),
        ("harbour", "Ships ahoy"),
        ("harbour", "Tides"),
        ("ferry", "The ferry is late"),
    ]
    assert (mailing.experiment.share, mailing.experiment.measure) == (0.5, Measure.HAND)
    assert 0 < counts.pending < len(PEOPLE)
    assert (
        f"{counts.pending} waiting for somebody to choose the winner"
        in (await site.admin.get(f"/admin/mailings/{mailing.id}")).text
    )


async def test_what_can_be_known_is_offered_and_the_time_is_kept(site: Site) -> None:
    await site.join(*PEOPLE)
    untracked = (await site.admin.get(CONFIRM)).text
    newsletter = await site.press.newsletters.get("daily")
    await site.press.newsletters.put(replace(newsletter, tracking=Tracking.ALL))

    tracked = (await site.admin.get(CONFIRM)).text
    await _ask(site, try_subjects="Ships ahoy", try_by="opens", try_hours=2)

    experiment = (await _only_mailing(site)).experiment
    assert 'value="opens"' not in untracked
    assert "tracking is off" in untracked
    assert 'value="clicks" checked' in tracked
    assert experiment is not None
    assert (experiment.measure, experiment.after_seconds) == (Measure.OPENS, 7200)


async def test_nothing_is_tried_unless_something_else_is_named(site: Site) -> None:
    await site.join(*PEOPLE)

    await _ask(site, try_subjects=" \r\n", try_percent=20, try_by="hand", try_hours=4)

    assert (await _only_mailing(site)).experiment is None


@pytest.mark.parametrize(
    ("trial", "says"),
    [
        ({"try_by": "clicks"}, "Turn tracking on, or choose by hand"),
        ({"try_percent": "0"}, "over 0 and at most 100 percent"),
        ({"try_subjects": "A\nB\nC\nD\nE"}, "2 to 5 arms, not 6"),
        ({"try_subjects": "The harbour opens, and ships come in"}, "the same mail"),
        ({"canary": "3"}, "cannot be had together with a canary"),
        ({"try_subjects": "{{ subscriber.nosuch }}"}, "nosuch"),
    ],
)
async def test_what_cannot_be_tried_is_said_above_the_form_as_it_was(
    site: Site, trial: dict[str, str], says: str
) -> None:
    await site.join(*PEOPLE)

    answer = await _ask(site, **{"try_subjects": "Ships ahoy", "try_by": "hand"} | trial)

    assert answer.status == 409
    assert says in answer.text
    assert trial.get("try_subjects", "Ships ahoy").splitlines()[0] in answer.text, "what was typed stays"
    assert await site.press.mailings.all() == []


@pytest.mark.parametrize("trial", [{"try_percent": "many"}, {"try_by": "luck"}, {"try_hours": "200"}])
async def test_a_form_that_was_tampered_with_tries_nothing(site: Site, trial: dict[str, str]) -> None:
    await site.join(*PEOPLE)

    answer = await _ask(site, try_subjects="Ships ahoy", **trial)

    assert answer.status == 422
    assert await site.press.mailings.all() == []


async def test_an_arm_that_the_check_refuses_is_named(site: Site) -> None:
    await site.join(*PEOPLE)
    await _another(site, source="[Read on](){.button}")

    refused = await _ask(site, **{"try-issue": "ferry"}, try_by="hand")
    unknown = await _ask(site, **{"try-issue": "nosuch"}, try_by="hand")

    assert (refused.status, unknown.status) == (409, 404)
    assert "/admin/issues/ferry/edit" in refused.text, "that is the one to mend"
    assert await site.press.mailings.all() == []
