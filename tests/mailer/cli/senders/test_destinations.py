"""`pressrun destinations`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.delivery.destinations.slowdown import Slowdown
from tests.newsroom import NOW

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mailer.delivery.press import Press
    from tests.mailer.cli.conftest import Run


def test_what_is_slowed_is_listed_and_lifted(
    run: Run, in_press: Callable[[Callable[[Press], Awaitable[None]]], None]
) -> None:
    async def slow(press: Press) -> None:
        now = await press.ledger.now()
        await press.slowed.slow("google", Slowdown.after(None, "421 4.7.28 Unusual rate", now))

    in_press(slow)

    (listed,) = run("destinations", "list", "--json").json
    lifted = run("destinations", "forget", "gmail.com", "--json").json
    again = run("destinations", "forget", "google", status=1)

    assert (listed["destination"], listed["at_once"], listed["times"]) == ("google", 0, 1)
    assert listed["said"] == "421 4.7.28 Unusual rate"
    assert listed["since"] < listed["rests_until"] < listed["recovered"]
    assert lifted["was_slowed"]
    assert again.out == "google was not slowed.\n"
    assert run("destinations", "list").out == "No destination is slowed.\n"


def test_since_when_stays_while_it_asks_again_and_again() -> None:
    first = Slowdown.after(None, "first", NOW)
    second = Slowdown.after(first, "second", first.rests_until + timedelta(minutes=1))

    assert (second.since, second.times, second.reason) == (NOW, 2, "second")
