"""`pressrun newsletters`: the publications of this press."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press
from mailer.errors import ConflictError

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.issues.newsletter import Newsletter

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Newsletters: name, sender, postal address."
)

Slug = Annotated[str, typer.Argument(metavar="NEWSLETTER", help="Its slug, such as china-weekly.")]
Sender = Annotated[str, typer.Option("--sender", help="The address in From.", metavar="ADDRESS")]
SenderName = Annotated[str, typer.Option(help="The name in From.")]
Postal = Annotated[str, typer.Option(help="The postal address at the end of every mail.")]
ReplyTo = Annotated[str, typer.Option(help="Where answers go, if not to the sender.", metavar="ADDRESS")]
ReturnPath = Annotated[
    str, typer.Option(help="The domain that bounces come back to, if not the sender's.", metavar="DOMAIN")
]
Language = Annotated[str, typer.Option(help="The language of its issues, such as en or zh-CN.")]


@app.command("list")
def list_newsletters(as_json: AsJson = False) -> None:
    """List the newsletters."""
    newsletters = with_press(lambda press: press.newsletters.all())
    rows = ((one.slug, one.name, f"{one.sender_name} <{one.sender_address}>", one.language) for one in newsletters)
    lines = table(("slug", "name", "sender", "language"), rows, empty="There are no newsletters yet.")
    answer([asdict(one) for one in newsletters], lines, as_json=as_json)


@app.command()
def show(slug: Slug, as_json: AsJson = False) -> None:
    """Show one newsletter."""
    _tell(with_press(lambda press: press.newsletters.get(slug)), as_json)


@app.command()
def create(
    slug: Slug,
    sender_address: Sender,
    name: Annotated[str, typer.Option(help="Its name, as readers know it; else made of the slug.")] = "",
    sender_name: SenderName = "",
    postal_address: Postal = "",
    reply_to: ReplyTo = "",
    return_path_domain: ReturnPath = "",
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Create a newsletter."""
    from mailer.issues.newsletter import Newsletter

    title = name or slug.replace("-", " ").title()
    newsletter = Newsletter(
        slug=slug,
        name=title,
        sender_name=sender_name or title,
        sender_address=sender_address,
        postal_address=postal_address,
        reply_to=reply_to,
        return_path_domain=return_path_domain,
        language=language,
    )

    async def story(press: Press) -> None:
        if await press.newsletters.find(slug):
            raise ConflictError(f"There is a newsletter “{slug}” already; change it with `pressrun newsletters edit`.")
        await press.newsletters.put(newsletter)

    with_press(story)
    _tell(newsletter, as_json)


@app.command()
def edit(
    slug: Slug,
    name: Annotated[str, typer.Option(help="Its name, as readers know it.")] = "",
    sender_address: Sender = "",
    sender_name: SenderName = "",
    postal_address: Postal = "",
    reply_to: ReplyTo = "",
    return_path_domain: ReturnPath = "",
    language: Language = "",
    as_json: AsJson = False,
) -> None:
    """Change a newsletter; what is not named stays."""
    # Texts all; a newsletter has fields of other kinds, too, which `replace` is checked against.
    wanted: dict[str, Any] = {
        "name": name,
        "sender_address": sender_address,
        "sender_name": sender_name,
        "postal_address": postal_address,
        "reply_to": reply_to,
        "return_path_domain": return_path_domain,
        "language": language,
    }

    async def story(press: Press) -> Newsletter:
        newsletter = replace(
            await press.newsletters.get(slug), **{key: value for key, value in wanted.items() if value}
        )
        await press.newsletters.put(newsletter)
        return newsletter

    _tell(with_press(story), as_json)


def _tell(newsletter: Newsletter, as_json: bool) -> None:
    facts = asdict(newsletter)
    answer(facts, described((key.replace("_", " "), value) for key, value in facts.items()), as_json=as_json)
