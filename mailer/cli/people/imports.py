"""`pressrun imports`: the imports of people, those that workers do and those that were done here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press
from mailer.errors import NotFoundError

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from subscribers.imports.importcounts import ImportFacts

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Imports of people, running and past."
)

IdArgument = Annotated[str, typer.Argument(metavar="IMPORT", help="Its number, from `pressrun imports list`.")]


@app.command("list")
def list_imports(as_json: AsJson = False) -> None:
    """List imports, the newest first, with how far each has come."""

    async def story(press: Press) -> list[ImportFacts]:
        return await press.people.imports.newest()

    found = with_press(story)
    headings = ("import", "state", "started", "file", "rows", "new", "invalid")
    rows = (
        (one.id, one.state, one.started, one.plan.file, one.counts.total, one.counts.new, one.counts.invalid)
        for one in found
    )
    answer([_facts(one) for one in found], table(headings, rows, empty="None yet."), as_json=as_json)


@app.command()
def show(import_id: IdArgument, as_json: AsJson = False) -> None:
    """Show an import: its state, what became of the rows so far, and what is wrong with it."""

    async def story(press: Press) -> ImportFacts:
        return await press.people.imports.get(import_id)

    one = with_press(story)
    counts = [(name, getattr(one.counts, name)) for name in one.counts.__struct_fields__]
    pairs = [("file", one.plan.file), ("state", one.state), ("started", one.started), ("problem", one.problem)]
    answer(_facts(one), described([*pairs, ("rows", one.counts.total), *counts]), as_json=as_json)


@app.command()
def cancel(import_id: IdArgument, as_json: AsJson = False) -> None:
    """Cancel an import that has not ended. What is in by then stays in."""

    async def story(press: Press) -> bool:
        return await press.people.imports.cancel(import_id)

    changed = with_press(story)
    line = "It stops after the rows that are under way." if changed else "It has ended already; nothing changed."
    answer({"import": import_id, "changed": changed}, [line], as_json=as_json)


@app.command()
def rejected(
    import_id: IdArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write them, as CSV.")],
    as_json: AsJson = False,
) -> None:
    """Write the invalid rows of an import that a worker did to a file, each with its reason, to mend and import."""

    async def story(press: Press) -> int:
        from subscribers.store.importfiles import Kept

        facts = await press.people.imports.get(import_id)
        if not await press.people.import_files.fetch(import_id, Kept.REJECTED, file):
            raise NotFoundError(
                f"No invalid rows of import {import_id} are kept: it is {facts.state}, and has {facts.counts.invalid}. "
                "Those of an import that a worker did are kept when it has ended, for 90 days."
            )
        return facts.counts.invalid

    count = with_press(story)
    answer({"file": file, "rows": count}, [f"{count:,} rows written to {file}, each with its reason."], as_json=as_json)


def _facts(one: ImportFacts) -> dict[str, object]:
    return {
        "id": one.id,
        "file": one.plan.file,
        "state": one.state,
        "started": one.started,
        "problem": one.problem,
        "rows": one.counts.total,
        "counts": {name: getattr(one.counts, name) for name in one.counts.__struct_fields__},
    }
