"""Several editions are tried on a share of the audience, and the best goes to the rest, whatever crashes in between."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.delivery.addressing import Wish
from mailer.delivery.batchpass import Pass
from mailer.delivery.controlling import approve, cancel, pause, resume, schedule
from mailer.delivery.experiments.deciding import ArmStanding, best, choose_by_hand, standings_of, tend_experiment
from mailer.delivery.experiments.experimenting import Trial, experiment_of
from mailer.delivery.ticking import tick
from mailer.errors import ConflictError
from mailer.issues.aims.experiment import Arm, Experiment, Measure
from mailer.issues.aims.tracking import Tracking
from mailer.issues.assets.gathering import asset_of
from mailer.issues.mailing import Mailing, MailingState
from mailer.issues.timing import Canary, Timing
from mailer.tracking.hit import Hit, Seen, Visitor

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

FIRST, SECOND = b"Subject: The harbour opens\r\n", b"Subject: Ships ahoy\r\n"
PEOPLE = [f"p{number}@example.com" for number in range(40)]


@pytest.fixture
async def begun(newsroom: Newsroom) -> Mailing:
    """Give a mailing that tries two subjects on half of forty people, by clicks, and has begun."""
    return await begin(newsroom, Trial(subjects=["Ships ahoy"], share=0.5, measure=Measure.CLICKS, after_seconds=3600))


async def begin(newsroom: Newsroom, trial: Trial) -> Mailing:
    press = newsroom.press
    await newsroom.join(*PEOPLE)
    newsletter = await press.newsletters.get("daily")
    await press.newsletters.put(replace(newsletter, tracking=Tracking.ALL))
    issue = await press.issues.get("harbour")
    await press.issues.put(replace(issue, source=f"{issue.source}\n\n[Ships](https://example.com/ships)"))
    experiment = await experiment_of(press, "harbour", trial)
    now = await press.ledger.now()
    made = await schedule(press, "harbour", Wish(lists=["readers"]), now=now, experiment=experiment)
    await tick(press, "test")
    return await press.mailings.get(made.id)


def subjects(relay: ScriptedRelay) -> Counter[bytes]:
    return Counter(FIRST if FIRST in message else SECOND for _, message in relay.received)


async def click(newsroom: Newsroom, mailing: Mailing, arm: int, people: int) -> None:
    """Let so many people of an arm follow its link."""
    chunks = await newsroom.press.ledger.words(mailing.id)
    tried = list(await newsroom.press.turns.cohort(mailing.id, arm, chunks))[:people]
    hit = Hit(1_000, 7, Visitor.PERSON)
    await newsroom.press.tracking.record([Seen(mailing.id, one, hit, 1) for one in tried])


async def test_the_editions_of_all_arms_are_brought_back(newsroom: Newsroom, begun: Mailing) -> None:
    press = newsroom.press
    for edition in begun.editions:
        await press.redis.delete(f"edition:{edition}")
    await pause(press, begun.id, now=begun.created)

    await resume(press, begun.id, now=begun.created)

    assert len(set(begun.editions)) == 2
    assert all([await press.editions.is_kept(edition) for edition in begun.editions])


async def test_a_second_person_approves_the_editions_of_all_arms(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    press = newsroom.press
    strict = replace(press, settings=press.settings.model_copy(update={"approval_needed": True}))
    await newsroom.join(*PEOPLE)
    experiment = await experiment_of(press, "harbour", Trial(subjects=["Ships ahoy"], measure=Measure.HAND))
    now, timing = await press.ledger.now(), Timing(asked_by="anna")
    mailing = await schedule(strict, "harbour", ["readers"], now=now, timing=timing, experiment=experiment)
    await newsroom.work()

    for edition in mailing.editions:
        with pytest.raises(ConflictError, match="Look at it again"):
            await approve(press, mailing.id, by="ben", edition=edition, now=now)
    approved = await approve(press, mailing.id, by="ben", edition=mailing.approvable, now=now)
    before = list(relay.received)
    await tick(press, "test")
    await newsroom.work()

    assert mailing.state is MailingState.PROPOSED
    assert before == []
    assert (approved.state, approved.is_approved) == (MailingState.SCHEDULED, True)
    assert set(subjects(relay)) == {FIRST, SECOND}


async def test_a_yes_to_other_arms_does_not_count(newsroom: Newsroom) -> None:
    press = newsroom.press
    strict = replace(press, settings=press.settings.model_copy(update={"approval_needed": True}))
    await newsroom.join(*PEOPLE)
    made = []
    for subject in ("Ships ahoy", "Ships of all sizes"):
        experiment = await experiment_of(press, "harbour", Trial(subjects=[subject], measure=Measure.HAND))
        now, timing = await press.ledger.now(), Timing(asked_by="anna")
        made.append(await schedule(strict, "harbour", ["readers"], now=now, timing=timing, experiment=experiment))
    looked_at, other = made

    with pytest.raises(ConflictError, match="not what would be mailed"):
        await approve(press, other.id, by="ben", edition=looked_at.approvable, now=other.created)

    assert looked_at.edition == other.edition, "the first arm is the same"


@pytest.mark.parametrize(
    ("timing", "says"),
    [
        (Timing(canary=Canary(people=2)), "each for a judge of its own"),
        (Timing(wall="2099-07-01T09:00", zone="UTC", zone_field="zone"), "at each reader's own time"),
    ],
)
async def test_what_cannot_be_tried_says_why_not(newsroom: Newsroom, timing: Timing, says: str) -> None:
    press = newsroom.press
    await newsroom.join(*PEOPLE)
    experiment = await experiment_of(press, "harbour", Trial(subjects=["Ships ahoy"], measure=Measure.HAND))

    with pytest.raises(ConflictError, match=says):
        await schedule(
            press, "harbour", ["readers"], now=await press.ledger.now(), timing=timing, experiment=experiment
        )

    assert await press.mailings.all() == []


async def test_the_arms_go_out_and_the_rest_waits(newsroom: Newsroom, relay: ScriptedRelay, begun: Mailing) -> None:
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(begun.id)
    standings = await standings_of(newsroom.press, begun)
    assert [one.accepted for one in standings] == [one.people for one in standings]
    assert subjects(relay) == {FIRST: standings[0].people, SECOND: standings[1].people}
    assert counts.pending == len(PEOPLE) - len(relay.received) > 5
    assert counts.balanced
    assert (await newsroom.press.mailings.get(begun.id)).state is MailingState.SENDING


async def test_the_rest_gets_the_winner_after_its_time_and_everybody_has_one_copy(
    newsroom: Newsroom, relay: ScriptedRelay, begun: Mailing
) -> None:
    press = newsroom.press
    await newsroom.work()
    tried = subjects(relay)
    await click(newsroom, begun, 0, 1)
    await click(newsroom, begun, 1, 5)

    now = await press.ledger.now()
    await tend_experiment(press, replace(begun, started=now - timedelta(minutes=59)), now)
    assert (await press.mailings.get(begun.id)).winner is None
    await tend_experiment(press, replace(begun, started=now - timedelta(minutes=61)), now)
    await newsroom.work()

    done = await press.mailings.get(begun.id)
    counts = await press.ledger.counts(begun.id)
    assert (done.winner, done.state) == (1, MailingState.COMPLETE)
    assert subjects(relay) == {FIRST: tried[FIRST], SECOND: len(PEOPLE) - tried[FIRST]}
    assert relay.addresses() == sorted(PEOPLE)
    assert (counts.accepted, counts.balanced) == (len(PEOPLE), True)


async def test_a_winner_chosen_by_hand_goes_out_at_once_and_stays(
    newsroom: Newsroom, relay: ScriptedRelay, begun: Mailing
) -> None:
    press = newsroom.press
    await newsroom.work()

    await choose_by_hand(press, begun.id, 1, now=await press.ledger.now())
    with pytest.raises(ConflictError, match="Arm 2 was chosen already"):
        await choose_by_hand(press, begun.id, 0, now=await press.ledger.now())
    await newsroom.work()

    assert relay.addresses() == sorted(PEOPLE)


async def test_a_death_between_choosing_and_letting_go_is_mended_by_the_next_tick(
    newsroom: Newsroom, relay: ScriptedRelay, begun: Mailing
) -> None:
    await newsroom.work()
    await newsroom.press.mailings.decide(begun.id, 0)

    await tick(newsroom.press, "test")
    await newsroom.work()

    assert subjects(relay)[SECOND] == (await standings_of(newsroom.press, begun))[1].people
    assert relay.addresses() == sorted(PEOPLE)


async def test_a_second_try_is_of_the_same_arm(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    for address in PEOPLE:
        relay.at_rcpt[address] = ["451 4.2.0 later"]
    before = await begin(newsroom, Trial(subjects=["Ships ahoy"], share=1, measure=Measure.HAND))

    await newsroom.work()
    relay.at_rcpt.clear()
    await asyncio.gather(*(newsroom.press.mailings.decide(before.id, arm) for arm in (1, 0)))
    for _ in range(200):
        if (await newsroom.press.mailings.get(before.id)).is_finished:
            break
        now = await newsroom.press.ledger.now()
        await newsroom.press.ledger.hasten(before.id, beyond=now, to=now)
        await newsroom.work()

    standings = await standings_of(newsroom.press, before)
    assert subjects(relay) == {FIRST: standings[0].people, SECOND: standings[1].people}
    assert len(relay.received) == len(PEOPLE)


async def test_a_pass_that_began_with_an_old_mailing_gives_nobody_of_the_rest_the_first_arm(
    newsroom: Newsroom, begun: Mailing
) -> None:
    press = newsroom.press
    await press.mailings.decide(begun.id, 1)
    await choose_by_hand(press, begun.id, 1, now=await press.ledger.now())
    now = await press.ledger.now()
    (batch,) = await press.ledger.due(begun.id, now, 9)

    one = await Pass.begin(press, begun, batch, now)

    assert one is not None
    assert one.mailing.winner == 1


async def test_cancelling_excludes_the_rest_too(newsroom: Newsroom, begun: Mailing) -> None:
    press = newsroom.press
    await newsroom.work()

    await cancel(press, begun.id, now=await press.ledger.now())
    await tick(press, "test")
    await newsroom.work()

    counts = await press.ledger.counts(begun.id)
    assert (counts.pending, counts.balanced) == (0, True)
    assert counts.excluded_by["cancelled"] > 5


@pytest.mark.parametrize(
    ("trial", "says"),
    [
        (Trial(measure=Measure.HAND), "2 to 5 arms"),
        (Trial(measure=Measure.HAND, subjects=["The harbour opens"]), "the same mail"),
        (Trial(measure=Measure.HAND, subjects=["Other"], share=0), "over 0"),
        (Trial(subjects=["Other"], measure=Measure.OPENS), "Turn tracking on"),
        (Trial(subjects=["Other"], measure=Measure.CLICKS), "choose by hand"),
    ],
)
async def test_what_cannot_be_tried_is_said(newsroom: Newsroom, trial: Trial, says: str) -> None:
    with pytest.raises(ConflictError, match=says):
        await experiment_of(newsroom.press, "harbour", trial)


async def test_every_arm_carries_the_files_of_the_issue(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    press = newsroom.press
    report, data = asset_of(b"%PDF-1.7 tides", "tides.pdf", place="test", now=await press.ledger.now())
    await press.assets.put(report, data)
    issue = await press.issues.get("harbour")
    await press.issues.put(replace(issue, attachments=report.reference))

    await begin(newsroom, Trial(subjects=["Ships ahoy"], share=1, measure=Measure.HAND))
    await newsroom.work()

    assert len(relay.received) == len(PEOPLE)
    assert all(b"tides.pdf" in message for _, message in relay.received)


_ARMS = tuple(Arm(str(number), "", "") for number in range(3))


@settings(max_examples=20)
@given(st.integers(1, 1 << 40), st.floats(0.05, 1))
def test_shares_are_about_as_large_as_they_were_asked_for(mailing: int, share: float) -> None:
    experiment = Experiment(arms=_ARMS, share=share)

    found = Counter(experiment.arm_of(mailing, person) for person in range(3_000))

    assert abs((3_000 - found[None]) / 3_000 - share) < 0.06
    assert max(found[arm] for arm in range(3)) - min(found[arm] for arm in range(3)) < 250
    assert [experiment.arm_of(mailing, 5)] * 3 == [experiment.arm_of(mailing, 5) for _ in range(3)]


def test_the_best_arm_has_the_largest_share_not_the_largest_number() -> None:
    arm = Arm("", "", "")
    standings = [
        ArmStanding(0, arm, 100, 100, 50, 20),
        ArmStanding(1, arm, 10, 10, 2, 3),
        ArmStanding(2, arm, 9, 0, 0, 0),
    ]

    assert best(standings, Measure.CLICKS) == 1
    assert best(standings, Measure.OPENS) == 0
    assert best([replace(one, clicked=0) for one in standings], Measure.CLICKS) == 0
