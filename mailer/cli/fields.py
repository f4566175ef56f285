"""`pressrun fields`: what is kept of people beside address, name and language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, table
from mailer.cli.opening import with_press
from mailer.errors import NotFoundError
from subscribers.fields import Field, FieldKind

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from subscribers.quality.declaring import Declared

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Fields: what is kept of people beside address, name and language.",
)

NameArgument = Annotated[str, typer.Argument(metavar="FIELD", help="One word of small letters, such as birth_year.")]
NewsletterOption = Annotated[str, typer.Option(help="The newsletter that keeps it.", metavar="NEWSLETTER")]


@app.command("list")
def list_fields(
    newsletter: Annotated[str, typer.Option(help="Only those of this newsletter.", metavar="NEWSLETTER")] = "",
    as_json: AsJson = False,
) -> None:
    """List the declared fields."""

    async def story(press: Press) -> list[Field]:
        return await press.people.fields.all(newsletter)

    found = with_press(story)
    rows = ((one.name, one.kind, one.newsletter, one.label, ", ".join(one.choices)) for one in found)
    empty = "No field is declared; what imports bring is kept as text."
    answer(
        [_facts(one) for one in found],
        table(("field", "kind", "newsletter", "label", "choices"), rows, empty=empty),
        as_json=as_json,
    )


@app.command()
def declare(
    name: NameArgument,
    newsletter: NewsletterOption,
    kind: Annotated[FieldKind, typer.Option(help="What its values are.")] = FieldKind.TEXT,
    label: Annotated[str, typer.Option(help="How it is called on pages.")] = "",
    choice: Annotated[list[str] | None, typer.Option(help="With --kind choice: one of them; repeat it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Declare a field, or change its declaration. Values that people have are read anew; what does not fit stays."""
    wanted = Field(newsletter=newsletter, name=name, kind=kind, label=label, choices=tuple(choice or ()))

    async def story(press: Press) -> Declared:
        from subscribers.quality.declaring import declare_field

        await press.newsletters.get(newsletter)
        return await declare_field(press.people, wanted)

    done = with_press(story)
    became = f"{done.converted:,} values were converted, {done.unreadable:,} are no {kind} and stay as they are"
    lines = [f"{name} is declared: {kind}. {done.people:,} people have it: {became}."]
    lines += [f"{address}: {reason}" for address, reason in done.examples]
    facts = {
        **_facts(wanted),
        "people": done.people,
        "converted": done.converted,
        "unreadable": done.unreadable,
        "examples": [{"address": address, "reason": reason} for address, reason in done.examples],
    }
    answer(facts, lines, as_json=as_json)


@app.command()
def remove(name: NameArgument, newsletter: NewsletterOption, as_json: AsJson = False) -> None:
    """Take a declaration back. The values that people have stay, as fields that nobody declared."""

    async def story(press: Press) -> None:
        from subscribers.quality.declaring import withdraw_field

        if not await withdraw_field(press.people, newsletter, name):
            raise NotFoundError(f"{newsletter} declares no field {name}. See `pressrun fields list`.")

    with_press(story)
    line = f"{name} is no field of {newsletter} any more; what people have of it stays."
    answer({"field": name, "newsletter": newsletter, "declared": False}, [line], as_json=as_json)


def _facts(one: Field) -> dict[str, object]:
    return {
        "field": one.name,
        "kind": one.kind.value,
        "newsletter": one.newsletter,
        "label": one.label,
        "choices": list(one.choices),
    }
