"""How a mailing is received: rates over two windows, and what is too much of each.

The short window catches a mailing that goes wrong now; the long one catches what adds up over a day. Of a few people
any share can be chance, so each window needs a least number of people and of events before it says anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

import msgspec

from mailer.settings import Settings


class Kind(StrEnum):
    """What is counted."""

    BOUNCES = "bounces"
    """Addresses that do not exist (any more), in session or by report: of those who were tried."""
    COMPLAINTS = "complaints"
    """People who called it spam: of those who were accepted."""
    BLOCKS = "blocks"
    """Refusals because of us, our content or our host: of those who were tried."""
    DEFERRALS = "deferrals"
    """People whom a relay put off, by a reply or by hanging up, and who wait still: of those who were tried."""


class Level(IntEnum):
    """How bad it is."""

    UNKNOWN = 0
    """Too few to tell."""
    GOOD = 1
    WARN = 2
    PAUSE = 3


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """What has become of a mailing up to one moment, counted from its beginning."""

    at_ms: int = 0
    tried: int = 0
    accepted: int = 0
    deferrals: int = 0
    bounces: int = 0
    complaints: int = 0
    blocks: int = 0

    def since(self, earlier: Tally) -> Tally:
        """Return what has happened since then. Who was put off then and is no longer does not count below nothing."""
        return Tally(
            self.at_ms,
            *(max(0, getattr(self, name) - getattr(earlier, name)) for name in self.__struct_fields__[1:]),
        )


@dataclass(frozen=True, slots=True)
class Window:
    """A time that is looked back on, and from how much on it says anything."""

    name: str
    span: timedelta
    least_people: int
    least_events: int
    limits: Mapping[Kind, tuple[float, float]]
    """The shares from which on there is a warning, and a pause."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How much of one kind there was within one window."""

    kind: Kind
    window: Window
    events: int
    people: int
    """Of how many."""

    @property
    def share(self) -> float:
        """The share, from 0 to 1."""
        return self.events / self.people if self.people else 0.0

    @property
    def level(self) -> Level:
        """How bad it is."""
        if self.people < self.window.least_people:
            return Level.UNKNOWN
        warn, pause = self.window.limits[self.kind]
        if self.events < self.window.least_events or self.share < warn:
            return Level.GOOD
        return Level.PAUSE if self.share >= pause else Level.WARN

    @property
    def sentence(self) -> str:
        """Say it to a person."""
        warn, pause = self.window.limits[self.kind]
        limit = pause if self.level is Level.PAUSE else warn
        return (
            f"{_SAID[self.kind].format(self.events, self.people)} {self.window.name}: {_percent(self.share)}, "
            f"and the limit is {_percent(limit)}."
        )


def windows_of(settings: Settings) -> tuple[Window, Window]:
    """Return the short window and the long one, as the settings have them."""
    hour, day = settings.breaker_hour_least, settings.breaker_day_least
    return (
        Window(
            "within the last hour",
            timedelta(hours=1),
            *hour,
            {
                Kind.BOUNCES: settings.breaker_hour_bounces,
                Kind.COMPLAINTS: settings.breaker_hour_complaints,
                Kind.BLOCKS: settings.breaker_hour_blocks,
                Kind.DEFERRALS: settings.breaker_hour_deferrals,
            },
        ),
        Window(
            "within the last 24 hours",
            timedelta(hours=24),
            *day,
            {
                Kind.BOUNCES: settings.breaker_day_bounces,
                Kind.COMPLAINTS: settings.breaker_day_complaints,
                Kind.BLOCKS: settings.breaker_day_blocks,
                Kind.DEFERRALS: settings.breaker_day_deferrals,
            },
        ),
    )


def rates_of(tally: Tally, window: Window) -> Iterator[Rate]:
    """Yield the rate of each kind, from what has happened within a window."""
    for kind in Kind:
        people = tally.accepted if kind is Kind.COMPLAINTS else tally.tried
        yield Rate(kind, window, getattr(tally, kind.value), people)


_SAID = {
    Kind.BOUNCES: "{:,} of {:,} people who were tried turned out to have no mailbox",
    Kind.COMPLAINTS: "{:,} of {:,} people who got it called it spam",
    Kind.BLOCKS: "{:,} of {:,} messages were blocked because of us, our content or our host",
    Kind.DEFERRALS: "{:,} of {:,} people who were tried were put off",
}


def _percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"
