"""`pressrun subscribers pause` and `resume`: no mail until a day, as the person asked."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer
from mailer.cli.opening import with_press
from mailer.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from subscribers.lists import MailingList
    from subscribers.subscriber import Subscriber

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS")]
ListOption = Annotated[str, typer.Option("--list", help="A list's slug.", metavar="LIST")]

_BY = "pressrun subscribers"


def pause(
    address: AddressArgument,
    list_slug: ListOption,
    until: Annotated[datetime, typer.Option(help="From when on they get mail again (UTC).")],
    as_json: AsJson = False,
) -> None:
    """Send a person nothing from a list until a day, as they asked; then they are active again by themselves."""
    end = until if until.tzinfo else until.replace(tzinfo=UTC)

    async def story(press: Press) -> None:
        from mailer import clock
        from subscribers.joining import pause as act

        now = clock.now()
        if end <= now:
            raise typer.BadParameter(f"--until {until:%Y-%m-%d %H:%M} UTC is over already; name a later day.")
        person, one = await _who_and_where(press, address, list_slug)
        if not await act(press.people, person.id, one.id, end, now, by=_BY):
            raise ConflictError(f"{address} is not active on {list_slug}, so there is nothing to pause.")

    with_press(story)
    facts = {"address": address, "list": list_slug, "state": "paused", "until": end.isoformat()}
    answer(facts, [f"{address} gets nothing from {list_slug} until {end:%Y-%m-%d %H:%M} UTC."], as_json=as_json)


def resume(address: AddressArgument, list_slug: ListOption, as_json: AsJson = False) -> None:
    """End a person's pause on a list before its time, as they asked."""

    async def story(press: Press) -> bool:
        from mailer import clock
        from subscribers.joining import end_pause

        person, one = await _who_and_where(press, address, list_slug)
        return await end_pause(press.people, person.id, one.id, clock.now(), by=_BY)

    changed = with_press(story)
    line = f"{address} is active on {list_slug} again." if changed else f"{address} was not paused; nothing changed."
    answer({"address": address, "list": list_slug, "changed": changed}, [line], as_json=as_json)


async def _who_and_where(press: Press, address: str, list_slug: str) -> tuple[Subscriber, MailingList]:
    from subscribers.address import parse_address

    found = await press.people.subscribers.find(parse_address(address))
    if found is None:
        raise NotFoundError(f"Nobody with the address {address} is known.")
    return found, await press.people.lists.find(list_slug)
