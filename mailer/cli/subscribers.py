"""`pressrun subscribers`: the people on the lists."""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli import persondata
from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press
from mailer.cli.people import bringing, pausing
from mailer.errors import NotFoundError

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from subscribers.cohort import Cohort
    from subscribers.subscriber import Subscriber
    from subscribers.suppression import Suppression

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Subscribers: the people on the lists."
)

app.command("import")(bringing.import_people)
app.command()(persondata.data)
app.command()(persondata.erase)
app.command()(pausing.pause)
app.command()(pausing.resume)

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS")]
ListOption = Annotated[str, typer.Option("--list", help="A list's slug.", metavar="LIST")]


class ExportFormat(StrEnum):
    """How people are written to a file."""

    CSV = "csv"
    """A table; cells that a spreadsheet would run as formulas are guarded."""
    NDJSON = "ndjson"
    """One JSON object a line."""


@app.command("list")
def list_subscribers(
    list_slug: ListOption = "",
    state: Annotated[str, typer.Option(help="With --list: active, pending, paused or left.")] = "active",
    search: Annotated[str, typer.Option(help="Only those with this text in their address, name or fields.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Show no more than this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List people: those on a list, or those that a search finds."""

    async def story(press: Press) -> list[Subscriber]:
        if not list_slug:
            return await press.people.subscribers.search(search, limit)
        return await _on_list(press, list_slug, state, search, limit)

    found = with_press(story)
    rows = ((str(one.id), one.address, one.name, one.language, one.joined) for one in found)
    facts = [_facts(one) for one in found]
    answer(facts, table(("id", "address", "name", "language", "joined"), rows, empty="Nobody."), as_json=as_json)


@app.command()
def show(address: AddressArgument, as_json: AsJson = False) -> None:
    """Show a person: who they are, where they stand on each list, what they agreed to, whether they are suppressed."""

    async def story(press: Press) -> dict[str, object]:
        return await _everything(press, await _find(press, address))

    facts = with_press(story)
    answer(facts, described(_pairs(facts)), as_json=as_json)


@app.command()
def add(
    address: AddressArgument,
    list_slug: ListOption,
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    language: Annotated[str, typer.Option(help="Such as en or zh-CN.")] = "",
    words: Annotated[str, typer.Option(help="What the person agreed to, and how; kept as their consent.")] = "",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="The person has confirmed already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add one person to a list: pending, and mailed a link to confirm by, unless they confirmed already."""

    async def story(press: Press) -> dict[str, object]:
        return await _added(press, address, list_slug, name=name, language=language, words=words, confirmed=confirmed)

    facts = with_press(story)
    lines = [f"{facts['address']} is {facts['state']} on {list_slug}."]
    if facts["suggested_address"]:
        lines.append(f"The domain looks mistyped: was {facts['suggested_address']} meant?")
    answer(facts, lines, as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write them.")],
    list_slug: ListOption = "",
    segment: Annotated[str, typer.Option(help="A rule; docs/segments.md has the words.", metavar="RULE")] = "",
    file_format: Annotated[ExportFormat, typer.Option("--format", help="How to write them.")] = ExportFormat.CSV,
    as_json: AsJson = False,
) -> None:
    """Write people to a file, with lists and fields: all, those on a list in any state, those in a rule, or both."""

    async def story(press: Press) -> int:
        from subscribers.exporting import export_csv, export_ndjson

        cohort = await _wanted(press, list_slug, segment)
        lines = export_ndjson if file_format is ExportFormat.NDJSON else export_csv
        with file.open("w", encoding="utf-8", newline="") as stream:
            async for line in lines(press.people, cohort):
                stream.write(line)
        return cohort.count()

    written = with_press(story)
    answer({"file": file, "people": written}, [f"{written:,} people written to {file}."], as_json=as_json)


@app.command()
def leave(
    address: AddressArgument,
    list_slug: ListOption = "",
    newsletter: Annotated[
        str, typer.Option(help="Every list of this newsletter, also those to come.", metavar="NEWSLETTER")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Take a person off a list or a whole newsletter, as they asked. Only they come back, by confirming anew."""
    if bool(list_slug) == bool(newsletter):
        raise typer.BadParameter("Name either a list with --list or a newsletter with --newsletter.")

    async def story(press: Press) -> bool:
        from mailer import clock
        from subscribers.joining import leave as act
        from subscribers.joining import leave_newsletter

        person = await _find(press, address)
        if newsletter:
            await press.newsletters.get(newsletter)
            return await leave_newsletter(
                press.people, person, newsletter, clock.now(), by="pressrun subscribers leave"
            )
        return await act(press.people, person.id, (await press.people.lists.find(list_slug)).id, clock.now())

    changed, what = with_press(story), list_slug or newsletter
    line = f"{address} has left {what}." if changed else f"{address} was not on {what}; nothing changed."
    facts = {"address": address, "list": list_slug, "newsletter": newsletter, "changed": changed}
    answer(facts, [line], as_json=as_json)


async def _find(press: Press, address: str) -> Subscriber:
    from subscribers.address import parse_address

    found = await press.people.subscribers.find(parse_address(address))
    if found is None:
        raise NotFoundError(f"Nobody with the address {address} is known.")
    return found


async def _wanted(press: Press, list_slug: str, rule: str) -> Cohort:
    from mailer import clock
    from subscribers.segmenting import segment_cohort
    from subscribers.subscription import SubscriptionState

    cohort = await press.people.subscribers.all_ids()
    if list_slug:
        one = await press.people.lists.find(list_slug)
        on_list = [await press.people.lists.cohort(one.id, state) for state in SubscriptionState]
        cohort &= reduce(or_, on_list)
    if rule:
        cohort &= await segment_cohort(press.people, rule, clock.now())
    return cohort


async def _on_list(press: Press, list_slug: str, state: str, search: str, limit: int) -> list[Subscriber]:
    from subscribers.subscription import SubscriptionState

    if state not in tuple(SubscriptionState):
        raise typer.BadParameter(f"There is no state “{state}”: {', '.join(SubscriptionState)}.")
    one = await press.people.lists.find(list_slug)
    cohort = await press.people.lists.cohort(one.id, SubscriptionState(state))
    if search:
        found = await press.people.subscribers.search(search, limit=1_000)
        return [person for person in found if person.id in cohort][:limit]
    people = await press.people.subscribers.read(list(cohort.slice(0, limit)))
    return [people[number] for number in sorted(people)]


async def _everything(press: Press, person: Subscriber) -> dict[str, object]:
    from subscribers.fields import undeclared
    from subscribers.quality.addresskind import kinds_of, suggested_address

    slugs = {one.id: one.slug for one in await press.people.lists.all()}
    standing = await press.people.lists.lists_of(person.id)
    declared = await press.people.fields.declared()
    suppressions = await press.people.suppressions.all_of(person.address)
    return {
        **_facts(person),
        "undeclared_fields": sorted(undeclared(person, declared)),
        "address_kinds": sorted(kinds_of(person.address)),
        "suggested_address": suggested_address(person.address),
        "lists": {slugs[list_id]: state.value for list_id, state in standing.items()},
        "suppressed": "; ".join(map(_suppressed, suppressions)) or None,
        "consents": [
            {
                "list": slugs.get(one.list_id, ""),
                "event": one.event,
                "when": one.when,
                "words": one.words,
                "where": one.where,
                "by": one.by,
            }
            for one in await press.people.consents.of(person.id)
        ],
    }


def _suppressed(one: Suppression) -> str:
    scope = " ".join(
        [*([f"@{one.domain}"] if one.domain else []), *([f"for {one.newsletter}"] if one.newsletter else [])]
    )
    return f"{one.reason.value}{f' ({scope})' if scope else ''}: {one.evidence}"


async def _added(
    press: Press, address: str, list_slug: str, *, name: str, language: str, words: str, confirmed: bool
) -> dict[str, object]:
    from mailer import clock
    from mailer.delivery.outbox.posting import post_confirmation
    from subscribers.address import parse_address
    from subscribers.consent import Consent
    from subscribers.joining import join
    from subscribers.quality.addresskind import suggested_address
    from subscribers.subscription import SubscriptionState

    now = clock.now()
    one = await press.people.lists.find(list_slug)
    consent = Consent(list_id=one.id, when=now, words=words, by="pressrun subscribers add")
    joined = await join(press.people, one, parse_address(address), consent, now, name=name, language=language)
    if confirmed:
        # Whoever has left stays where they are: only they can come back.
        await press.people.lists.move(one.id, [joined.subscriber.id], SubscriptionState.ACTIVE)
    elif joined.needs_confirmation:
        await post_confirmation(press, one, joined.subscriber.id, now)
    state = await press.people.lists.state_of(one.id, joined.subscriber.id)
    meant = suggested_address(joined.subscriber.address)
    return {**_facts(joined.subscriber), "list": list_slug, "state": state, "suggested_address": meant}


def _facts(person: Subscriber) -> dict[str, object]:
    return {
        "id": person.id,
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "fields": dict(person.fields),
        "joined": person.joined,
    }


def _pairs(facts: dict[str, object]) -> list[tuple[str, object]]:
    plain = [(key, facts[key]) for key in ("address", "name", "language", "joined")]
    kinds, unknown, meant = facts["address_kinds"], facts["undeclared_fields"], facts["suggested_address"]
    fields, lists, consents = facts["fields"], facts["lists"], facts["consents"]
    assert isinstance(fields, dict)
    assert isinstance(lists, dict)
    assert isinstance(consents, list)
    assert isinstance(kinds, list)
    assert isinstance(unknown, list)
    return [
        *plain,
        *((("worth a look", f"{', '.join(kinds)}{f' ({meant}?)' if meant else ''}"),) if kinds else ()),
        *((f"{name} (not declared)" if name in unknown else name, value) for name, value in fields.items()),
        *((f"on {slug}", state) for slug, state in lists.items()),
        ("suppressed", facts["suppressed"]),
        *(
            (f"{one['event']} {one['list']}", f"{one['when']:%Y-%m-%d %H:%M} UTC {one['by']} {one['words']}")
            for one in consents
        ),
    ]
