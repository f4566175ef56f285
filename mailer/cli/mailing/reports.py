"""`pressrun mailings report, replies`: how a mailing was read, and what mail servers said."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.delivery.telling.replies import Said
    from mailer.tracking.report import Readership

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def report(
    mailing: Annotated[int, typer.Argument(metavar="MAILING", help="Its number.")], as_json: AsJson = False
) -> None:
    """Say how a mailing was read: opens and clicks, by people and by machines, and each link. All count people."""

    async def story(press: Press) -> Readership:
        from mailer.delivery.readership.reading import readership_of
        from mailer.issues.mailing import MailingId

        return await readership_of(press, MailingId(mailing))

    found = with_press(story)
    answer(asdict(found), _lines(found), as_json=as_json)


@app.command()
def replies(
    mailing: Annotated[int, typer.Argument(metavar="MAILING", help="Its number.")], as_json: AsJson = False
) -> None:
    """Say what mail servers said last about who is put off or was refused, alike replies counted together."""

    async def story(press: Press) -> Said:
        from mailer.delivery.telling.replies import said_by_servers
        from mailer.issues.mailing import MailingId

        return await said_by_servers(press, (await press.mailings.get(MailingId(mailing))).id)

    said = with_press(story)
    rows = ((one.people, one.standing, one.next_try, one.words) for one in said.replies)
    lines = list(table(("people", "standing", "next try", "reply"), rows, empty="Nobody was put off or refused."))
    if said.is_part:
        lines.append("There are more people than were looked at; `pressrun mailings people` lists them.")
    answer(asdict(said), lines, as_json=as_json)


def _lines(found: Readership) -> list[str]:
    if found.tracking == "off":
        return ["Nothing was recorded: tracking is off for this mailing."]
    pairs: list[tuple[str, object]] = [("accepted", found.accepted)]
    if found.tracking == "opens-and-clicks":
        proxied = f" ({found.opened_by_proxy:,} through a picture proxy)" if found.opened_by_proxy else ""
        pairs += [("opened", f"{found.opened:,}{proxied}"), ("only by machines", found.opened_by_machine)]
    pairs += [("clicked", found.clicked), ("clicks only by machines", found.clicked_by_machine)]
    rows = ((link.clicked, link.by_machine, link.words, link.url) for link in found.links)
    links = table(("people", "machines", "words", "link"), rows, empty="It has no links to web pages.")
    return [*described(pairs), "", *links]
