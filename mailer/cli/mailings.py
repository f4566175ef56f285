"""`pressrun mailings`: an issue going to people, and where each of them stands."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, progress, table
from mailer.cli.mailing import audience, mailingtimes, rehearsals, reports, trying
from mailer.cli.mailing.asking import Account, Hold, Yes, ask, known_account, policy_of, to_be_approved
from mailer.cli.mailing.audience import ListOption, SegmentOption, WithoutList, WithoutMailing, WithoutSegment
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.explaining import Explanation
    from mailer.delivery.press import Press
    from mailer.delivery.progress import Progress
    from mailer.delivery.timing.awaiting import Wait
    from mailer.issues.mailing import Mailing, MailingId

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Mailings: an issue going to people."
)

for _command in (
    *mailingtimes.app.registered_commands,
    *rehearsals.app.registered_commands,
    *reports.app.registered_commands,
    *trying.app.registered_commands,
):
    app.registered_commands.append(_command)

MailingArgument = Annotated[int, typer.Argument(metavar="MAILING", help="Its number.")]

_LEDGER = ("audience", "accepted", "refused", "excluded", "uncertain", "pending")
_LOOK_SECONDS = 0.5


@app.command("list")
def list_mailings(as_json: AsJson = False) -> None:
    """List the mailings, the newest first, with their ledgers."""

    async def story(press: Press) -> list[tuple[Progress, int | None]]:
        from mailer.delivery.progress import progress_of

        mailings = await press.mailings.all()
        return [(await progress_of(press, one.id), await audience.people_now(press, one)) for one in mailings]

    found = with_press(story)
    rows = ((one.mailing.id, one.mailing.issue, one.mailing.state, *_ledger(one, people)) for one, people in found)
    lines = table(("mailing", "issue", "state", *_LEDGER), rows, empty="There are no mailings yet.")
    answer([_facts(one) | {"to_mail_now": people} for one, people in found], lines, as_json=as_json)


@app.command()
def send(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's slug.")],
    lists: ListOption = None,
    segments: SegmentOption = None,
    without_lists: WithoutList = None,
    without_segments: WithoutSegment = None,
    without_mailings: WithoutMailing = None,
    at: Annotated[
        str, typer.Option(help="When to begin, such as 2026-11-02T09:00+01:00; without a zone, UTC.", metavar="TIME")
    ] = "",
    hold: Hold = False,
    by: Account = "",
    request: Annotated[str, typer.Option(help="A name for this request; the same name twice makes one mailing.")] = "",
    yes: Yes = False,
    count: Annotated[bool, typer.Option("--count", help="Only say who would be mailed, and who not, and why.")] = False,
    as_json: AsJson = False,
) -> None:
    """Mail an issue to everybody on these lists and in these segments, after saying how many they are."""
    starts = _moment(at)
    wish = audience.wished(lists, segments, without_lists, without_segments, without_mailings)
    expected = with_press(lambda press: audience.expected(press, issue, wish))
    if count:
        answer(audience.forecast_facts(expected), audience.forecast_lines(expected), as_json=as_json)
        return
    audience.remark_on(expected)
    ask(f"Send {issue} to {expected.to_mail:,} people?", yes=yes, instead=audience.OR_COUNT)

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.controlling import schedule
        from mailer.issues.timing import Timing
        from mailer.issues.wallclock import still_to_come

        # Whoever repeats a request late gets the mailing that it has made.
        if starts and not (request and await press.ledger.mailing_of_request(request)):
            still_to_come(starts, clock.now())
        timing = Timing(asked_by=await known_account(press, by))
        return await schedule(
            press, issue, wish, now=clock.now(), starts=starts, policy=policy_of(hold), timing=timing, request=request
        )

    mailing = with_press(story)
    when = f" at {mailing.starts:%Y-%m-%d %H:%M} UTC" if starts and mailing.starts else ""
    line = f"Mailing {mailing.id} begins{when}. Follow it with `pressrun mailings status {mailing.id}`."
    if not mailing.is_approved:
        line = to_be_approved(mailing)
    answer({"mailing": mailing.id, "state": mailing.state, "starts": mailing.starts}, [line], as_json=as_json)


@app.command()
def status(
    mailing: MailingArgument,
    follow: Annotated[bool, typer.Option("--follow", help="Wait until it is finished, with a bar.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far a mailing has come, and its ledger. Exit status 1 if the ledger does not balance."""

    async def story(press: Press) -> tuple[Progress, int | None, list[str]]:
        from mailer.delivery.progress import progress_of
        from mailer.delivery.telling.foreseeing import detours

        found = await progress_of(press, _id(mailing))
        with progress(f"Mailing {mailing}", found.counts.audience) as tell:
            while follow and not found.mailing.is_finished:
                await asyncio.sleep(_LOOK_SECONDS)
                found = await progress_of(press, _id(mailing))
                tell(found.counts.audience - found.counts.pending)
        around = [] if found.mailing.is_finished else await detours(press, await press.ledger.now())
        return found, await audience.people_now(press, found.mailing), around

    found, people, around = with_press(story)
    lines = [*described(_status_pairs(found, people)), *around]
    answer(_facts(found) | {"to_mail_now": people, "detours": around}, lines, as_json=as_json)
    raise typer.Exit(0 if found.counts.balanced else 1)


@app.command()
def why(
    mailing: MailingArgument,
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    as_json: AsJson = False,
) -> None:
    """Say in a sentence why somebody was, or was not, mailed."""

    async def story(press: Press) -> Explanation:
        from mailer.delivery.explaining import why as explain

        return await explain(press, _id(mailing), email)

    found = with_press(story)
    answer(asdict(found), [found.sentence], as_json=as_json)


@app.command()
def people(
    mailing: MailingArgument,
    standing: Annotated[str, typer.Option(help="accepted, refused, excluded, uncertain, pending or deferred.")],
    limit: Annotated[int, typer.Option(min=1, help="Show no more than this many.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the people who stand somewhere in a mailing's ledger, each with the reason."""

    async def story(press: Press) -> tuple[int, list[Explanation]]:
        from mailer.delivery.explaining import explain_many
        from mailer.delivery.ledger import Standing

        if standing not in tuple(Standing):
            raise typer.BadParameter(f"There is no standing “{standing}”: {', '.join(Standing)}.")
        await press.mailings.get(_id(mailing))
        cohort = await press.ledger.cohort(_id(mailing), Standing(standing))
        return cohort.count(), await explain_many(press, _id(mailing), list(cohort.slice(0, limit)))

    total, found = with_press(story)
    lines = [one.sentence for one in found]
    if total > len(found):
        lines.append(f"… and {total - len(found):,} more; see them with --limit {total}.")
    answer({"count": total, "people": [asdict(one) for one in found]}, lines or ["Nobody."], as_json=as_json)


@app.command()
def pause(
    mailing: MailingArgument,
    why_: Annotated[str, typer.Option("--why", help="Kept, and shown beside the mailing.")] = "",
    as_json: AsJson = False,
) -> None:
    """Hand nobody more over until it is resumed. Takes effect within a second."""

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.controlling import pause as act

        return await act(press, _id(mailing), now=clock.now(), why=why_)

    _tell_state(with_press(story), as_json)


@app.command()
def resume(mailing: MailingArgument, as_json: AsJson = False) -> None:
    """Go on where a paused mailing stopped; nobody who was accepted is mailed again."""

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.controlling import resume as act

        return await act(press, _id(mailing), now=clock.now())

    _tell_state(with_press(story), as_json)


@app.command()
def cancel(mailing: MailingArgument, as_json: AsJson = False) -> None:
    """End a mailing for good; whoever was not mailed yet is excluded as cancelled."""

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.controlling import cancel as act

        return await act(press, _id(mailing), now=clock.now())

    _tell_state(with_press(story), as_json)


def _id(number: int) -> MailingId:
    from mailer.issues.mailing import MailingId

    return MailingId(number)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"“{text}” is not a time such as 2026-11-02T09:00+01:00.") from error


def _facts(found: Progress) -> dict[str, object]:
    mailing, wait = found.mailing, found.wait
    return {
        "id": mailing.id,
        "issue": mailing.issue,
        "newsletter": mailing.newsletter,
        "subject": mailing.subject,
        "state": mailing.state,
        "starts": mailing.starts,
        "started": mailing.started,
        "finished": mailing.finished,
        "edition": mailing.edition,
        "to_approve": "" if mailing.is_approved else mailing.approvable,
        "problem": mailing.problem,
        **asdict(found.counts),
        "rate_per_second": round(found.rate_per_second, 1),
        "finish": found.finish,
        "next_due": found.next_due,
        "few": asdict(found.few) if found.few else None,
        "unheard": found.unheard,
        "waiting": wait.people if wait else 0,
        "waiting_for": wait.what if wait else "",
        "waiting_until": wait.until if wait else None,
    }


def _ledger(found: Progress, people: int | None) -> list[object]:
    """Return the ledger's columns; before a mailing begins there is none, but those who would get it now."""
    from mailer.issues.mailing import NOT_BEGUN

    if found.mailing.state not in NOT_BEGUN:
        return [getattr(found.counts, key) for key in _LEDGER]
    return ["–" if people is None else f"about {people:,}", *("–" for _ in _LEDGER[1:])]


def _status_pairs(found: Progress, people: int | None) -> list[tuple[str, object]]:
    from mailer.issues.mailing import NOT_BEGUN

    counts, mailing = found.counts, found.mailing
    expected = "–" if people is None else f"about {people:,} people now"
    reasons = (f"{count:,} {reason}" for reason, count in counts.excluded_by.items())
    return [
        ("mailing", f"{mailing.id}: {mailing.subject}"),
        ("state", mailing.state),
        ("problem", mailing.problem),
        ("begins", mailing.starts if mailing.state in NOT_BEGUN else None),
        ("to approve", mailing.approvable[:12] if not mailing.is_approved else ""),
        ("audience", expected if mailing.state in NOT_BEGUN else counts.audience),
        *((name, getattr(counts, name)) for name in ("accepted", "refused")),
        ("excluded", f"{counts.excluded:,} ({', '.join(reasons)})" if counts.excluded else 0),
        ("uncertain", counts.uncertain),
        ("pending", f"{counts.pending:,} ({counts.deferred:,} deferred)" if counts.deferred else counts.pending),
        ("balances", counts.balanced),
        ("rate", f"{found.rate_per_second:,.0f} a second" if found.rate_per_second else ""),
        ("next try", found.next_due),
        ("first few", found.few.sentence if found.few else ""),
        ("judged", found.few.judged if found.few else None),
        ("waiting", _waiting_words(found.wait) if found.wait else ""),
        ("ready about", found.finish),
        ("began", mailing.started),
        ("finished", mailing.finished),
        ("reports", found.unheard),
    ]


def _waiting_words(wait: Wait) -> str:
    """Say who waits for what: 12,000 for the winner, until 2026-11-24 13:04 UTC."""
    until = f", until {wait.until:%Y-%m-%d %H:%M} UTC" if wait.until else ""
    return f"{wait.people:,} {wait.what.words}{until}"


def _tell_state(mailing: Mailing, as_json: bool) -> None:
    answer(
        {"mailing": mailing.id, "state": mailing.state}, [f"Mailing {mailing.id} is {mailing.state}."], as_json=as_json
    )
