"""`pressrun subscribers data` and `pressrun subscribers erase`: what is stored about one person, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer
from mailer.cli.opening import with_press
from mailer.errors import NotFoundError

if TYPE_CHECKING:
    from mailer.delivery.press import Press

AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS")]


def data(address: AddressArgument, as_json: AsJson = False) -> None:
    """Print everything that is stored about one person, as JSON."""

    async def story(press: Press) -> dict[str, object]:
        from subscribers.address import parse_address
        from subscribers.exporting import data_of

        person = await press.people.subscribers.find(parse_address(address))
        if person is None:
            raise NotFoundError(f"Nobody with the address {address} is known.")
        return await data_of(press.people, person)

    answer(with_press(story), [], as_json=True)


def erase(address: AddressArgument, as_json: AsJson = False) -> None:
    """Erase a person. Only a keyed digest of the address stays, so that nothing brings them back."""

    async def story(press: Press) -> bool:
        from mailer import clock
        from subscribers.address import parse_address
        from subscribers.erasing import erase as act

        person = await press.people.subscribers.find(parse_address(address))
        if person is not None:
            await press.reports.forget_signals(person.id)
        return await act(press.people, parse_address(address), clock.now())

    was_known = with_press(story)
    line = f"{address} is erased." if was_known else f"{address} was not known; it is never mailed from now on."
    answer({"address": address, "was_known": was_known}, [line], as_json=as_json)
