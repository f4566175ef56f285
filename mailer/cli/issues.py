"""`pressrun issues`: the content, from a file to a test in your own mailbox."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, remark, table
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.issues.issue import Issue
    from mailer.rendering.preflight import Finding
    from subscribers.subscriber import Subscriber

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Issues: the content, from a file to a test.",
)

IssueArgument = Annotated[str, typer.Argument(metavar="ISSUE", help="Its slug.")]


@app.command("list")
def list_issues(as_json: AsJson = False) -> None:
    """List the issues, the newest first."""
    issues = with_press(lambda press: press.issues.all())
    rows = ((one.slug, one.subject, one.newsletter, one.updated) for one in issues)
    lines = table(("issue", "subject", "newsletter", "updated"), rows, empty="There are no issues yet.")
    answer([_facts(one) for one in issues], lines, as_json=as_json)


@app.command("import")
def import_issue(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Markdown with a front matter, or pasted text.")],
    newsletter: Annotated[str, typer.Option(help="The newsletter's slug, where the file does not say it.")] = "",
    button_url: Annotated[str, typer.Option(help="The address of a button that has none in the text.")] = "",
    slug: Annotated[str, typer.Option(help="Its slug; else made of the title.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an issue of a file. Importing it again brings the issue up to date."""

    async def story(press: Press) -> tuple[Issue, list[str]]:
        from mailer import clock
        from mailer.issues.importing import read_issue_file

        issue, notes = read_issue_file(file, now=clock.now(), newsletter=newsletter, button_url=button_url)
        if slug:
            issue = replace(issue, slug=slug)
        known = await press.newsletters.all()
        if issue.newsletter:
            await press.newsletters.get(issue.newsletter)
        elif len(known) == 1:
            issue = replace(issue, newsletter=known[0].slug)
        else:
            notes.append("It belongs to no newsletter yet; name one with --newsletter.")
        earlier = await press.issues.find(issue.slug)
        if earlier is not None:
            issue = replace(issue, created=earlier.created, version=earlier.version)
        return await press.issues.put(issue), notes

    issue, notes = with_press(story)
    for note in notes:
        remark(note)
    answer({**_facts(issue), "notes": notes}, [f"Issue {issue.slug}: {issue.subject}"], as_json=as_json)


@app.command()
def show(slug: IssueArgument, as_json: AsJson = False) -> None:
    """Show an issue in its source format, which `issues import` reads again."""
    from mailer.issues.content import write_issue

    issue = with_press(lambda press: press.issues.get(slug))
    answer({**_facts(issue), "source": issue.source}, [write_issue(issue)], as_json=as_json)


@app.command()
def check(slug: IssueArgument, as_json: AsJson = False) -> None:
    """Check an issue as it is checked before sending. Exit status 1 if it could not be mailed as it is."""

    async def story(press: Press) -> list[Finding]:
        from mailer.delivery.controlling import compile_issue
        from mailer.rendering.preflight import check as preflight

        issue, newsletter, edition = await compile_issue(press, slug)
        return preflight(issue, newsletter, edition, press.settings.public_url)

    findings = with_press(story)
    is_blocked = any(one.level == "block" for one in findings)
    rows = ((one.level, one.rule, one.place, f"{one.message} {one.fix}") for one in findings)
    facts = {"issue": slug, "can_be_mailed": not is_blocked, "findings": [_finding(one) for one in findings]}
    answer(facts, table(("level", "rule", "place", "what"), rows, empty="Nothing to complain of."), as_json=as_json)
    raise typer.Exit(1 if is_blocked else 0)


@app.command()
def render(
    slug: IssueArgument,
    out: Annotated[Path, typer.Option(help="The folder to write to; made if there is none.", metavar="DIR")],
    as_email: Annotated[str, typer.Option("--as", help="As this subscriber gets it.", metavar="ADDRESS")] = "",
    as_json: AsJson = False,
) -> None:
    """Write an issue as it would be mailed: message.eml, message.html and message.txt."""

    async def story(press: Press) -> dict[str, bytes]:
        return await _rendered(press, slug, as_email)

    files = with_press(story)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out / name).write_bytes(content)
    paths = [str(out / name) for name in files]
    answer({"issue": slug, "files": paths}, paths, as_json=as_json)


@app.command("test")
def try_out(
    slug: IssueArgument,
    to: Annotated[str, typer.Argument(metavar="ADDRESS", help="It need not be a subscriber's.")],
    as_json: AsJson = False,
) -> None:
    """Mail an issue to one address, marked [TEST]. Counted nowhere."""

    async def story(press: Press) -> tuple[str, str]:
        from mailer import clock
        from mailer.delivery.trying import send_test

        outcome = await send_test(press, slug, to, now=clock.now())
        return outcome.kind.value, outcome.sentence

    kind, sentence = with_press(story)
    answer({"issue": slug, "to": to, "outcome": kind, "sentence": sentence}, [f"{to}: {sentence}"], as_json=as_json)
    raise typer.Exit(0 if kind == "accepted" else 1)


async def _rendered(press: Press, slug: str, as_email: str) -> dict[str, bytes]:
    from mailer import clock
    from mailer.delivery.controlling import compile_issue
    from mailer.rendering.message import Assembler, MailingFacts

    _, newsletter, edition = await compile_issue(press, slug)
    reader = await _reader(press, as_email)
    facts = MailingFacts(mailing_id=0, list_id=0, list_slug="preview")
    assembler = Assembler(edition, newsletter, facts, press.tokens, press.settings.public_url)
    return {
        "message.eml": assembler.hand_over(reader, clock.now()).message,
        "message.html": assembler.view(reader).encode(),
        "message.txt": assembler.text(reader).encode(),
    }


async def _reader(press: Press, email: str) -> Subscriber:
    from mailer import clock
    from mailer.errors import NotFoundError
    from subscribers.address import parse_address
    from subscribers.cohort import SubscriberId
    from subscribers.subscriber import Subscriber

    if not email:
        return Subscriber(id=SubscriberId(0), address=parse_address("reader@example.com"), joined=clock.now())
    found = await press.people.subscribers.find(parse_address(email))
    if found is None:
        raise NotFoundError(f"Nobody with the address {email} is known. Leave --as out for a reader without a name.")
    return found


def _facts(issue: Issue) -> dict[str, object]:
    facts = asdict(issue)
    del facts["source"]
    return facts


def _finding(finding: Finding) -> dict[str, str]:
    return {key: str(getattr(finding, key)) for key in ("level", "rule", "place", "message", "fix")}
