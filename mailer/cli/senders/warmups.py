"""`pressrun domains warmup`: the warm-up of a sender's domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, remark, table
from mailer.cli.opening import with_press
from mailer.cli.senders.domainname import named_domain
from mailer.senders.warmups.warmup import FIRST, GROWTH, LAST, Warmup, ladder

if TYPE_CHECKING:
    from mailer.delivery.press import Press

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Warm-up of a sender's domain: so many messages on each day, to whoever takes part first.",
)

Domain = Annotated[str, typer.Argument(metavar="DOMAIN", help="The domain of the sender's address.")]


@app.command("set")
def set_warmup(
    domain: Domain,
    first: Annotated[int, typer.Option(help="Messages on the first day.")] = FIRST,
    growth: Annotated[float, typer.Option(help="By which factor there are more each day.")] = GROWTH,
    last: Annotated[int, typer.Option(help="Messages on the last day; after it there is no ceiling.")] = LAST,
    ceilings: Annotated[str, typer.Option(help="Every day's messages instead, such as 100,150,300,600.")] = "",
    as_json: AsJson = False,
) -> None:
    """Begin a domain's warm-up now, in place of the one that it had; its first day lasts for 24 hours."""
    days = _read(ceilings) if ceilings else ladder(first, growth, last)
    name = named_domain(domain)

    async def story(press: Press) -> tuple[dict[str, object], bool]:
        from mailer.delivery.warming.warmingup import warmed_domain

        warmup = Warmup(domain=name, began=await press.ledger.now(), ceilings=days)
        await press.warmups.put(warmup)
        is_known = warmup.domain in {warmed_domain(one) for one in await press.newsletters.all()}
        return await _facts(press, warmup), is_known

    facts, is_known = with_press(story)
    answer(facts, described(facts.items()), as_json=as_json)
    if not is_known:
        remark(f"No newsletter's sender is at {domain} yet. The days count all the same.")


@app.command()
def show(domain: Annotated[str, typer.Argument(metavar="DOMAIN")] = "", as_json: AsJson = False) -> None:
    """Show how far a domain's warm-up is, or list all."""

    async def story(press: Press) -> list[dict[str, object]]:
        if domain:
            return [await _facts(press, await press.warmups.get(named_domain(domain)))]
        return [await _facts(press, one) for one in await press.warmups.all()]

    facts = with_press(story)
    if domain:
        answer(facts[0], described(facts[0].items()), as_json=as_json)
        return
    headings = ("domain", "day", "days", "ceiling", "used", "next_day")
    rows = [[one[heading] for heading in headings] for one in facts]
    answer(facts, table(headings, rows, empty="No domain is being warmed up."), as_json=as_json)


@app.command()
def end(domain: Domain, as_json: AsJson = False) -> None:
    """End a domain's warm-up: whoever waits for a later day goes now."""

    async def story(press: Press) -> bool:
        from mailer.delivery.warming.warmingup import end_warmup

        return await end_warmup(press, named_domain(domain))

    had_one = with_press(story)
    sentence = f"The warm-up of {domain} has ended." if had_one else f"{domain} was not being warmed up."
    answer({"domain": domain, "had_one": had_one}, [f"{sentence} Nobody waits for a later day."], as_json=as_json)


def _read(ceilings: str) -> tuple[int, ...]:
    from mailer.errors import ConfigError

    try:
        return tuple(int(one) for one in ceilings.split(","))
    except ValueError as error:
        raise ConfigError(f"“{ceilings[:40]}” are no daily numbers of messages, such as 100,150,300,600.") from error


async def _facts(press: Press, warmup: Warmup) -> dict[str, object]:
    now = await press.ledger.now()
    facts: dict[str, object] = {"domain": warmup.domain, "began": warmup.began, "days": len(warmup.ceilings)}
    if warmup.is_over(now):
        return facts | {"day": None, "ceiling": None, "used": 0, "next_day": None, "ceilings": list(warmup.ceilings)}
    return facts | {
        "day": warmup.day(now) + 1,
        "ceiling": warmup.ceiling(now),
        "used": await press.warmups.used(warmup, now),
        "next_day": warmup.ends(now),
        "ceilings": list(warmup.ceilings),
    }
