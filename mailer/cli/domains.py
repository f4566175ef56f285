"""`pressrun domains`: the domains that mail is from, and the DKIM keys that sign for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, remark, table
from mailer.cli.mailing.asking import Yes, ask
from mailer.cli.opening import with_press
from mailer.cli.senders import warmups
from mailer.cli.senders.domainname import named_domain
from mailer.senders.dkim import Algorithm, BodyForm

if TYPE_CHECKING:
    from datetime import datetime

    from mailer.delivery.press import Press
    from mailer.senders.domainkey import DomainKey

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Sending domains and their DKIM keys."
)
app.add_typer(warmups.app, name="warmup")

Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain of the sender's address.")]
Selector = Annotated[str, typer.Argument(metavar="SELECTOR", help="The key's selector, such as s20261124.")]


@app.command("list")
def list_domains(as_json: AsJson = False) -> None:
    """List the keys of all domains, and which newsletters have none."""

    async def story(press: Press) -> tuple[list[DomainKey], list[str]]:
        from mailer.rendering.headers import sending_domain

        keys = [key for domain in await press.keys.domains() for key in await press.keys.of(domain)]
        senders = {sending_domain(one.sender_domain) for one in await press.newsletters.all()}
        return keys, sorted(senders - {key.domain for key in keys})

    keys, bare = with_press(story)
    rows = ((key.domain, key.selector, key.algorithm, key.state, key.since) for key in keys)
    lines = table(("domain", "selector", "algorithm", "state", "since"), rows, empty="There are no keys yet.")
    answer([_facts(key) for key in keys], lines, as_json=as_json)
    for domain in bare:
        remark(f"Mail from {domain} is not signed here. Make a key with `pressrun domains generate {domain}`.")


@app.command()
def generate(
    domain: Domain,
    selector: Annotated[str, typer.Option(help="Its selector; else named by the date.")] = "",
    algorithm: Annotated[Algorithm, typer.Option(help="Ed25519 only beside an RSA key.")] = Algorithm.RSA,
    body: Annotated[BodyForm, typer.Option(help="How bodies are brought into one form before hashing.")] = (
        BodyForm.RELAXED
    ),
    as_json: AsJson = False,
) -> None:
    """Make a key and print the DNS record to publish. It signs nothing before it is activated."""

    async def story(press: Press) -> DomainKey:
        from mailer.senders.rotating import make_key

        return await make_key(
            press.keys, named_domain(domain), now=_now(), algorithm=algorithm, body=body, selector=selector
        )

    _tell(with_press(story), as_json)


@app.command()
def show(
    domain: Domain,
    selector: Annotated[str, typer.Argument(help="One key; else all of the domain.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show a domain's keys, and the DNS record of each."""

    async def story(press: Press) -> list[DomainKey]:
        name = named_domain(domain)
        return [await press.keys.get(name, selector)] if selector else await press.keys.of(name)

    keys = with_press(story)
    lines = [line for key in keys for line in (*_record_lines(key), "")]
    answer([_facts(key) for key in keys], lines or [f"{domain} has no keys yet."], as_json=as_json)


@app.command()
def check(domain: Domain, as_json: AsJson = False) -> None:
    """Ask DNS about a domain: its keys, DMARC, and where bounces go. Exit status 1 if something is wrong."""

    async def story(press: Press) -> list[tuple[bool, str]]:
        from mailer.senders.domaincheck import check_domain
        from mailer.senders.lookup import Lookup

        name = named_domain(domain)
        bounces = {
            one.bounce_domain for one in await press.newsletters.all() if named_domain(one.sender_domain) == name
        }
        lookup = Lookup(press.settings.dns_server)
        return [
            (one.is_fine, one.sentence)
            for one in await check_domain(press.keys, lookup, name, sorted(map(named_domain, bounces)), now=_now())
        ]

    found = with_press(story)
    lines = (f"{'fine ' if is_fine else 'wrong'}  {sentence}" for is_fine, sentence in found)
    answer([{"is_fine": is_fine, "finding": sentence} for is_fine, sentence in found], lines, as_json=as_json)
    raise typer.Exit(0 if all(is_fine for is_fine, _ in found) else 1)


@app.command()
def activate(
    domain: Domain,
    selector: Selector,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Do not ask DNS: for trying out, where nobody verifies.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a key sign from now on, if DNS shows its record; the one that signed until now retires."""

    async def story(press: Press) -> DomainKey:
        from mailer.senders import rotating
        from mailer.senders.lookup import Lookup

        if unseen:
            return await rotating.activate_unseen(press.keys, named_domain(domain), selector, _now())
        lookup = Lookup(press.settings.dns_server)
        return await rotating.activate(press.keys, lookup, named_domain(domain), selector, _now())

    _tell(with_press(story), as_json)


@app.command()
def retire(domain: Domain, selector: Selector, yes: Yes = False, as_json: AsJson = False) -> None:
    """Let a key sign no more, after asking if no other signs. Leave its record in DNS until it can be withdrawn."""

    async def look(press: Press) -> str:
        from mailer.senders.rotating import unsigned_without

        return await unsigned_without(press.keys, named_domain(domain), selector)

    if what_follows := with_press(look):
        ask(f"{what_follows} Retire it?", yes=yes)

    async def story(press: Press) -> DomainKey:
        from mailer.senders import rotating

        return await rotating.retire(press.keys, named_domain(domain), selector, _now())

    _tell(with_press(story), as_json)


@app.command()
def withdraw(domain: Domain, selector: Selector, as_json: AsJson = False) -> None:
    """Delete the private key of one that signs no more, and print its last DNS record, which says that it is over."""

    async def story(press: Press) -> DomainKey:
        from datetime import timedelta

        from mailer.senders import rotating

        queued_for = timedelta(seconds=press.settings.give_up_after_seconds)
        return await rotating.withdraw(press.keys, named_domain(domain), selector, _now(), queued_for=queued_for)

    _tell(with_press(story), as_json)


def _now() -> datetime:
    from mailer import clock

    return clock.now()


def _facts(key: DomainKey) -> dict[str, object]:
    from mailer.senders.domainkey import record_strings

    return {
        "domain": key.domain,
        "selector": key.selector,
        "algorithm": key.algorithm,
        "body": key.body,
        "state": key.state,
        "since": key.since,
        "made": key.made,
        "record_name": key.record_name,
        "record": key.wanted_record,
        "record_strings": list(record_strings(key.wanted_record)),
    }


def _record_lines(key: DomainKey) -> list[str]:
    facts = ((name, value) for name, value in _facts(key).items() if not name.startswith("record"))
    return [*described(facts), key.zone_line]


def _tell(key: DomainKey, as_json: bool) -> None:
    answer(_facts(key), _record_lines(key), as_json=as_json)
