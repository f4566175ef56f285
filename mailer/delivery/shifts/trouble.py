"""What to make of a relay that cannot be used: a sentence for mailings, how long they rest, whether somebody must act.

A relay that is away or full is tried again by itself. One that does not believe who we are, or that cannot be used as
it is set, stays so until somebody acts: then mailings are paused, with its words, and nobody is skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mailer.errors import ConfigError, PressrunError
from mailer.smtp.errors import RelayFullError, StandingError

_IF_IT_LASTS = "If it lasts, `pressrun relays test` shows what the relay says."
AWAY_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
"""Limits may be changed meanwhile, so that nobody rests for a day."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a shift ended before its work did."""

    sentence: str = ""
    rest: timedelta = timedelta(0)
    pauses: bool = False

    @classmethod
    def of(cls, error: PressrunError) -> Trouble:
        """Return what follows from an error that ended a shift."""
        words = str(error).rstrip(".")
        match error:
            case StandingError() | ConfigError():
                remedy = "Nobody was skipped; mend the relay (`pressrun relays test` shows what it says), then resume."
                return cls(f"{words}. {remedy}", AWAY_REST, pauses=True)
            case RelayFullError():
                return cls(f"{words}. Goes on by itself; nobody is skipped.", min(error.rest, LONGEST_REST))
            case _:
                return cls(
                    f"{words}. Tried again by itself every few seconds; nobody is skipped. {_IF_IT_LASTS}", AWAY_REST
                )
