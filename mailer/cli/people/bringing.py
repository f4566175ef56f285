"""`pressrun subscribers import`: people from a file, here or by the workers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, progress
from mailer.cli.opening import with_press
from subscribers.imports.importcounts import OnConflict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mailer.delivery.press import Press
    from subscribers.importing import ImportPlan, ImportReport

_SHOWN_ROWS = 20


def import_people(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="CSV, TSV, XLSX, ODS or NDJSON with headings; a column “email” is needed, or --map."
        ),
    ],
    list_slug: Annotated[str, typer.Option("--list", help="A list's slug.", metavar="LIST")],
    words: Annotated[str, typer.Option(help="What these people agreed to, when and how; kept as their consent.")] = "",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="They have confirmed already: mail them.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of every row.")] = False,
    on_conflict: Annotated[
        OnConflict, typer.Option(help="The records of people who are known: left, blanks filled, or overwritten.")
    ] = OnConflict.SKIP,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="What a column is; nothing after “=” leaves it out."),
    ] = None,
    rejected: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write invalid rows here, to mend and import again.")
    ] = None,
    background: Annotated[
        bool, typer.Option("--background", help="Leave it to the workers; `pressrun imports` shows how far it is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Import people, with a report on every row. Who left or is suppressed stays so. Repeating it is harmless."""
    mapping = dict(_meant(one) for one in columns or ())
    if background and (dry_run or rejected is not None):
        raise typer.BadParameter("--background goes with neither --dry-run nor --rejected: see `pressrun imports`.")
    if rejected is not None and rejected.resolve() == file.resolve():
        raise typer.BadParameter("--rejected would overwrite the file that is imported; name another.")

    async def planned(press: Press) -> ImportPlan:
        from mailer import clock
        from subscribers.consent import Consent
        from subscribers.importing import ImportPlan

        now = clock.now()
        joined = await press.people.lists.find(list_slug)
        consent = Consent(list_id=joined.id, when=now, words=words, where=file.name, by="pressrun subscribers import")
        return ImportPlan(
            file=file.name,
            list_id=joined.id,
            confirmed=confirmed,
            consent=consent,
            on_conflict=on_conflict,
            mapping=mapping,
        )

    if background:
        import_id = with_press(lambda press: _ask(press, file, planned))
        line = f"Import {import_id} waits for a worker. `pressrun imports show {import_id}` says how far it is."
        answer({"id": import_id, "file": file.name}, [line], as_json=as_json)
        return
    with progress(f"Importing {file.name}") as tell:

        async def story(press: Press) -> ImportReport:
            from mailer import clock
            from subscribers.importing import import_file, rehearse_import

            act = rehearse_import if dry_run else import_file
            plan = await planned(press)
            return await act(press.people, file, plan, now=clock.now(), progress=tell, rejected=rejected)

        report = with_press(story)
    lines = _report_lines(report)
    if dry_run:
        lines.insert(1, "This was a rehearsal: nothing was changed.")
    if rejected is not None and report.counts.invalid:
        lines.append(f"The invalid rows are in {rejected}, each with its reason.")
    answer({**_report_facts(report), "dry_run": dry_run}, lines, as_json=as_json)


async def _ask(press: Press, file: Path, planned: Callable[[Press], Awaitable[ImportPlan]]) -> str:
    from mailer import clock
    from subscribers.imports.working import ask_for_import

    return await ask_for_import(press.people, file, await planned(press), clock.now())


def _meant(text: str) -> tuple[str, str]:
    column, equals, field = text.rpartition("=")
    if not equals or not column.strip():
        raise typer.BadParameter(f"--map takes COLUMN=FIELD, such as “Work mail=email”, not “{text}”.")
    return column, field.strip()


def _report_facts(report: ImportReport) -> dict[str, object]:
    return {
        "file": report.file,
        "encoding": report.encoding,
        "total": report.total,
        "added": report.added,
        "already_there": report.already_there,
        "suppressed": report.suppressed,
        "left": report.left,
        "counts": {name: getattr(report.counts, name) for name in report.counts.__struct_fields__},
        "from": report.elsewhere,
        "notes": report.notes,
        "mistyped": _mistyped(report),
        "invalid": [
            {"row": one.row_number, "line": one.line, "address": one.address, "reason": one.reason}
            for one in report.invalid
        ],
    }


def _mistyped(report: ImportReport) -> list[dict[str, object]]:
    from subscribers.quality.addresskind import suggested_domain

    by_count = sorted(report.mistyped.items(), key=lambda one: -one[1])
    return [{"domain": domain, "rows": rows, "suggestion": suggested_domain(domain)} for domain, rows in by_count]


def _looks(report: ImportReport) -> list[str]:
    """Say what is worth a look about the addresses, though they are imported."""
    counts = report.counts
    lines = []
    if counts.role or counts.disposable:
        lines.append(f"Worth a look: {counts.role:,} role addresses, {counts.disposable:,} disposable ones.")
    if found := _mistyped(report):
        some = ", ".join(f"{one['domain']} ({one['rows']}, {one['suggestion']}?)" for one in found[:_SHOWN_ROWS])
        lines.append(f"{counts.mistyped:,} addresses are at domains that look mistyped: {some}.")
    return lines


def _report_lines(report: ImportReport) -> list[str]:
    counts = [("added", report.added), ("already there", report.already_there), ("suppressed", report.suppressed)]
    counts += [("left earlier", report.left), ("invalid", report.counts.invalid)]
    lines = [f"{report.total:,} rows: " + ", ".join(f"{count:,} {what}" for what, count in counts) + "."]
    if report.is_encoding_guessed:
        lines.append(f"The file is not in Unicode; it was read as {report.encoding}. Look at some names.")
    lines += [*report.notes, *_looks(report)]
    lines += [f"{report.file}:{one.line}: {one.reason}" for one in report.invalid[:_SHOWN_ROWS]]
    if report.counts.invalid > _SHOWN_ROWS:
        more = report.counts.invalid - _SHOWN_ROWS
        lines.append(f"… and {more:,} more invalid rows; --rejected FILE writes them all to a file.")
    return lines
