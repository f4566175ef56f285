"""`pressrun suppressions`: addresses that are never mailed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, table
from mailer.cli.opening import with_press
from mailer.errors import NotFoundError

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from subscribers.suppressing import SuppressionReport
    from subscribers.suppression import Suppression

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Suppressions: addresses that are never mailed.",
)

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS")]


@app.command("list")
def list_suppressions(as_json: AsJson = False) -> None:
    """List every suppressed address: why, since when, on what evidence."""

    async def story(press: Press) -> list[Suppression]:
        return [one async for one in press.people.suppressions.all()]

    found = sorted(with_press(story), key=lambda one: one.since)
    rows = ((one.address or "(erased)", one.reason, one.since, one.evidence) for one in found)
    facts = [
        {"address": one.address, "reason": one.reason.value, "since": one.since, "evidence": one.evidence}
        for one in found
    ]
    answer(
        facts, table(("address", "reason", "since", "evidence"), rows, empty="Nobody is suppressed."), as_json=as_json
    )


@app.command()
def add(
    address: AddressArgument,
    why: Annotated[str, typer.Option(help="Kept as the evidence.")] = "",
    legal: Annotated[bool, typer.Option("--legal", help="A court or an authority says so.")] = False,
    as_json: AsJson = False,
) -> None:
    """Never mail this address again. Once suppressed, the first reason stays."""

    async def story(press: Press) -> None:
        from mailer import clock
        from subscribers.address import parse_address
        from subscribers.suppression import Reason

        reason = Reason.LEGAL if legal else Reason.MANUAL
        await press.people.suppressions.suppress(parse_address(address), reason, evidence=why, now=clock.now())

    with_press(story)
    answer({"address": address, "suppressed": True}, [f"{address} is never mailed from now on."], as_json=as_json)


@app.command()
def remove(
    address: AddressArgument,
    why: Annotated[str, typer.Option(help="Why it may be mailed again; kept.")],
    as_json: AsJson = False,
) -> None:
    """Let this address be mailed again. The trace of it, with the reason you give, is kept."""

    async def story(press: Press) -> None:
        from mailer import clock
        from subscribers.address import parse_address

        if not await press.people.suppressions.remove(parse_address(address), why, clock.now()):
            raise NotFoundError(f"{address} is not suppressed.")

    with_press(story)
    answer({"address": address, "suppressed": False}, [f"{address} may be mailed again."], as_json=as_json)


@app.command("import")
def import_addresses(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table with a column “email”, maybe “reason”.")],
    why: Annotated[str, typer.Option(help="Kept as the evidence; else the name of the file.")] = "",
    as_json: AsJson = False,
) -> None:
    """Never mail any address of a file again. Repeating it is harmless; what is suppressed keeps its reason."""

    async def story(press: Press) -> SuppressionReport:
        from mailer import clock
        from subscribers.suppressing import import_suppressions

        return await import_suppressions(press.people, file, now=clock.now(), evidence=why, name=file.name)

    report = with_press(story)
    facts = {
        "new": report.new,
        "already_there": report.already_there,
        "invalid": [
            {"row": one.row_number, "line": one.line, "address": one.address, "reason": one.reason}
            for one in report.invalid
        ],
    }
    lines = [f"{report.new:,} suppressed, {report.already_there:,} already there, {len(report.invalid):,} invalid."]
    lines += [f"{file.name}:{one.line}: {one.reason}" for one in report.invalid]
    answer(facts, lines, as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write them, as CSV.")],
    as_json: AsJson = False,
) -> None:
    """Write every suppressed address to a file that `pressrun suppressions import` reads; of the erased only a row."""

    async def story(press: Press) -> int:
        from subscribers.suppressing import export_suppressions

        written = -1  # the headings are no address
        with file.open("w", encoding="utf-8", newline="") as stream:
            async for line in export_suppressions(press.people):
                stream.write(line)
                written += 1
        return written

    written = with_press(story)
    answer({"file": file, "suppressions": written}, [f"{written:,} suppressions written to {file}."], as_json=as_json)
