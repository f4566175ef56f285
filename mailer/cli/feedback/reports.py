"""`pressrun reports`: what the listener let in and no worker has worked off."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, table
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.bounces.tray.trayed import Trayed, TrayId
    from mailer.delivery.press import Press

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Bounces and complaints that wait for a worker, or that none could work off.",
)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The report's number, from `pressrun reports list`.")]


@app.command("list")
def list_reports(
    most: Annotated[int, typer.Option(help="How many of each kind.", min=1, max=10_000)] = 50, as_json: AsJson = False
) -> None:
    """List the reports that were set aside after several tries, with what went wrong, and those that wait.

    Those that wait are worked off within seconds where a worker serves the queue feedback. Those that were set aside
    are kept for 30 days.
    """

    async def story(press: Press) -> list[dict[str, object]]:
        aside, waiting = await press.tray.aside(most), await press.tray.waiting(most)
        return [{"state": "aside", **_facts(one)} for one in aside] + [
            {"state": "waiting", **_facts(one)} for one in waiting
        ]

    found = with_press(story)
    columns = ("id", "state", "came", "tries", "recipients", "sentence")
    rows = ([str(one[column] or "") for column in columns] for one in found)
    answer(found, table(columns, rows, empty="No report waits, and none was set aside."), as_json=as_json)


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Print one of these reports as it came, byte for byte; in JSON what cannot be read as text is escaped."""
    found = with_press(lambda press: press.tray.get(_id(number)))
    if as_json:
        answer({**_facts(found), "message": found.message.decode(errors="backslashreplace")}, (), as_json=True)
        return
    sys.stdout.buffer.write(found.message)
    sys.stdout.buffer.flush()


@app.command()
def retry(number: Number, as_json: AsJson = False) -> None:
    """Let a report be worked off that was set aside, or put off: at once, and with as many tries as a new one."""

    async def story(press: Press) -> None:
        await press.tray.retry(_id(number), await press.ledger.now())

    with_press(story)
    answer({"id": number}, [f"Report {number} is worked off within seconds, if a worker runs."], as_json=as_json)


def _id(number: int) -> TrayId:
    from mailer.bounces.tray.trayed import TrayId

    return TrayId(number)


def _facts(one: Trayed) -> dict[str, object]:
    return {
        "id": one.id,
        "came": one.came,
        "tries": one.tries,
        "recipients": ", ".join(one.recipients),
        "sentence": one.sentence,
    }
