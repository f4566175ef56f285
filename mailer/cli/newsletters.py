"""`pressrun newsletters`: the publications of this press."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press
from mailer.errors import ConflictError, SourceError

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.issues.aims.tracking import Tracking
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
Theme = Annotated[str, typer.Option(help="The theme of its issues where they do not say (`pressrun themes list`).")]
Look = Annotated[
    list[str] | None,
    typer.Option(
        help="What its mails look like, as KEY=VALUE, any number of times: logo, accent, font, radius, footer, …; "
        "KEY= alone takes it away.",
        metavar="KEY=VALUE",
    ),
]
TrackingOption = Annotated[
    str,
    typer.Option(
        "--tracking", help="What of its reading is recorded: off, clicks or opens-and-clicks.", metavar="WHAT"
    ),
]
Notices = Annotated[
    str, typer.Option(help="What people are told by mail: welcome, goodbye, with a comma between, or none.")
]
QuietHours = Annotated[
    str,
    typer.Option(
        help="When its mailings wait, such as 22:00-07:00 Europe/Berlin; none; or setting: as `quiet_hours` says.",
        metavar="HOURS",
    ),
]
Language = Annotated[str, typer.Option(help="The language of its issues, such as en or zh-CN.")]

_AS_SET = {"setting": ""}


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
    theme: Theme = "digest",
    tracking: TrackingOption = "off",
    look: Look = None,
    quiet_hours: QuietHours = "setting",
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
        theme=theme,
        tracking=_tracking(tracking),
        look=_wished({}, look),
        quiet_hours=_AS_SET.get(quiet_hours, quiet_hours),
    )

    async def story(press: Press) -> None:
        _check_look(press, newsletter)
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
    theme: Theme = "",
    tracking: TrackingOption = "",
    look: Look = None,
    notices: Notices = "",
    quiet_hours: QuietHours = "",
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
        "theme": theme,
        "tracking": _tracking(tracking) if tracking else "",
    }
    changes = {key: value for key, value in wanted.items() if value}
    if quiet_hours:
        changes["quiet_hours"] = _AS_SET.get(quiet_hours, quiet_hours)
    if notices:
        named = notices.replace(" ", "").split(",")
        changes["notices"] = () if named == ["none"] else tuple(one for one in named if one)

    async def story(press: Press) -> Newsletter:
        earlier = await press.newsletters.get(slug)
        newsletter = replace(earlier, **changes, look=_wished(earlier.look, look))
        _check_look(press, newsletter)
        await press.newsletters.put(newsletter)
        return newsletter

    _tell(with_press(story), as_json)


def _tracking(text: str) -> Tracking:
    from mailer.issues.aims.tracking import Tracking

    if text not in tuple(Tracking):
        raise typer.BadParameter(f"There is no tracking “{text}”: {', '.join(Tracking)}.")
    return Tracking(text)


def _wished(look: dict[str, str], wishes: list[str] | None) -> dict[str, str]:
    """Return a look with what was asked for; a backslash and an n, in the footer, end a line."""
    changed = dict(look)
    for wish in wishes or ():
        key, sign, value = wish.partition("=")
        if not sign:
            raise SourceError(f"“{wish[:60]}” is no KEY=VALUE.", place="--look", fix="Write it as accent=#0f5e63.")
        changed[key.strip()] = value.strip().replace("\\n", "\n")
    return {key: value for key, value in changed.items() if value}


def _check_look(press: Press, newsletter: Newsletter) -> None:
    """Raise RenderError, with a suggestion, for a theme that does not exist or a look that it cannot have."""
    press.shelf.theme(newsletter.theme).look.dressed(newsletter.look, place=f"newsletter {newsletter.slug}, look")


def _tell(newsletter: Newsletter, as_json: bool) -> None:
    facts = asdict(newsletter)
    shown = {**facts, "look": ", ".join(f"{key}={value}" for key, value in newsletter.look.items())}
    answer(facts, described((key.replace("_", " "), value) for key, value in shown.items()), as_json=as_json)
