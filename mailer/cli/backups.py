"""`pressrun backup` and `pressrun restore`: everything about people, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press

app = typer.Typer(add_completion=False, rich_markup_mode=None)

FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Such as people.ndjson.gz.")]


@app.command()
def backup(file: FileArgument, as_json: AsJson = False) -> None:
    """Write everything about people into a file: records, lists, consents, suppressions, fields, segments."""

    async def story(press: Press) -> int:
        from mailer import clock
        from subscribers.backup import write_backup

        return await write_backup(press.people, file, clock.now())

    count = with_press(story)
    answer({"file": file, "facts": count}, [f"{count:,} facts written to {file}."], as_json=as_json)


@app.command()
def restore(file: FileArgument, as_json: AsJson = False) -> None:
    """Put everything from a backup into an empty Redis. The same secret is needed. Repeating it is harmless."""

    async def story(press: Press) -> int:
        from subscribers.backup import read_backup

        return await read_backup(press.people, file)

    count = with_press(story)
    answer({"file": file, "facts": count}, [f"{count:,} facts restored from {file}."], as_json=as_json)
