"""`pressrun series`: mailings that recur."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.mailing import audience
from mailer.cli.mailing.asking import Account, YesToMany, ask_about_many, known_account
from mailer.cli.mailing.audience import ListOption, SegmentOption, WithoutList, WithoutMailing, WithoutSegment
from mailer.cli.opening import with_press
from mailer.errors import ConflictError

if TYPE_CHECKING:
    from mailer.delivery.addressing import Wish
    from mailer.delivery.press import Press
    from mailer.delivery.series.series import Occurrence, Series

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Recurring mailings, each moment once."
)

SeriesArgument = Annotated[str, typer.Argument(metavar="SERIES", help="Its slug.")]
IssueArgument = Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's slug.")]


@app.command()
def create(
    slug: SeriesArgument,
    cron: Annotated[str, typer.Option(help="Minute, hour, day, month, day of the week: “0 9 * * 1” is Mondays at 9.")],
    lists: ListOption = None,
    segments: SegmentOption = None,
    without_lists: WithoutList = None,
    without_segments: WithoutSegment = None,
    without_mailings: WithoutMailing = None,
    newsletter: Annotated[
        str, typer.Option(help="Whose issues; else the newsletter of the first list.", metavar="SLUG")
    ] = "",
    zone: Annotated[str, typer.Option(help="The time zone that is meant, such as Europe/Berlin.")] = "UTC",
    by: Account = "",
    yes: YesToMany = False,
    as_json: AsJson = False,
) -> None:
    """Mail the newest ready issue to these lists and segments again and again.

    Each time the newest issue is mailed that somebody has marked as ready and that these people have not had; who they
    are is asked each time anew. Where no issue is ready, nothing is mailed, and `show` says so.
    """
    wish = audience.wished(lists, segments, without_lists, without_segments, without_mailings)

    async def look(press: Press) -> tuple[str, int]:
        whose = await _newsletter(press, wish, newsletter)
        return whose, (await audience.expected_by(press, whose, wish)).to_mail

    async def story(press: Press) -> tuple[Series, datetime]:
        from mailer import clock
        from mailer.delivery.series.recurring import begin_series
        from mailer.delivery.series.series import Series

        series = Series(
            slug=slug,
            newsletter=whose,
            lists=tuple(wish.lists),
            segments=tuple(wish.segments),
            without_lists=tuple(wish.without_lists),
            without_segments=tuple(wish.without_segments),
            without_mailings=tuple(wish.without_mailings),
            cron=cron,
            zone=zone,
            created=clock.now(),
            asked_by=await known_account(press, by),
        )
        return series, await begin_series(press, series)

    whose, people = with_press(look)
    ask_about_many(f"Mail {people:,} people, as many as there are now, again and again?", people, yes=yes)
    made, first = with_press(story)
    lines = [f"Series {made.slug}: {made.said}.", f"First at {first:%Y-%m-%d %H:%M} UTC."]
    answer(_facts(made) | {"next": first}, lines, as_json=as_json)


@app.command("list")
def list_series(as_json: AsJson = False) -> None:
    """List the series, with when each comes next."""

    async def story(press: Press) -> tuple[list[Series], dict[str, datetime]]:
        return await press.series.all(), await press.series.upcoming()

    found, upcoming = with_press(story)
    rows = ((one.slug, one.said, one.people_said, _when(upcoming.get(one.slug))) for one in found)
    facts = [_facts(one) | {"next": upcoming.get(one.slug)} for one in found]
    answer(facts, table(("series", "when", "to", "next"), rows, empty="There are no series yet."), as_json=as_json)


@app.command()
def show(slug: SeriesArgument, as_json: AsJson = False) -> None:
    """Show a series, and what became of each of its moments."""

    async def story(press: Press) -> tuple[Series, datetime | None, dict[datetime, Occurrence]]:
        series = await press.series.get(slug)
        upcoming = await press.series.upcoming()
        return series, upcoming.get(slug), await press.series.occurrences(slug)

    series, following, past = with_press(story)
    lines = [
        *described([("series", series.slug), ("when", series.said), ("to", series.people_said)]),
        f"next    {_when(following)}",
        *(f"{_when(moment)}: {_told(one)}" for moment, one in past.items()),
    ]
    occurrences = [
        {"moment": moment, "mailing": one.mailing, "issue": one.issue, "why": one.why} for moment, one in past.items()
    ]
    answer(_facts(series) | {"next": following, "occurrences": occurrences}, lines, as_json=as_json)


@app.command()
def stop(slug: SeriesArgument, as_json: AsJson = False) -> None:
    """Let a series make no more mailings; those that it has made stay as they are."""

    async def story(press: Press) -> Series:
        from mailer.delivery.series.recurring import stop_series

        return await stop_series(press, slug)

    stopped = with_press(story)
    answer(_facts(stopped), [f"Series {stopped.slug} makes no more mailings."], as_json=as_json)


@app.command()
def ready(issue: IssueArgument, as_json: AsJson = False) -> None:
    """Mark an issue, as it is now, as ready for a series; whoever changes it takes the mark away."""

    async def story(press: Press) -> int:
        found = await press.issues.get(issue)
        await press.series.mark_ready(found)
        return found.version

    version = with_press(story)
    answer({"issue": issue, "version": version}, [f"Issue {issue} is ready, at version {version}."], as_json=as_json)


@app.command()
def unready(issue: IssueArgument, as_json: AsJson = False) -> None:
    """Take the mark away again."""

    async def story(press: Press) -> None:
        await press.issues.get(issue)
        await press.series.unmark(issue)

    with_press(story)
    answer({"issue": issue}, [f"Issue {issue} is not ready."], as_json=as_json)


async def _newsletter(press: Press, wish: Wish, named: str) -> str:
    """Return whose issues a series mails."""
    if named:
        return (await press.newsletters.get(named)).slug
    if not wish.lists:
        raise ConflictError("Say with --newsletter whose issues are mailed: without a list nothing tells.")
    return (await press.people.lists.find(wish.lists[0])).newsletter


def _facts(series: Series) -> dict[str, object]:
    return {
        "series": series.slug,
        "newsletter": series.newsletter,
        "lists": list(series.lists),
        "segments": list(series.segments),
        "without_lists": list(series.without_lists),
        "without_segments": list(series.without_segments),
        "without_mailings": list(series.without_mailings),
        "cron": series.cron,
        "zone": series.zone,
        "said": series.said,
        "is_stopped": series.is_stopped,
    }


def _told(occurrence: Occurrence) -> str:
    if occurrence.mailing:
        return f"mailing {occurrence.mailing} of {occurrence.issue}"
    return f"nothing was mailed. {occurrence.why}"


def _when(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
