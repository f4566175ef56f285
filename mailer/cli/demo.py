"""`pressrun demo`: everything at once, on this machine."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from mailer.cli.answering import AsJson, answer, remark

if TYPE_CHECKING:
    from mailer.demo.house import House
    from mailer.demo.rehearsing import DemoResult, Wishes

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_ENDED_BY_PERSON = 130
"""What a shell calls the end by Ctrl-C."""

T = TypeVar("T")


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Do not stay: mail twice, count every copy, end.")] = False,
    people: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many sample people.")] = 2_000,
    issue: Annotated[Path | None, typer.Option(metavar="FILE", help="With --once: mail this, not the sample.")] = None,
    subscribers: Annotated[Path | None, typer.Option(metavar="CSV", help="With --once: mail these people.")] = None,
    button_url: Annotated[str, typer.Option(metavar="URL", help="The address that the issue's button lacks.")] = "",
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="The folder for everything.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65533, help="The web pages' port; the next two are taken too.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show everything at once: Redis, web pages, a worker, a scheduler, and an inbox that catches all mail.

    Without --once it mails a sample issue to sample people, prints a link to sign in with, and stays until Ctrl-C; a
    second start finds its data again. With --once it uses free ports and a folder of its own, mails the issue twice,
    lets people bounce, complain and leave in between, and exits 0 only if every copy is accounted for. Nothing leaves
    this machine.
    """
    from mailer.demo.rehearsing import Wishes

    if once:
        wishes = Wishes(people=people, issue=issue, subscribers=subscribers, button_url=button_url)
        raise typer.Exit(_rehearse(_house_once(home, port), wishes, as_json))
    for option, value in (("--issue", issue), ("--subscribers", subscribers), ("--json", as_json)):
        if value:
            raise typer.BadParameter(f"{option} goes with --once.")
    raise typer.Exit(_present(_house(home, port), people))


def _house(home: Path | None, port: int) -> House:
    from mailer.demo.house import WEB_PORT, House, Ports
    from mailer.settings import home_folder

    return House((home or home_folder()).absolute(), Ports.from_web(port or WEB_PORT))


def _house_once(home: Path | None, port: int) -> House:
    from mailer.demo.house import House, Ports
    from mailer.demo.loopback import free_ports

    # The folder outlives the run: whoever doubts the account can count the messages.
    folder = home.absolute() if home else Path(mkdtemp(prefix="pressrun-demo-"))
    return House(folder, Ports.from_web(port) if port else Ports(*free_ports(3)))


def _present(house: House, people: int) -> int:
    from mailer.demo.opening import open_house
    from mailer.demo.presenting import present

    async def stay() -> str:
        async with open_house(house, _say) as running:
            return await present(running, people, _say)

    broken = _until_told_to_end(stay())
    if broken is None:
        _say("Everything has ended.")
        return 0
    remark(broken)
    return 1


def _rehearse(house: House, wishes: Wishes, as_json: bool) -> int:
    from mailer.demo.rehearsing import DemoResult, rehearse
    from mailer.errors import PressrunError
    from mailer.reception import inbox_folder

    result = DemoResult(messages=inbox_folder(house.home), home=house.home)

    async def whole() -> bool:
        await rehearse(house, wishes, result, remark)
        return True

    try:
        is_over = _until_told_to_end(whole())
    except PressrunError as error:
        # Once mail is under way, the account of it is worth more than the sentence alone.
        if not result.mailings:
            raise
        result.problems.append(str(error))
        is_over = True
    if not is_over:
        return _ENDED_BY_PERSON
    answer(asdict(result), _lines(result), as_json=as_json)
    for problem in result.problems:
        remark(problem)
    return 1 if result.problems else 0


def _until_told_to_end(story: Coroutine[object, object, T]) -> T | None:
    """Run a story to its end, or until Ctrl-C or SIGTERM ends it in good order: then None."""

    async def whole() -> T | None:
        task = asyncio.current_task()
        assert task is not None

        def end() -> None:
            # Once: the second Ctrl-C of an impatient person must not cut off the good order.
            if not task.cancelling():
                task.cancel()

        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(one, end)
        try:
            return await story
        except asyncio.CancelledError:
            return None

    return asyncio.run(whole())


def _lines(result: DemoResult) -> list[str]:
    seconds = ", ".join(f"{step} {spent:.1f} s" for step, spent in result.seconds.items())
    verdict = "Every copy is accounted for." if not result.problems else "It did not come out even."
    return [f"{result.messages}: every message, as the inbox got it.", f"Time: {seconds}.", verdict]


def _say(line: str) -> None:
    print(line, flush=True)
