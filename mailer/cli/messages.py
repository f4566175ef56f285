"""`pressrun messages`: mail to single people, outside of any mailing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press
from mailer.errors import ConflictError

if TYPE_CHECKING:
    from mailer.delivery.outbox.oneoff import OneOff, OneOffId
    from mailer.delivery.press import Press

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Mail to one person, such as confirmations."
)

Number = Annotated[int, typer.Argument(metavar="NUMBER", help="The message's number, from `pressrun messages list`.")]


@app.command("list")
def list_messages(
    most: Annotated[int, typer.Option(help="How many, the newest first.", min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest messages: those that wait, and what became of the others in the last 30 days."""

    async def story(press: Press) -> list[dict[str, object]]:
        return [await _facts(press, one) for one in await press.outbox.newest(most)]

    found = with_press(story)
    columns = ("id", "notice", "address", "list", "state", "tries", "created", "due")
    rows = ([str(one["id"]), *(one[column] for column in columns[1:])] for one in found)
    answer(found, table(columns, rows, empty="There are no messages."), as_json=as_json)


@app.command()
def show(number: Number, as_json: AsJson = False) -> None:
    """Show one message: to whom, what, where it stands and what the relay said."""

    async def story(press: Press) -> dict[str, object]:
        return await _facts(press, await press.outbox.get(_id(number)))

    facts = with_press(story)
    answer(facts, described(facts.items()), as_json=as_json)


@app.command()
def retry(number: Number, as_json: AsJson = False) -> None:
    """Try a message again that was refused, excluded or uncertain; one that was put off, at once."""

    async def story(press: Press) -> dict[str, object]:
        one = await press.outbox.get(_id(number))
        if not await press.outbox.again(one, await press.ledger.now()):
            raise ConflictError(
                f"Message {number} is {one.state}"
                + (" and on the wire at this moment." if one.is_claimed else ".")
                + " There is nothing to try again."
            )
        return await _facts(press, await press.outbox.get(one.id))

    facts = with_press(story)
    answer(facts, [f"Message {number} is {facts['state']} again, and goes out within seconds."], as_json=as_json)


@app.command()
def confirm(
    list_slug: Annotated[str, typer.Argument(metavar="LIST", help="The list's slug.")], as_json: AsJson = False
) -> None:
    """Send the confirmation link to everybody pending on a list who was sent none by this command in 30 days."""

    async def story(press: Press) -> int:
        from mailer.delivery.outbox.posting import post_confirmations

        return await post_confirmations(press, await press.people.lists.find(list_slug), await press.ledger.now())

    count = with_press(story)
    answer({"posted": count}, [f"{count:,} confirmations go out."], as_json=as_json)


def _id(number: int) -> OneOffId:
    from mailer.delivery.outbox.oneoff import OneOffId

    return OneOffId(number)


async def _facts(press: Press, one: OneOff) -> dict[str, object]:
    person = await press.people.subscribers.get(one.order.subscriber)
    slugs = {found.id: found.slug for found in await press.people.lists.all()}
    return {
        "id": one.id,
        "notice": one.order.notice,
        "address": person.address if person else None,
        "list": slugs.get(one.order.list_id),
        "newsletter": one.order.newsletter,
        "state": one.state,
        "tries": one.tries,
        "created": one.order.created,
        "due": one.due,
        "reply": one.sentence,
    }
