"""Awaiting: what those people of a mailing wait for who are not due yet. Derived on read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailer.delivery.ledger import Words
from mailer.delivery.press import Press
from mailer.delivery.timing.turn import Turn
from mailer.issues.aims.experiment import Measure
from mailer.issues.mailing import Mailing
from subscribers.cohort import Cohort


class Awaited(StrEnum):
    """What is waited for."""

    WINNER = "winner"
    CHOICE = "choice"
    JUDGEMENT = "judgement"
    RELEASE = "release"
    TURNS = "turns"
    WARMUP = "warmup"
    SPREAD = "spread"

    @property
    def words(self) -> str:
        """It as people say it, after “waiting”."""
        return _WORDS[self]


_WORDS = {
    Awaited.WINNER: "for the winner",
    Awaited.CHOICE: "for somebody to choose the winner",
    Awaited.JUDGEMENT: "for the first few to be judged",
    Awaited.RELEASE: "for somebody to let them go",
    Awaited.TURNS: "for that time of their own day",
    Awaited.WARMUP: "for a later day of the warm-up",
    Awaited.SPREAD: "for their part of the spread",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """Some people who are not due yet."""

    people: int
    what: Awaited
    until: datetime | None
    """When the last of them are due; None where nobody can tell."""


async def wait_of(press: Press, mailing: Mailing, words: Mapping[int, Words], now: datetime) -> Wait | None:
    """Return who of a mailing waits for what, given its ledger; None if everybody who is pending is due."""
    begun = mailing.started
    if begun is None:
        return None
    turns = await press.turns.all(mailing.id) if mailing.has_turns else []
    pending = Cohort({chunk: one.pending for chunk, one in words.items()})
    # Whoever is put off was due once.
    untried = pending - Cohort({chunk: one.deferred for chunk, one in words.items()})
    later = [turn for turn in turns if turn.due > now]
    waiting = sum([len(untried & await press.turns.cohort(mailing.id, one.number, words)) for one in later])
    if waiting and later[-1].is_held:
        return Wait(waiting, *_held(mailing, begun, now))
    if waiting:
        what = Awaited.WARMUP if mailing.timing.warms_up else Awaited.TURNS
        return Wait(waiting, what, max(one.due for one in later))
    return _spread(mailing, begun, turns, len(untried), now)


def _spread(mailing: Mailing, begun: datetime, turns: Sequence[Turn], people: int, now: datetime) -> Wait | None:
    # The rest of a canary or an experiment is spread from when it was let go.
    begun = max([begun, *(one.due for one in turns if not one.is_held)])
    ends = begun + timedelta(seconds=mailing.timing.spread_seconds)
    return Wait(people, Awaited.SPREAD, ends) if people and ends > now else None


def _held(mailing: Mailing, begun: datetime, now: datetime) -> tuple[Awaited, datetime | None]:
    canary, experiment = mailing.timing.canary, mailing.experiment
    if experiment is None:
        return (Awaited.RELEASE if canary and canary.by_hand else Awaited.JUDGEMENT), None
    if experiment.measure is Measure.HAND:
        return Awaited.CHOICE, None
    chosen = begun + timedelta(seconds=experiment.after_seconds)
    return Awaited.WINNER, chosen if chosen > now else None
