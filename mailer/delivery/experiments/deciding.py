"""Deciding: how the arms of an experiment stand, and which of them the rest of the audience gets.

The tick looks again and again, and any number of schedulers may. The winner is written first, once and for ever; only
then does the rest come due, and a process that dies in between leaves the rest held for the next look to let go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.delivery.ledger import Standing
from mailer.delivery.press import Press
from mailer.delivery.timing.releasing import let_go
from mailer.errors import ConflictError
from mailer.issues.aims.experiment import Arm, Experiment, Measure
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.tracking import words


@dataclass(frozen=True, slots=True)
class ArmStanding:
    """How one arm did among those it was tried on."""

    number: int
    """From 0."""
    arm: Arm
    people: int
    accepted: int
    opened: int
    clicked: int

    def score(self, measure: Measure) -> float:
        """Return the share of people that the measure asks for."""
        reached = {Measure.CLICKS: self.clicked, Measure.OPENS: self.opened, Measure.HAND: 0}[measure]
        return reached / self.accepted if self.accepted else 0.0


async def standings_of(press: Press, mailing: Mailing) -> list[ArmStanding]:
    """Return how each arm of a mailing's experiment stands; none where there is no experiment."""
    experiment = mailing.experiment
    if experiment is None:
        return []
    chunks = sorted(await press.ledger.words(mailing.id))
    accepted = await press.ledger.cohort(mailing.id, Standing.ACCEPTED)
    names = (words.OPENED, words.BY_PROXY, words.CLICKED)
    own, by_proxy, clicked = await press.tracking.cohorts(mailing.id, names, chunks)
    found = []
    for number, arm in enumerate(experiment.arms):
        people = await press.turns.cohort(mailing.id, number, chunks)
        got = people & accepted
        counts = (len(people), len(got), len(got & (own | by_proxy)), len(got & clicked))
        found.append(ArmStanding(number, arm, *counts))
    return found


async def tend_experiment(press: Press, mailing: Mailing, now: datetime) -> None:
    """Choose the winner of a sending mailing's experiment if it is time, and let the rest go once it is chosen."""
    experiment = mailing.experiment
    if experiment is None:
        return
    if mailing.winner is None:
        if not _is_time(mailing, experiment, now):
            return
        await press.mailings.decide(mailing.id, best(await standings_of(press, mailing), experiment.measure))
    await let_go(press, mailing, len(experiment.arms), now)


async def choose_by_hand(press: Press, mailing_id: MailingId, arm: int, *, now: datetime) -> Mailing:
    """Let the rest get this arm (from 0). Raises ConflictError if there is nothing to choose, or another was chosen."""
    mailing = await press.mailings.get(mailing_id)
    experiment = mailing.experiment
    if experiment is None:
        raise ConflictError(f"Mailing {mailing_id} tries nothing out, so there is no winner to choose.")
    if mailing.state not in (MailingState.SENDING, MailingState.PAUSED):
        raise ConflictError(f"Mailing {mailing_id} is {mailing.state}; a winner is chosen while it is sending.")
    if not 0 <= arm < len(experiment.arms):
        raise ConflictError(f"There is no arm {arm + 1}; mailing {mailing_id} has {len(experiment.arms)}.")
    chosen = await press.mailings.decide(mailing_id, arm)
    if chosen != arm:
        raise ConflictError(f"Arm {chosen + 1} was chosen already for mailing {mailing_id}.")
    await let_go(press, mailing, len(experiment.arms), now)
    return await press.mailings.get(mailing_id)


def best(standings: list[ArmStanding], measure: Measure) -> int:
    """Return the number of the arm with the best score; of equal ones the first, which is the issue as it stands."""
    return max(standings, key=lambda one: (one.score(measure), -one.number)).number


def _is_time(mailing: Mailing, experiment: Experiment, now: datetime) -> bool:
    if experiment.measure is Measure.HAND or mailing.started is None:
        return False
    return now >= mailing.started + timedelta(seconds=experiment.after_seconds)
