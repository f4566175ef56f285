"""`pressrun bounce`: one report that came back, from a mail server's pipe or from a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer
from mailer.cli.opening import with_press
from mailer.errors import ConfigError

if TYPE_CHECKING:
    from mailer.bounces.receiving import Received
    from mailer.delivery.press import Press

app = typer.Typer(rich_markup_mode=None)


@app.command()
def bounce(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The message; else it is read from the pipe.")] = None,
    rcpt: Annotated[list[str], typer.Option(help="The address it was delivered to; may be repeated.", metavar="ADDRESS")] = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Read one bounce or complaint and act on it, as the listener would.

    Who it is about comes from the signed address that it was delivered to, never from what it says. In Postfix's
    aliases: `bounces: "|pressrun bounce --rcpt $ORIGINAL_RECIPIENT"`.
    """
    raw = _read(file)
