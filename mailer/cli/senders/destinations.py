"""`pressrun destinations`: where mail goes, and who wants less of it for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, table
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.delivery.destinations.slowdown import Slowdown
    from mailer.delivery.press import Press

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Destinations that want less mail: groups of domains, such as google, or single ones.",
)


@app.command("list")
def list_destinations(as_json: AsJson = False) -> None:
    """List the destinations that are slowed: since when, until when, and what they said last."""

    async def story(press: Press) -> list[dict[str, object]]:
        now = await press.ledger.now()
        slowed = await press.slowed.slowed(now)
        return [_facts(name, slowdown, now) for name, slowdown in sorted(slowed.items())]

    facts = with_press(story)
    headings = ("destination", "since", "rests_until", "at_once", "recovered", "said")
    rows = [[one[heading] for heading in headings] for one in facts]
    answer(facts, table(headings, rows, empty="No destination is slowed."), as_json=as_json)


@app.command()
def forget(
    destination: Annotated[str, typer.Argument(metavar="DESTINATION", help="A group, such as google, or a domain.")],
    as_json: AsJson = False,
) -> None:
    """Slow a destination no more: whoever waits for it goes now. Exit status 1 if it was not slowed."""

    async def story(press: Press) -> bool:
        from mailer.delivery.destinations.destination import Destinations
        from mailer.delivery.destinations.lifting import lift

        groups = press.settings.destination_groups
        return await lift(press, destination if destination in groups else Destinations(groups).of(destination))

    was_slowed = with_press(story)
    sentence = f"{destination} is slowed no more." if was_slowed else f"{destination} was not slowed."
    answer({"destination": destination, "was_slowed": was_slowed}, [sentence], as_json=as_json)
    raise typer.Exit(0 if was_slowed else 1)


def _facts(name: str, slowdown: Slowdown, now: datetime) -> dict[str, object]:
    return {
        "destination": name,
        "since": slowdown.since,
        "rests_until": slowdown.rests_until,
        "at_once": slowdown.at_once(now),
        "recovered": slowdown.recovered,
        "times": slowdown.times,
        "said": slowdown.reason,
    }
