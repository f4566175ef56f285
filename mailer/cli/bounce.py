"""`pressrun bounce`: one report that came back, from a mail server's pipe or from a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer
from mailer.cli.opening import with_press
from mailer.errors import NotFoundError

if TYPE_CHECKING:
    from mailer.bounces.receiving import Received
    from mailer.delivery.press import Press

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def bounce(
    rcpt: Annotated[list[str], typer.Option(help="The address it came to; may be repeated.", metavar="ADDRESS")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The message; else it is read from the pipe.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read one bounce or complaint and act on it, as the listener would.

    Who it is about comes from the signed address that it was delivered to, never from what it says. In Postfix's
    aliases: `bounces: "|pressrun bounce --rcpt $ORIGINAL_RECIPIENT"`.
    """
    message = _read(file)

    async def story(press: Press) -> list[Received]:
        from mailer.reception import take_in

        return await take_in(press, message, rcpt)

    received = with_press(story)
    facts = [
        {
            "recipient": one.event.recipient,
            "kind": one.event.kind,
            "class": one.event.bounce_class,
            "mailing": one.event.mailing,
            "subscriber": one.event.subscriber,
            "verdict": one.event.verdict,
            "is_new": one.is_new,
            "sentence": one.sentence,
        }
        for one in received
    ]
    answer(facts, [one.sentence for one in received], as_json=as_json)


def _read(file: Path | None) -> bytes:
    if file is None:
        if sys.stdin.isatty():
            raise NotFoundError("There is no message: name a file, or pipe one in.")
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFoundError(f"The message {file} cannot be read ({(error.strerror or str(error)).lower()}).") from error
