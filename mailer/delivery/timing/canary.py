"""How far a canary is: the states of the few who go first, and which may follow which.

The few are mailed; what comes back is waited for; then the quality numbers, or a person, let the rest go or hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CanaryState(StrEnum):
    """Where a canary stands."""

    FLYING = "flying"
    """The few are being mailed."""
    WAITING = "waiting"
    """Each of the few was tried; what comes back is waited for."""
    PASSED = "passed"
    """The quality numbers were good: the rest is let go. Final."""
    FAILED = "failed"
    """They were not: the mailing was paused, and the rest is held until a person decides."""
    RELEASED = "released"
    """A person has let the rest go. Final."""


MOVES: dict[CanaryState, frozenset[CanaryState]] = {
    CanaryState.FLYING: frozenset({CanaryState.WAITING, CanaryState.RELEASED}),
    CanaryState.WAITING: frozenset({CanaryState.PASSED, CanaryState.FAILED, CanaryState.RELEASED}),
    CanaryState.PASSED: frozenset(),
    CanaryState.FAILED: frozenset({CanaryState.RELEASED}),
    CanaryState.RELEASED: frozenset(),
}
"""From each state, the states that may follow. The script that moves a canary is given this table's column."""

LET_GO = frozenset({CanaryState.PASSED, CanaryState.RELEASED})
"""States in which the rest is not held any more."""


@dataclass(frozen=True, slots=True)
class CanaryStanding:
    """Where a canary stands, since when, and why."""

    state: CanaryState = CanaryState.FLYING
    since: datetime | None = None
    """When it came into this state; None at the beginning."""
    why: str = ""
    """A sentence, for the states that something was decided in."""
