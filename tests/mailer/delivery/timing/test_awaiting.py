"""What people wait for who are not due yet, as progress says it. Over a real Redis and relay."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.controlling import schedule
from mailer.delivery.experiments.deciding import choose_by_hand
from mailer.delivery.experiments.experimenting import Trial, experiment_of
from mailer.delivery.progress import Progress, progress_of
from mailer.delivery.ticking import tick
from mailer.delivery.timing.awaiting import Awaited, Wait, wait_of
from mailer.issues.aims.experiment import Measure
from mailer.issues.aims.tracking import Tracking
from mailer.issues.mailing import Mailing
from mailer.issues.timing import Canary, Timing
from tests.mailer.delivery.timing.test_sharing import with_zones

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom

PEOPLE = [f"p{number}@example.com" for number in range(40)]


async def _begin(newsroom: Newsroom, timing: Timing | None = None, trial: Trial | None = None) -> Mailing:
    press, now = newsroom.press, await newsroom.press.ledger.now()
    experiment = await experiment_of(press, "harbour", trial) if trial else None
    made = await schedule(press, "harbour", ["readers"], now=now, timing=timing, experiment=experiment)
    await tick(press, "test")
    await newsroom.work()
    return await press.mailings.get(made.id)


async def _told(newsroom: Newsroom, mailing: Mailing) -> Progress:
    """Return its progress in the second after some were handed over, so that a time could be told."""
    ledger = newsroom.press.ledger
    await ledger.count_pace(mailing.id, await ledger.now() - timedelta(seconds=1), 5)
    told = await progress_of(newsroom.press, mailing.id)
    assert told.rate_per_second > 0
    return told


async def test_the_rest_of_an_experiment_waits_for_the_choice_and_no_time_is_told(newsroom: Newsroom) -> None:
    await newsroom.join(*PEOPLE)
    mailing = await _begin(newsroom, trial=Trial(subjects=["Ships ahoy"], share=0.5, measure=Measure.HAND))

    before = await _told(newsroom, mailing)
    await choose_by_hand(newsroom.press, mailing.id, 0, now=await newsroom.press.ledger.now())
    after = await progress_of(newsroom.press, mailing.id)

    assert before.wait == Wait(before.counts.pending, Awaited.CHOICE, None)
    assert before.finish is None
    assert after.wait is None
    assert after.finish is not None


async def test_a_winner_by_numbers_comes_at_a_time(newsroom: Newsroom) -> None:
    await newsroom.join(*PEOPLE)
    newsletter = await newsroom.press.newsletters.get("daily")
    await newsroom.press.newsletters.put(replace(newsletter, tracking=Tracking.ALL))
    trial = Trial(subjects=["Ships ahoy"], share=0.5, measure=Measure.OPENS, after_seconds=3600)
    mailing = await _begin(newsroom, trial=trial)
    words = await newsroom.press.ledger.words(mailing.id)
    assert mailing.started is not None
    chosen = mailing.started + timedelta(hours=1)

    early = await wait_of(newsroom.press, mailing, words, chosen - timedelta(minutes=1))
    late = await wait_of(newsroom.press, mailing, words, chosen + timedelta(minutes=1))

    assert early is not None
    assert (early.what, early.until) == (Awaited.WINNER, chosen)
    assert late == Wait(early.people, Awaited.WINNER, None), "the next tick chooses"


@pytest.mark.parametrize(("by_hand", "what"), [(True, Awaited.RELEASE), (False, Awaited.JUDGEMENT)])
async def test_the_rest_waits_until_the_first_few_are_judged(newsroom: Newsroom, by_hand: bool, what: Awaited) -> None:
    await newsroom.join(*PEOPLE)

    told = await _told(newsroom, await _begin(newsroom, Timing(canary=Canary(people=4, by_hand=by_hand))))

    assert (told.wait, told.finish) == (Wait(36, what, None), None)


async def test_readers_wait_for_their_own_morning(newsroom: Newsroom) -> None:
    await with_zones(newsroom, {"a@example.com": "Asia/Tokyo", "b@example.com": "America/Phoenix", "c@example.com": ""})
    now = await newsroom.press.ledger.now()
    wall = (now + timedelta(hours=9)).replace(tzinfo=None).isoformat(timespec="seconds")

    told = await _told(newsroom, await _begin(newsroom, Timing(wall=wall, zone="UTC", zone_field="zone")))

    in_phoenix = datetime.fromisoformat(f"{wall}-07:00")
    assert (told.wait, told.finish) == (Wait(2, Awaited.TURNS, in_phoenix), None)


async def test_a_spread_ends_when_it_was_asked_to(newsroom: Newsroom) -> None:
    await newsroom.join(*PEOPLE)

    mailing = await _begin(newsroom, Timing(spread_seconds=600))
    told = await _told(newsroom, mailing)

    assert mailing.started is not None
    assert told.counts.pending > 0
    assert told.wait == Wait(told.counts.pending, Awaited.SPREAD, mailing.started + timedelta(minutes=10))
    assert told.finish is None


async def test_where_everybody_is_tried_on_nobody_waits_for_a_winner(newsroom: Newsroom) -> None:
    await newsroom.join("a@example.com", "b@example.com")
    press, now = newsroom.press, await newsroom.press.ledger.now()
    experiment = await experiment_of(press, "harbour", Trial(subjects=["Ahoy"], share=1, measure=Measure.HAND))
    made = await schedule(press, "harbour", ["readers"], now=now, experiment=experiment)
    await tick(press, "test")

    told = await progress_of(press, made.id)

    assert (told.counts.pending, told.wait) == (2, None)
