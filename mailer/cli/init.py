"""`pressrun init`: everything that must be there before anything else can run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, remark
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.issues.newsletter import Newsletter

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def init(
    public_url: Annotated[
        str, typer.Option(help="Where readers reach this Pressrun; links in mail begin with it.")
    ] = "",
    newsletter: Annotated[str, typer.Option(help="Name of the first newsletter.")] = "",
    sender: Annotated[
        str, typer.Option(help="The newsletter's address, as it stands in From.", metavar="ADDRESS")
    ] = "",
    postal_address: Annotated[str, typer.Option(help="Its postal address, which many countries' laws ask for.")] = "",
    list_name: Annotated[str, typer.Option("--list", help="Name of its first list.")] = "",
    account: Annotated[
        str, typer.Option(help="Whom the link signs in; a new name makes an account, such as a second person's.")
    ] = "admin",
    as_json: AsJson = False,
) -> None:
    """Make the home folder: the secret, the settings file, and, if named, the first newsletter and its list.

    What is there is kept: run it as often as you like. Where Redis answers, a link is printed that
    signs the account in once.
    """
    _require_together(newsletter, sender, list_name)
    if not account.strip() or not account.isprintable() or len(account) > 64:
        raise typer.BadParameter("An account needs a name of 1 to 64 printable characters.", param_hint="--account")
    home = _prepare(public_url)
    try:
        first = _newsletter(newsletter, sender, postal_address)
        facts = with_press(lambda press: _begin(press, first, list_name, account.strip()))
    except _down() as error:
        if newsletter:
            raise
        remark(f"{error} Start it and run `pressrun init` again for a link to sign in with.")
        facts = {}
    facts = {"home": str(home), **facts}
    answer(facts, _lines(facts), as_json=as_json)


def _prepare(public_url: str) -> Path:
    from mailer.cli.settingsfile import commented_settings
    from mailer.homefolder import make_secret, prepare_home
    from mailer.settings import home_folder

    home = home_folder()
    prepare_home(home)
    make_secret(home)
    file = home / "settings.toml"
    if not file.exists():
        file.write_text(
            commented_settings({"public_url": public_url.rstrip("/")} if public_url else {}), encoding="utf-8"
        )
    elif public_url:
        remark(f"{file} is there already and was not changed; set public_url in it.")
    return home


async def _begin(press: Press, newsletter: Newsletter | None, list_name: str, account: str) -> dict[str, str]:
    from mailer import clock
    from mailer.accounts.signing_in import make_link
    from mailer.accounts.store import AccountStore
    from mailer.issues.issue import slugify

    facts = {}
    if newsletter:
        if await press.newsletters.find(newsletter.slug) is None:
            await press.newsletters.put(newsletter)
        facts["newsletter"] = newsletter.slug
    if newsletter and list_name:
        made = await press.people.lists.create(slugify(list_name), name=list_name, newsletter=newsletter.slug)
        facts["list"] = made.slug
    url, accounts = press.settings.public_url, AccountStore(press.redis)
    facts["sign_in"] = await make_link(accounts, public_url=url, now=clock.now(), account=account)
    return facts


def _newsletter(name: str, sender: str, postal_address: str) -> Newsletter | None:
    from mailer.issues.issue import slugify
    from mailer.issues.newsletter import Newsletter

    if not name:
        return None
    return Newsletter(
        slug=slugify(name), name=name, sender_name=name, sender_address=sender, postal_address=postal_address
    )


def _require_together(newsletter: str, sender: str, list_name: str) -> None:
    if newsletter and not sender:
        raise typer.BadParameter("A newsletter needs an address to be mailed from: add --sender ADDRESS.")
    if list_name and not newsletter:
        raise typer.BadParameter("A list belongs to a newsletter: add --newsletter NAME --sender ADDRESS.")


def _down() -> tuple[type[Exception], ...]:
    from mailer.errors import StoreDownError
    from subscribers.errors import StorageDownError

    return (StoreDownError, StorageDownError)


def _lines(facts: dict[str, str]) -> list[str]:
    said = [f"Home folder: {facts['home']} (secret.key, settings.toml)"]
    if "newsletter" in facts:
        said.append(f"Newsletter:  {facts['newsletter']}")
    if "list" in facts:
        said.append(f"List:        {facts['list']}")
    if "sign_in" in facts:
        said.append(f"Sign in, once, within a day: {facts['sign_in']}")
    return said
