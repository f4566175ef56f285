"""`pressrun mailings try, arms, choose, resend`: trying editions out, and mailing an issue to who is left over."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, table
from mailer.cli.mailing import audience
from mailer.cli.mailing.asking import Account, Yes, YesToMany, ask, ask_about_many, known_account, to_be_approved
from mailer.cli.mailing.audience import ListOption, SegmentOption, WithoutList, WithoutMailing, WithoutSegment
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.experiments.deciding import ArmStanding
    from mailer.delivery.planning import Forecast
    from mailer.delivery.press import Press
    from mailer.issues.mailing import Mailing

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_Mailing = Annotated[int, typer.Argument(metavar="MAILING", help="Its number.")]
_Request = Annotated[str, typer.Option(help="A name for this request; the same name twice makes one mailing.")]


@app.command("try")
def try_out(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's slug; it is the first arm.")],
    lists: ListOption = None,
    segments: SegmentOption = None,
    without_lists: WithoutList = None,
    without_segments: WithoutSegment = None,
    without_mailings: WithoutMailing = None,
    subjects: Annotated[list[str] | None, typer.Option("--subject", help="Another subject: an arm each.")] = None,
    issues: Annotated[list[str] | None, typer.Option("--against", help="Another issue's slug: an arm each.")] = None,
    share: Annotated[float, typer.Option(min=0, max=100, help="Percent of the audience to try on, all arms.")] = 20,
    winner_by: Annotated[str, typer.Option(help="What the winner is chosen by: clicks, opens, or hand.")] = "clicks",
    after: Annotated[float, typer.Option(min=0, help="Hours from the beginning to the choice.", metavar="HOURS")] = 4,
    by: Account = "",
    request: _Request = "",
    yes: YesToMany = False,
    as_json: AsJson = False,
) -> None:
    """Mail several editions to a share of the people; the rest gets the one that does best."""
    from mailer.issues.aims.experiment import Measure

    if winner_by not in tuple(Measure):
        raise typer.BadParameter(f"There is no choosing by “{winner_by}”: {', '.join(Measure)}.")
    wish = audience.wished(lists, segments, without_lists, without_segments, without_mailings)

    expected = with_press(lambda press: audience.expected(press, issue, wish))
    people = expected.to_mail
    audience.remark_on(expected)
    ask_about_many(f"Try arms of {issue} on {people:,} people?", people, yes=yes)

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.controlling import schedule
        from mailer.delivery.experiments.experimenting import Trial, experiment_of
        from mailer.issues.timing import Timing

        trial = Trial(
            subjects=subjects or (),
            issues=issues or (),
            share=share / 100,
            measure=Measure(winner_by),
            after_seconds=after * 3600,
        )
        experiment = await experiment_of(press, issue, trial)
        timing = Timing(asked_by=await known_account(press, by))
        return await schedule(
            press, issue, wish, now=clock.now(), timing=timing, experiment=experiment, request=request
        )

    made = with_press(story)
    line = f"Mailing {made.id} tries {len(made.editions)} arms; `pressrun mailings arms {made.id}` shows them."
    if not made.is_approved:
        line += f" {to_be_approved(made)}"
    answer({"mailing": made.id, "state": made.state, "arms": len(made.editions)}, [line], as_json=as_json)


@app.command()
def arms(mailing: _Mailing, as_json: AsJson = False) -> None:
    """Show how the arms of a mailing's experiment stand."""

    async def story(press: Press) -> tuple[Mailing, list[ArmStanding]]:
        from mailer.delivery.experiments.deciding import standings_of
        from mailer.issues.mailing import MailingId

        found = await press.mailings.get(MailingId(mailing))
        return found, await standings_of(press, found)

    found, standings = with_press(story)
    winner = None if found.winner is None else found.winner + 1
    rows = [
        (one.number + 1, one.people, one.accepted, one.opened, one.clicked, one.arm.issue, one.arm.subject)
        for one in standings
    ]
    head = ("arm", "people", "accepted", "opened", "clicked", "issue", "subject")
    lines = list(table(head, rows, empty="This mailing tries nothing out."))
    if standings:
        lines = [*lines, f"The rest gets arm {winner}." if winner else "No winner was chosen yet."]
    facts = [asdict(one) | {"arm": {"issue": one.arm.issue, "subject": one.arm.subject}} for one in standings]
    answer({"mailing": mailing, "winner": winner, "arms": facts}, lines, as_json=as_json)


@app.command()
def choose(
    mailing: _Mailing, arm: Annotated[int, typer.Argument(metavar="ARM", help="From 1.")], as_json: AsJson = False
) -> None:
    """Let the rest of an experiment's audience get this arm now."""

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.experiments.deciding import choose_by_hand
        from mailer.issues.mailing import MailingId

        return await choose_by_hand(press, MailingId(mailing), arm - 1, now=clock.now())

    with_press(story)
    answer({"mailing": mailing, "winner": arm}, [f"The rest of mailing {mailing} gets arm {arm}."], as_json=as_json)


@app.command()
def resend(
    mailing: _Mailing,
    to: Annotated[str, typer.Option("--to", help="not-opened, deferred-out, refused or uncertain.")],
    saying: Annotated[str, typer.Option(help="Only whose last reply has these words, such as 5.7.26.")] = "",
    count: Annotated[bool, typer.Option("--count", help="Only say who would be mailed.")] = False,
    yes: Yes = False,
    by: Account = "",
    request: _Request = "",
    as_json: AsJson = False,
) -> None:
    """Mail the same issue to who is left over of a finished mailing; nobody who got it gets it again."""
    from mailer.delivery.readership.resending import Remainder

    if to not in tuple(Remainder):
        raise typer.BadParameter(f"Nobody is “{to}”: {', '.join(Remainder)}.")
    which = Remainder(to)

    async def forecast(press: Press) -> Forecast:
        from mailer.delivery.readership.resending import forecast_remainder
        from mailer.issues.mailing import MailingId

        return await forecast_remainder(press, MailingId(mailing), which, saying)

    expected = with_press(forecast)
    if count:
        excluded = [f"{number:,} excluded: {reason}" for reason, number in expected.excluded_by.items()]
        answer(asdict(expected), [f"{expected.to_mail:,} people would be mailed.", *excluded], as_json=as_json)
        return
    # Where nobody is left there is nothing to ask: it is refused, or a repeated request has its mailing already.
    if expected.to_mail:
        ask(f"Mail {expected.to_mail:,} people again?", yes=yes, instead=audience.OR_COUNT)

    async def story(press: Press) -> Mailing:
        from mailer import clock
        from mailer.delivery.readership.resending import resend as act
        from mailer.issues.mailing import MailingId

        number, now, asked_by = MailingId(mailing), clock.now(), await known_account(press, by)
        return await act(press, number, which, now=now, saying=saying, asked_by=asked_by, request=request)

    made = with_press(story)
    line = f"Mailing {made.id} begins." if made.is_approved else to_be_approved(made)
    answer({"mailing": made.id, "state": made.state}, [line], as_json=as_json)
