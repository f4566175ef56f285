"""`pressrun mailings schedule, approve, undo`: when a mailing's people get it, and who must agree."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from mailer.cli.answering import AsJson, answer
from mailer.cli.mailing import audience
from mailer.cli.mailing.asking import Account, Hold, YesToMany, ask_about_many, known_account, policy_of, to_be_approved
from mailer.cli.mailing.audience import ListOption, SegmentOption, WithoutList, WithoutMailing, WithoutSegment
from mailer.cli.opening import with_press
from mailer.issues.wallclock import Which

if TYPE_CHECKING:
    from mailer.delivery.addressing import Wish
    from mailer.delivery.press import Press
    from mailer.delivery.timing.sharing import Share
    from mailer.issues.mailing import Mailing
    from mailer.issues.timing import Timing

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def schedule(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's slug.")],
    lists: ListOption = None,
    segments: SegmentOption = None,
    without_lists: WithoutList = None,
    without_segments: WithoutSegment = None,
    without_mailings: WithoutMailing = None,
    at: Annotated[str, typer.Option(help="When, on the wall: 2026-11-25T09:00. Else at once.", metavar="TIME")] = "",
    zone: Annotated[str, typer.Option(help="The wall's time zone, such as Europe/Berlin.")] = "UTC",
    which: Annotated[Which | None, typer.Option(help="Which one, where clocks go back and TIME is twice.")] = None,
    local: Annotated[
        bool, typer.Option("--local", help="At TIME in each reader's own time zone; else in ZONE.")
    ] = False,
    spread: Annotated[float, typer.Option(min=0, help="Spread it over so many hours.", metavar="HOURS")] = 0,
    canary: Annotated[int, typer.Option(min=0, help="So many people first; the rest when they are judged.")] = 0,
    canary_minutes: Annotated[
        float, typer.Option(min=0, help="Minutes to wait before the canary is judged.", metavar="MINUTES")
    ] = 60,
    by_hand: Annotated[
        bool, typer.Option("--by-hand", help="Judge the canary yourself: `release` or `cancel`.")
    ] = False,
    undo: Annotated[float, typer.Option(min=0, max=600, help="Seconds to wait, so that it can be undone.")] = 0,
    hold: Hold = False,
    by: Account = "",
    request: Annotated[str, typer.Option(help="A name for this request; the same name twice makes one mailing.")] = "",
    count: Annotated[bool, typer.Option("--count", help="Only say who would be mailed, and who is due when.")] = False,
    yes: YesToMany = False,
    as_json: AsJson = False,
) -> None:
    """Schedule an issue to these lists and segments: when, and in which order their people get it.

    A time that clocks pass over is refused; one that they show twice must be chosen. With --local the readers without a
    known zone get it by ZONE, and those for whom TIME has passed already get it at once.
    """
    from mailer.issues.timing import Canary, Timing

    wanted = Timing(
        wall=at if local else "",
        zone=zone if local else "",
        spread_seconds=spread * 3600,
        canary=Canary(canary, canary_minutes * 60, by_hand) if canary else None,
        asked_by=by,
    )
    wanted.check()

    wish = audience.wished(lists, segments, without_lists, without_segments, without_mailings)

    async def look(press: Press) -> tuple[_When, audience.Expected]:
        from mailer import clock
        from mailer.issues.wallclock import still_to_come

        await known_account(press, by)
        when = await _settled(press, issue, wish, wanted, at=at, zone=zone, which=which)
        # Whoever repeats a request late gets the mailing that it has made.
        if when.starts and not local and not (request and await press.ledger.mailing_of_request(request)):
            still_to_come(when.starts, clock.now())
        return when, await audience.expected(press, issue, wish)

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.controlling import schedule as act

        now, window, policy = clock.now(), timedelta(seconds=undo), policy_of(hold)
        return await act(
            press, issue, wish, now=now, starts=starts, policy=policy, timing=timing, undo=window, request=request
        )

    (timing, starts, shares), expected = with_press(look)
    if count:
        told, lines = audience.forecast_facts(expected), audience.forecast_lines(expected)
    else:
        audience.remark_on(expected)
        question = f"Schedule {issue} to {expected.to_mail:,} people?"
        ask_about_many(question, expected.to_mail, yes=yes, instead=audience.OR_COUNT)
        made = with_press(story)
        told, lines = _facts(made), [_sentence(made)]
    lines += [f"{one.due:%Y-%m-%d %H:%M} UTC: {one.people:,} people ({_some(one.zones)})" for one in shares]
    answer(told | {"shares": [asdict(one) for one in shares]}, lines, as_json=as_json)


@app.command()
def approve(
    mailing: Annotated[int, typer.Argument(metavar="MAILING", help="Its number.")],
    by: Annotated[str, typer.Option(help="The account of the second person.")],
    edition: Annotated[str, typer.Option(help="The edition that was looked at, as `status` names it.")],
    as_json: AsJson = False,
) -> None:
    """Approve exactly this edition of a proposed mailing, so that it is scheduled. Not for who asked for it."""

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.controlling import approve as act
        from mailer.issues.mailing import MailingId

        second = await known_account(press, by)
        found = await press.mailings.get(MailingId(mailing))
        # A name of a dozen characters is long enough to be nobody else's.
        whole = found.approvable if len(edition) >= 12 and found.approvable.startswith(edition) else edition
        return await act(press, found.id, by=second, edition=whole, now=clock.now())

    done = with_press(story)
    answer(_facts(done), [_sentence(done)], as_json=as_json)


@app.command()
def undo(
    mailing: Annotated[int, typer.Argument(metavar="MAILING", help="Its number.")], as_json: AsJson = False
) -> None:
    """Take a mailing back before its first byte has left; nobody is mailed."""

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.controlling import undo as act
        from mailer.issues.mailing import MailingId

        return await act(press, MailingId(mailing), now=clock.now())

    done = with_press(story)
    answer(_facts(done), [f"Mailing {done.id} is {done.state}. {done.problem}"], as_json=as_json)


@app.command()
def release(
    mailing: Annotated[int, typer.Argument(metavar="MAILING", help="Its number.")], as_json: AsJson = False
) -> None:
    """Let the rest of a mailing go whose few first ones were to be judged; a paused mailing goes on."""

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.timing.canarying import release as act
        from mailer.issues.mailing import MailingId

        return await act(press, MailingId(mailing), now=clock.now())

    done = with_press(story)
    answer(_facts(done), [f"Mailing {done.id} is {done.state}; nobody is held back any more."], as_json=as_json)


class _When(NamedTuple):
    """When a mailing would go, with what only the press knows."""

    timing: Timing
    starts: datetime | None
    shares: list[Share]


async def _settled(
    press: Press, issue: str, wish: Wish, wanted: Timing, *, at: str, zone: str, which: Which | None
) -> _When:
    """Return the timing with what only the press knows, when it begins, and how its people are shared out."""
    from msgspec.structs import replace

    from mailer.delivery.planning import pending_of
    from mailer.delivery.timing.sharing import first_moment, shares_of, zone_field
    from mailer.issues.wallclock import instant_of, read_wall_time

    if not wanted.wall:
        starts = instant_of(read_wall_time(at), zone, which) if at else None
        return _When(wanted, starts, [])
    newsletter = (await press.issues.get(issue)).newsletter
    timing = replace(wanted, zone_field=await zone_field(press, newsletter))
    lists, scope, _ = await audience.addressed(press, issue, wish)
    people = await pending_of(press, lists, scope)
    return _When(timing, await first_moment(press, timing), await shares_of(press, timing, people))


def _facts(mailing: Mailing) -> dict[str, object]:
    return {
        "mailing": mailing.id,
        "state": mailing.state,
        "starts": mailing.starts,
        "edition": mailing.edition,
        "to_approve": mailing.approvable,
        "approved_by": mailing.approval.by if mailing.approval else "",
        "problem": mailing.problem,
    }


def _sentence(mailing: Mailing) -> str:
    from mailer import clock
    from mailer.issues.mailing import MailingState

    if mailing.state is MailingState.PROPOSED:
        return to_be_approved(mailing)
    if mailing.starts is None or mailing.starts <= clock.now():
        return f"Mailing {mailing.id} begins now. Follow it with `pressrun mailings status {mailing.id}`."
    when = f"{mailing.starts:%Y-%m-%d %H:%M:%S} UTC"
    return (
        f"Mailing {mailing.id} is {mailing.state} and begins {when}. Until then, `pressrun mailings undo {mailing.id}`."
    )


def _some(zones: list[str]) -> str:
    more = f" and {len(zones) - 2} more" if len(zones) > 2 else ""
    return ", ".join(zones[:2]) + more
