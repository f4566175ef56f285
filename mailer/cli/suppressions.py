"""`pressrun suppressions`: addresses and domains that are not mailed."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, table
from mailer.cli.opening import with_press
from mailer.errors import NotFoundError

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from subscribers.suppressing import SuppressionReport
    from subscribers.suppression import RemovedSuppression, Suppression

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Suppressions: addresses and domains that are not mailed.",
)

SubjectArgument = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="An address, or @example.com for everybody at a domain and below it.")
]
NewsletterOption = Annotated[str, typer.Option(help="Only for this newsletter; else for all.", metavar="NEWSLETTER")]


class AddedReason(StrEnum):
    """Why an operator suppresses an address."""

    MANUAL = "manual"
    LEGAL = "legal"
    COMPLAINT = "complaint"
    HARD_BOUNCE = "hard-bounce"


@app.command("list")
def list_suppressions(newsletter: NewsletterOption = "", as_json: AsJson = False) -> None:
    """List every suppressed address and domain: why, since when, until when, on what evidence."""

    async def story(press: Press) -> list[Suppression]:
        return [one async for one in press.people.suppressions.all() if newsletter in ("", one.newsletter)]

    found = sorted(with_press(story), key=lambda one: one.since)
    rows = (
        (one.subject or "(erased)", one.reason, one.newsletter, one.since, one.until or "", one.evidence)
        for one in found
    )
    headings = ("address", "reason", "newsletter", "since", "until", "evidence")
    answer([_facts(one) for one in found], table(headings, rows, empty="Nobody is suppressed."), as_json=as_json)


@app.command()
def show(subject: SubjectArgument, as_json: AsJson = False) -> None:
    """Show every suppression that an address is under, its domain's too, and those that were taken away."""

    async def story(press: Press) -> tuple[list[Suppression], list[RemovedSuppression]]:
        from subscribers.address import parse_address, parse_domain

        store = press.people.suppressions
        if subject.startswith("@"):
            domain = parse_domain(subject)
            standing = [one async for one in store.all() if one.domain == domain]
            return standing, await store.records.traces_of(store.records.domain_digest(domain))
        address = parse_address(subject)
        return await store.all_of(address), await store.removed(address)

    standing, removed = with_press(story)
    facts = {"suppressions": [_facts(one) for one in standing], "removed": [_trace(one) for one in removed]}
    lines = [_sentence(one) for one in standing] or [f"{subject} is not suppressed."]
    lines += [
        f"Taken away on {one.when:%Y-%m-%d %H:%M} UTC: {one.was.reason}, since {one.was.since:%Y-%m-%d}. {one.why}"
        for one in removed
    ]
    answer(facts, lines, as_json=as_json)


@app.command()
def add(
    subject: SubjectArgument,
    why: Annotated[str, typer.Option(help="Kept as the evidence.")] = "",
    reason: Annotated[AddedReason, typer.Option(help="Why.")] = AddedReason.MANUAL,
    legal: Annotated[bool, typer.Option("--legal", help="The same as --reason legal.")] = False,
    newsletter: NewsletterOption = "",
    until: Annotated[
        datetime | None, typer.Option(help="Mail the address again from then on (UTC); only for manual.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do not mail this address, or anybody at this domain, again. Once suppressed, the first reason stays."""

    async def story(press: Press) -> tuple[bool, int | None]:
        from mailer import clock
        from subscribers.address import parse_address, parse_domain
        from subscribers.suppressing import suppress_domain
        from subscribers.suppression import Reason

        if newsletter:
            await press.newsletters.get(newsletter)
        chosen, now = Reason.LEGAL if legal else Reason(reason.value), clock.now()
        if subject.startswith("@"):
            if until is not None:
                raise typer.BadParameter("A domain is suppressed without an end; leave --until away.")
            return await suppress_domain(
                press.people, parse_domain(subject), chosen, evidence=why, now=now, newsletter=newsletter
            )
        is_new = await press.people.suppressions.suppress(
            parse_address(subject), chosen, evidence=why, now=now, newsletter=newsletter, until=_utc(until)
        )
        return is_new, None

    is_new, concerned = with_press(story)
    facts = {"address": subject, "suppressed": True, "is_new": is_new, "people": concerned}
    scope = f" by {newsletter}" if newsletter else ""
    end = f"until {until:%Y-%m-%d %H:%M} UTC" if until else "from now on"
    lines = [f"{subject} is not mailed{scope} {end}."]
    if not is_new:
        lines = [f"{subject} was suppressed already; `pressrun suppressions show {subject}` says why."]
    if concerned is not None:
        lines.append(f"That concerns {concerned:,} people here, and whoever joins with such an address later.")
    answer(facts, lines, as_json=as_json)


@app.command()
def remove(
    subject: SubjectArgument,
    why: Annotated[str, typer.Option(help="Why it may be mailed again; kept.")],
    newsletter: NewsletterOption = "",
    as_json: AsJson = False,
) -> None:
    """Let this address or domain be mailed again. The trace of it, with the reason you give, is kept."""

    async def story(press: Press) -> None:
        from mailer import clock
        from subscribers.address import parse_address, parse_domain
        from subscribers.suppressing import release_domain

        if subject.startswith("@"):
            was_there = await release_domain(press.people, parse_domain(subject), why, clock.now(), newsletter)
        else:
            was_there = await press.people.suppressions.remove(parse_address(subject), why, clock.now(), newsletter)
        if not was_there:
            raise NotFoundError(f"{subject} is not suppressed{f' for {newsletter}' if newsletter else ''} itself.")

    with_press(story)
    answer({"address": subject, "suppressed": False}, [f"{subject} may be mailed again."], as_json=as_json)


@app.command("import")
def import_addresses(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A table with a column “email”; “reason”, “newsletter”, “until”, “evidence” may say more.",
        ),
    ],
    why: Annotated[str, typer.Option(help="Kept as the evidence; else what the file says, or its name.")] = "",
    newsletter: NewsletterOption = "",
    as_json: AsJson = False,
) -> None:
    """Do not mail any address, or @domain, of a file again. Repeating it is harmless; the first reason stays."""

    async def story(press: Press) -> SuppressionReport:
        from mailer import clock
        from subscribers.suppressing import import_suppressions

        if newsletter:
            await press.newsletters.get(newsletter)
        return await import_suppressions(
            press.people, file, now=clock.now(), evidence=why, name=file.name, newsletter=newsletter
        )

    report = with_press(story)
    facts = {
        "new": report.new,
        "already_there": report.already_there,
        "erased": report.erased,
        "invalid": [
            {"row": one.row_number, "line": one.line, "address": one.address, "reason": one.reason}
            for one in report.invalid
        ],
    }
    lines = [f"{report.new:,} suppressed, {report.already_there:,} already there, {len(report.invalid):,} invalid."]
    if report.erased:
        lines.append(f"{report.erased:,} rows of erased people were passed over; `pressrun backup` carries those.")
    lines += [f"{file.name}:{one.line}: {one.reason}" for one in report.invalid]
    answer(facts, lines, as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write them, as CSV.")],
    as_json: AsJson = False,
) -> None:
    """Write every suppressed address to a file that `pressrun suppressions import` reads; of the erased only a row."""

    async def story(press: Press) -> int:
        from subscribers.suppressing import export_suppressions

        written = -1  # the headings are no address
        with file.open("w", encoding="utf-8", newline="") as stream:
            async for line in export_suppressions(press.people):
                stream.write(line)
                written += 1
        return written

    written = with_press(story)
    answer({"file": file, "suppressions": written}, [f"{written:,} suppressions written to {file}."], as_json=as_json)


def _facts(one: Suppression) -> dict[str, object]:
    from subscribers.exporting import suppression_facts

    return suppression_facts(one)


def _sentence(one: Suppression) -> str:
    end = f", until {one.until:%Y-%m-%d %H:%M} UTC" if one.until else ""
    since = f"since {one.since:%Y-%m-%d %H:%M} UTC{end}"
    what = f"{one.subject or 'The address'} is suppressed for {one.newsletter or 'all newsletters'}"
    return f"{what}: {one.reason}, {since}. {one.evidence}".rstrip()


def _trace(one: RemovedSuppression) -> dict[str, object]:
    return {**_facts(one.was), "removed": one.when.isoformat(), "why": one.why}


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
