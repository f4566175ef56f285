"""An experiment whose worker is killed in the middle: everybody keeps their arm, and nobody is missed."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.controlling import schedule
from mailer.delivery.experiments.deciding import choose_by_hand
from mailer.delivery.experiments.experimenting import Trial, experiment_of
from mailer.issues.aims.experiment import Measure
from mailer.issues.mailing import Mailing, MailingState
from tests.journeys.test_delivery import IN_FLIGHT

if TYPE_CHECKING:
    from tests.journeys.conftest import Installation

pytestmark = [pytest.mark.journey, pytest.mark.slow]

PEOPLE, SUBJECTS = 3_000, ("The harbour opens", "Ships ahoy", "Tides")
CHOSEN = 2


async def _begin(installation: Installation) -> Mailing:
    trial = Trial(subjects=SUBJECTS[1:], share=0.6, measure=Measure.HAND)
    async with installation.press() as press:
        experiment = await experiment_of(press, "harbour", trial)
        now = await press.ledger.now()
        return await schedule(press, "harbour", ["readers"], now=now, experiment=experiment)


async def _work_until_killed(installation: Installation, mailing: Mailing, accepted: int, left: int) -> None:
    """Start a worker, and kill it when more than so many were accepted and more than so many are left."""
    worker = installation.start("worker", PRESSRUN_BATCH_SIZE="200")
    await installation.until(mailing.id, lambda _, counts: counts.accepted > accepted)
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    counts = await installation.counts(mailing.id)
    assert counts.pending > left, "the worker was done before it was killed; make the audience larger"


async def _arms(installation: Installation, mailing: Mailing) -> dict[str, str]:
    """Return which subject each person is to get, by what was frozen and chosen."""
    async with installation.press() as press:
        chunks = await press.ledger.words(mailing.id)
        due: dict[str, str] = {}
        for number, subject in enumerate((*SUBJECTS, SUBJECTS[CHOSEN])):
            cohort = await press.turns.cohort(mailing.id, number, chunks)
            people = await press.people.subscribers.read(cohort)
            due |= {str(one.address): subject for one in people.values()}
    return due


async def test_a_worker_killed_while_arms_and_rest_go_out_changes_nobodys_arm(installation: Installation) -> None:
    await installation.prepare(PEOPLE)
    installation.start_inbox()
    installation.start("scheduler")
    mailing = await _begin(installation)
    assert mailing.experiment is not None
    tried = sum(mailing.experiment.arm_of(mailing.id, one) is not None for one in range(1, PEOPLE + 1))

    await _work_until_killed(installation, mailing, accepted=300, left=PEOPLE - tried)
    worker = installation.start("worker")
    held = await installation.until(mailing.id, lambda _, counts: counts.accepted == tried)
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=10)
    async with installation.press() as press:
        await choose_by_hand(press, mailing.id, CHOSEN, now=await press.ledger.now())
    await _work_until_killed(installation, mailing, accepted=tried + 200, left=0)
    installation.start("worker")
    counts = await installation.until_complete(mailing.id)

    got = defaultdict(set)
    for message in installation.messages():
        got[str(message["Delivered-To"])].add(str(message["Subject"]))
    assert (held.pending, held.balanced) == (PEOPLE - tried, True)
    assert (counts.accepted, counts.audience, counts.balanced) == (PEOPLE, PEOPLE, True)
    assert got == {address: {subject} for address, subject in (await _arms(installation, mailing)).items()}
    assert installation.copies().total() - PEOPLE <= 2 * (IN_FLIGHT + 100)
    async with installation.press() as press:
        assert (await press.mailings.get(mailing.id)).state is MailingState.COMPLETE
