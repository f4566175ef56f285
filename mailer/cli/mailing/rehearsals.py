"""`pressrun mailings rehearse`: a whole mailing of which nothing leaves this machine, and nothing counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described
from mailer.cli.mailing import audience
from mailer.cli.mailing.audience import ListOption, SegmentOption, WithoutList, WithoutMailing, WithoutSegment
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.rehearsal.wholemailing import RehearsalResult

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_SAID = 20


@app.command()
def rehearse(
    issue: Annotated[str, typer.Argument(metavar="ISSUE", help="The issue's slug.")],
    lists: ListOption = None,
    segments: SegmentOption = None,
    without_lists: WithoutList = None,
    without_segments: WithoutSegment = None,
    without_mailings: WithoutMailing = None,
    latency_ms: Annotated[float, typer.Option(min=0, max=60_000, help="How late the mail server answers.")] = 0,
    fault_rate: Annotated[float, typer.Option(min=0, max=1, help="The share of people at whom it fails.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Run a whole mailing against a mail server on this machine that keeps nothing.

    Says how fast it went, what failed, and for whom a personal field has nothing. Nothing counts: ledger, reports and
    suppressions of the rehearsal are in a Redis of its own, which ends with it.
    """
    wish = audience.wished(lists, segments, without_lists, without_segments, without_mailings)

    async def story(press: Press) -> RehearsalResult:
        from mailer.rehearsal.wholemailing import rehearse as act

        return await act(press, issue, wish, latency_seconds=latency_ms / 1000, fault_rate=fault_rate)

    found = with_press(story)
    answer(found.facts(), _lines(found), as_json=as_json)


def _lines(found: RehearsalResult) -> list[str]:
    counts = found.counts
    lines = [
        *described(
            [
                ("audience", counts.audience),
                ("accepted", counts.accepted),
                ("refused", counts.refused),
                ("excluded", counts.excluded),
                ("uncertain", counts.uncertain),
                ("balances", counts.balanced),
                ("took", f"{found.seconds:.1f} seconds"),
                ("rate", f"{found.rate_per_second:,.0f} people a second, by one process"),
                ("second copies", found.extra_copies),
                ("broken fields", f"{found.broken_people:,} people" if found.broken_people else "nobody has one"),
            ]
        )
    ]
    lines += [f"{count:,} × {sentence}" for sentence, count in list(found.errors.items())[:_SAID]]
    lines += [f"{one.address}: {one.field}. {one.what}" for one in found.broken[:_SAID]]
    return lines
