"""`pressrun check`: whether what is stored fits together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def check(
    repair: Annotated[bool, typer.Option("--repair", help="Mend people's indexes and bitmaps first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check that records, indexes and bitmaps agree, and that every ledger balances. Exit status 1 if not.

    Without --repair it only reads, and may be run at any time; with it, nobody else should be writing.
    """
    if repair:
        with_press(_repair)
    problems = with_press(_problems)
    facts = {"fits_together": not problems, "problems": problems}
    answer(facts, problems or ["Everything fits together."], as_json=as_json)
    raise typer.Exit(1 if problems else 0)


async def _repair(press: Press) -> None:
    from subscribers.repairing import repair

    await repair(press.people)


async def _problems(press: Press) -> list[str]:
    from subscribers.checking import check as check_people

    problems = [str(problem) for problem in await check_people(press.people)]
    for mailing in await press.mailings.all():
        counts = await press.ledger.counts(mailing.id)
        if not counts.balanced:
            problems.append(f"The ledger of mailing {mailing.id} does not balance: {counts}")
    return problems
