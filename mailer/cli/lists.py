"""`pressrun lists`: what people join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from subscribers.lists import MailingList

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Lists: what people join.")

_HEADINGS = ("list", "name", "newsletter", "active", "pending", "paused", "left")


@app.command("list")
def list_lists(
    archived: Annotated[bool, typer.Option("--archived", help="The archived ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the lists, and how many people stand where on each."""

    async def story(press: Press) -> list[dict[str, str | int | bool]]:
        return [await _facts(press, one) for one in await press.people.lists.all() if archived or not one.is_archived]

    facts = with_press(story)
    rows = ([one["slug"], *(one[heading] for heading in _HEADINGS[1:])] for one in facts)
    answer(
        facts,
        table(_HEADINGS, rows, empty="There are no lists yet; make one with `pressrun lists create`."),
        as_json=as_json,
    )


@app.command()
def show(slug: Annotated[str, typer.Argument(metavar="LIST")], as_json: AsJson = False) -> None:
    """Show one list."""

    async def story(press: Press) -> dict[str, str | int | bool]:
        return await _facts(press, await press.people.lists.find(slug))

    _tell(with_press(story), as_json)


@app.command()
def create(
    slug: Annotated[str, typer.Argument(metavar="LIST", help="Its slug, such as china-weekly-readers.")],
    newsletter: Annotated[str, typer.Option(help="The slug of the newsletter that it belongs to.")],
    name: Annotated[str, typer.Option(help="Its name, as readers see it; else made of the slug.")] = "",
    single_opt_in: Annotated[bool, typer.Option("--single-opt-in", help="Who joins need not confirm by mail.")] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Nobody sees it, and nobody can join by themselves.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Create a list. Where there is one of this name already, show it."""

    async def story(press: Press) -> dict[str, str | int | bool]:
        await press.newsletters.get(newsletter)
        made = await press.people.lists.create(
            slug,
            name=name or slug.replace("-", " ").title(),
            newsletter=newsletter,
            is_double_opt_in=not single_opt_in,
            is_public=not private,
        )
        return await _facts(press, made)

    _tell(with_press(story), as_json)


@app.command()
def edit(
    slug: Annotated[str, typer.Argument(metavar="LIST")],
    name: Annotated[str, typer.Option(help="Its name, as readers see it.")] = "",
    public: Annotated[bool | None, typer.Option("--public/--private", help="Who may see and join it.")] = None,
    double_opt_in: Annotated[
        bool | None, typer.Option("--double-opt-in/--single-opt-in", help="Whether who joins must confirm by mail.")
    ] = None,
    archived: Annotated[
        bool | None, typer.Option("--archive/--restore", help="Put it away: hidden, joined by nobody, not mailed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a list. Who is on it stays on it, also while it is archived."""

    async def story(press: Press) -> dict[str, str | int | bool]:
        from msgspec.structs import replace

        one = await press.people.lists.find(slug)
        changed = replace(
            one,
            name=name or one.name,
            is_public=one.is_public if public is None else public,
            is_double_opt_in=one.is_double_opt_in if double_opt_in is None else double_opt_in,
            is_archived=one.is_archived if archived is None else archived,
        )
        await press.people.lists.change(changed)
        return await _facts(press, changed)

    _tell(with_press(story), as_json)


async def _facts(press: Press, one: MailingList) -> dict[str, str | int | bool]:
    counts = await press.people.lists.counts(one.id)
    is_open = one.is_public and not one.is_archived
    return {
        "slug": one.slug,
        "id": one.id,
        "name": one.name,
        "newsletter": one.newsletter,
        "is_double_opt_in": one.is_double_opt_in,
        "is_public": one.is_public,
        "is_archived": one.is_archived,
        "form": f"{press.settings.public_url}/join/{one.slug}" if is_open else "",
        **{state.value: count for state, count in counts.items()},
    }


def _tell(facts: dict[str, str | int | bool], as_json: bool) -> None:
    answer(facts, described((key.replace("_", " "), value) for key, value in facts.items()), as_json=as_json)
