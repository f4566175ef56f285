"""`pressrun bounce`: one report that came back, from a mail server's pipe or from a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer
from mailer.cli.opening import with_press
from mailer.errors import NotFoundError
from subscribers.errors import StorageDownError

if TYPE_CHECKING:
    from mailer.bounces.receiving import Received
    from mailer.delivery.press import Press

_TRY_AGAIN = 75
_ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To")

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def bounce(
    rcpt: Annotated[
        list[str] | None,
        typer.Option(help="The address it came to; may be repeated. Else its header says.", metavar="ADDRESS"),
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The message; else it is read from the pipe.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read one bounce or complaint and act on it at once, as a worker does with what the listener let in.

    Who it is about comes from the signed address that it was delivered to, never from what it says. In Postfix's
    aliases: `bounces: "|pressrun bounce --rcpt $ORIGINAL_RECIPIENT"`. While Redis is down the exit status is 75, so
    that the mail server keeps the message and tries again.
    """
    message = _read(file)

    async def story(press: Press) -> list[Received]:
        from mailer.delivery.feedback.hearing import take_in

        return await take_in(press, message, rcpt or _ours_in_header(message, press), await press.ledger.now())

    try:
        received = with_press(story)
    except StorageDownError as error:
        # To a mail server that pipes, 75 means "keep it and try again"; anything else loses the report (sysexits.h).
        print(error, file=sys.stderr)
        raise typer.Exit(_TRY_AGAIN) from error
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


def _ours_in_header(message: bytes, press: Press) -> list[str]:
    """Return the signed addresses of ours that the header names; a stranger cannot make one."""
    from email.parser import BytesHeaderParser
    from email.utils import getaddresses

    from mailer.bounces.verp import refusal_of

    header = BytesHeaderParser().parsebytes(message)
    named = getaddresses([str(value) for name in _ADDRESSED for value in header.get_all(name, [])])
    ours = dict.fromkeys(address for _, address in named if address and refusal_of(press.tokens, address) is None)
    if not ours:
        raise NotFoundError(
            "The message's header names no address that was made here, so nobody can tell whom it is about. "
            "Name the address that it came to with --rcpt."
        )
    return list(ours)


def _read(file: Path | None) -> bytes:
    if file is None:
        if sys.stdin.isatty():
            raise NotFoundError("There is no message: name a file, or pipe one in.")
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFoundError(f"The message {file} cannot be read ({(error.strerror or str(error)).lower()}).") from error
