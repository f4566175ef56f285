"""Whom a mailing goes to: the options that every command asks it by, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from mailer.cli.answering import remark

if TYPE_CHECKING:
    from mailer.delivery.addressing import Addressed, Wish
    from mailer.delivery.planning import Forecast
    from mailer.delivery.press import Press
    from mailer.issues.mailing import Mailing

ListOption = Annotated[list[str] | None, typer.Option("--list", help="A list's slug; may be repeated.")]
SegmentOption = Annotated[
    list[str] | None, typer.Option("--segment", help="A saved segment's slug, or a rule; may be repeated.")
]
WithoutList = Annotated[list[str] | None, typer.Option("--exclude-list", help="Leave out who is active on it.")]
WithoutSegment = Annotated[list[str] | None, typer.Option("--exclude-segment", help="Leave out who is in it.")]
WithoutMailing = Annotated[
    list[int] | None, typer.Option("--exclude-mailing", help="Leave out who got this mailing, or may yet get it.")
]

OR_COUNT = ", or --count to only count"
"""What else can be added where nobody is there to say yes."""


def wished(
    lists: Sequence[str] | None,
    segments: Sequence[str] | None,
    without_lists: Sequence[str] | None,
    without_segments: Sequence[str] | None,
    without_mailings: Sequence[int] | None,
) -> Wish:
    """Return whom the options name, in the order in which the commands have them."""
    from mailer.delivery.addressing import Wish

    return Wish(
        lists=lists or (),
        segments=segments or (),
        without_lists=without_lists or (),
        without_segments=without_segments or (),
        without_mailings=without_mailings or (),
    )


async def addressed(press: Press, issue: str, wish: Wish) -> Addressed:
    """Look up the names of a wish for an issue."""
    from mailer import clock
    from mailer.delivery.addressing import look_up

    return await look_up(press, (await press.issues.get(issue)).newsletter, wish, clock.now())


class Expected(NamedTuple):
    """Who would be mailed if it began now, and what would hold it up."""

    forecast: Forecast
    hindrances: list[str]

    @property
    def to_mail(self) -> int:
        """How many people would be mailed."""
        return self.forecast.to_mail


async def expected(press: Press, issue: str, wish: Wish) -> Expected:
    """Count who would be mailed if it began now."""
    return await expected_by(press, (await press.issues.get(issue)).newsletter, wish)


async def expected_by(press: Press, newsletter: str, wish: Wish) -> Expected:
    """Count who would be mailed if an issue of this newsletter began now."""
    from mailer import clock
    from mailer.delivery.addressing import look_up
    from mailer.delivery.planning import forecast
    from mailer.delivery.telling.foreseeing import hindrances

    found = await forecast(press, *await look_up(press, newsletter, wish, clock.now()))
    return Expected(found, await hindrances(press, await press.newsletters.get(newsletter), found.to_mail))


async def people_now(press: Press, mailing: Mailing) -> int | None:
    """Count who would get a mailing that has not begun; None where it has, or where a segment asks for what is gone."""
    from mailer.delivery.planning import forecast_of
    from mailer.issues.mailing import NOT_BEGUN
    from subscribers.errors import RuleError

    try:
        return (await forecast_of(press, mailing)).to_mail if mailing.state in NOT_BEGUN else None
    except RuleError:
        return None


def forecast_facts(expected: Expected) -> dict[str, object]:
    """Return a forecast for a program to read."""
    found = expected.forecast
    return {
        "audience": found.audience,
        "to_mail": found.to_mail,
        "excluded_by": found.excluded_by,
        "parts": dict(found.parts),
        "duplicates": found.duplicates,
        "hindrances": expected.hindrances,
    }


def forecast_lines(expected: Expected) -> list[str]:
    """Return a forecast for a person to read."""
    found = expected.forecast
    counted = f"{found.to_mail:,} of {found.audience:,} people would be mailed."
    return [counted, arithmetic(found), *expected.hindrances]


def remark_on(expected: Expected) -> None:
    """Say what would hold it up, beside the answer."""
    for sentence in expected.hindrances:
        remark(sentence)


def arithmetic(found: Forecast) -> str:
    """Say how the number of people comes about: Readers 13,020 + VIP 412 − duplicates 380 − left 71 = 12,981."""
    minus = {"duplicates": found.duplicates, **found.excluded_by}
    parts = " + ".join(f"{name} {count:,}" for name, count in found.parts)
    return f"{parts}{''.join(f' − {name} {count:,}' for name, count in minus.items() if count)} = {found.to_mail:,}"
