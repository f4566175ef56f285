"""`pressrun segments`: rules that say who is in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, described, table
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from subscribers.segmenting import Explanation
    from subscribers.segments.segment import Segment
    from subscribers.subscriber import Subscriber

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help='Segments: rules that say who is in them, such as \'in_list("weekly") and lang == "zh"\'.',
)

RuleArgument = Annotated[str, typer.Argument(metavar="RULE", help="A rule; docs/segments.md has the words.")]


@app.command()
def count(rule: RuleArgument, as_json: AsJson = False) -> None:
    """Count the people in a rule."""

    async def story(press: Press) -> int:
        from mailer import clock
        from subscribers.segmenting import count_segment

        return await count_segment(press.people, rule, clock.now())

    found = with_press(story)
    answer({"count": found}, [f"{found:,}"], as_json=as_json)


@app.command("list")
def list_people(
    rule: RuleArgument,
    limit: Annotated[int, typer.Option(min=1, help="Show no more than this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the people in a rule."""

    async def story(press: Press) -> list[Subscriber]:
        from mailer import clock
        from subscribers.segmenting import segment_cohort

        cohort = await segment_cohort(press.people, rule, clock.now())
        people = await press.people.subscribers.read(list(cohort.slice(0, limit)))
        return [people[number] for number in sorted(people)]

    found = with_press(story)
    rows = ((str(one.id), one.address, one.name, one.language) for one in found)
    facts = [{"id": one.id, "address": one.address, "name": one.name, "language": one.language} for one in found]
    answer(facts, table(("id", "address", "name", "language"), rows, empty="Nobody."), as_json=as_json)


@app.command()
def explain(rule: RuleArgument, as_json: AsJson = False) -> None:
    """Say what a rule comes to: its sets with their sizes, and how many records must be read."""

    async def story(press: Press) -> Explanation:
        from mailer import clock
        from subscribers.segmenting import explain_segment

        return await explain_segment(press.people, rule, clock.now())

    told = with_press(story)
    facts = {
        "rule": told.expression,
        "count": told.count,
        "sets": dict(told.sets),
        "records_read": told.records_read,
        "conditions": told.conditions,
    }
    pairs = [("rule", told.expression), ("people", told.count), *told.sets]
    pairs += [("records read", told.records_read), *(("read for", one) for one in told.conditions)]
    answer(facts, described(pairs), as_json=as_json)


@app.command()
def save(
    slug: Annotated[str, typer.Argument(metavar="SEGMENT", help='Its name in rules: in_segment("…").')],
    rule: RuleArgument,
    name: Annotated[str, typer.Option(help="Its name, as people read it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Save a rule as a segment, in the place of one of this name."""

    async def story(press: Press) -> Segment:
        from mailer import clock
        from subscribers.segmenting import save_segment

        return await save_segment(press.people, slug, rule, clock.now(), name=name)

    saved = with_press(story)
    answer({"slug": saved.slug, "rule": saved.expression}, [f"{saved.slug}: {saved.expression}"], as_json=as_json)


@app.command()
def saved(as_json: AsJson = False) -> None:
    """List the saved segments."""

    async def story(press: Press) -> list[Segment]:
        return await press.people.segments.all()

    found = with_press(story)
    facts = [{"slug": one.slug, "name": one.name, "rule": one.expression} for one in found]
    rows = ((one.slug, one.name, one.expression) for one in found)
    answer(facts, table(("segment", "name", "rule"), rows, empty="There are no saved segments."), as_json=as_json)


@app.command()
def export(
    rule: RuleArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Ends with .ndjson for objects, else CSV.")],
    as_json: AsJson = False,
) -> None:
    """Write the people in a rule to a file, with lists and fields."""

    async def story(press: Press) -> int:
        from mailer import clock
        from subscribers.exporting import export_csv, export_ndjson
        from subscribers.segmenting import segment_cohort

        cohort = await segment_cohort(press.people, rule, clock.now())
        lines = export_ndjson if file.suffix in (".ndjson", ".jsonl") else export_csv
        with file.open("w", encoding="utf-8", newline="") as stream:
            async for line in lines(press.people, cohort):
                stream.write(line)
        return cohort.count()

    written = with_press(story)
    answer({"file": file, "people": written}, [f"{written:,} people written to {file}."], as_json=as_json)
