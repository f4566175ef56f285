"""`pressrun issues`: the content, from a file to a test in your own mailbox."""

from __future__ import annotations

from dataclasses import asdict
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
    source: Annotated[
        str,
        typer.Argument(metavar="FILE|URL", help="Markdown, MJML, a web page, a feed (RSS, Atom), or pasted text."),
    ],
    newsletter: Annotated[str, typer.Option(help="The newsletter's slug, where the source does not say it.")] = "",
    button_url: Annotated[str, typer.Option(help="The address of a button that has none in the text.")] = "",
    subject: Annotated[str, typer.Option(help="The subject, instead of the source's own.")] = "",
    slug: Annotated[str, typer.Option(help="Its slug; else made of the title.")] = "",
    newest: Annotated[int, typer.Option(help="Entries to take of a feed, at most.", min=1, max=100)] = 10,
    whole: Annotated[bool, typer.Option("--whole", help="Mail an HTML file as it is, without a theme.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make an issue of a file or of an address on the web. Importing it again brings the issue up to date.

    A feed gives a digest of its newest entries, only of those that were in no issue yet; exit status 1 if none is new.
    """
    from mailer import clock
    from mailer.delivery.filing import take_in
    from mailer.issues.importing import Wishes

    wishes = Wishes(
        newsletter=newsletter, button_url=button_url, subject=subject, slug=slug, is_whole=whole, newest=newest
    )
    issue, notes = with_press(lambda press: take_in(press, source, wishes, now=clock.now()))
    for note in notes:
        remark(note)
    if issue is None:
        answer({"issue": None, "notes": notes}, [], as_json=as_json)
        raise typer.Exit(1)
    answer({**_facts(issue), "notes": notes}, [f"Issue {issue.slug}: {issue.subject}"], as_json=as_json)


@app.command()
def show(slug: IssueArgument, as_json: AsJson = False) -> None:
    """Show an issue in its source format, which `issues import` reads again."""
    from mailer.issues.content import write_issue

    issue = with_press(lambda press: press.issues.get(slug))
    answer({**_facts(issue), "source": issue.source}, [write_issue(issue)], as_json=as_json)


@app.command()
def check(
    slug: IssueArgument,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask nobody: neither the pages linked to, nor a spam filter.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check an issue as it is checked before sending, and where its links lead.

    Exit status 1 if it could not be mailed as it is.
    """

    async def story(press: Press) -> list[Finding]:
        from mailer import clock
        from mailer.delivery.checking import check_issue

        return await check_issue(press, slug, now=clock.now(), is_online=not offline)

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


@app.command()
def preview(
    slug: IssueArgument,
    as_email: Annotated[str, typer.Option("--as", help="As this subscriber gets it.", metavar="ADDRESS")] = "",
    sample: Annotated[
        str,
        typer.Option("--sample", help="As a made-up person gets it: usual, no-name, long-name, …; “all”: a page each."),
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; else the home folder's `previews`.", metavar="DIR")
    ] = None,
    is_opened: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a page that shows an issue in light and dark, wide and narrow, without images, as text, and its size."""

    async def story(press: Press) -> dict[str, str]:
        from mailer.delivery.controlling import compile_issue
        from mailer.rendering.previewing import preview as look_at
        from mailer.rendering.previewing import preview_sheet

        _, newsletter, edition = await compile_issue(press, slug)
        readers = await _readers(press, as_email, sample)
        return {
            f"{slug}{suffix}.html": preview_sheet(
                look_at(edition, newsletter, press.tokens, press.settings.public_url, reader)
            )
            for suffix, reader in readers.items()
        }

    pages = with_press(story)
    folder = out or _previews_folder()
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in pages]
    for path, page in zip(paths, pages.values(), strict=True):
        path.write_text(page, encoding="utf-8")
    answer({"issue": slug, "files": [str(path) for path in paths]}, map(str, paths), as_json=as_json)
    if is_opened:
        typer.launch(str(paths[0].absolute()))


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


async def _readers(press: Press, as_email: str, sample: str) -> dict[str, Subscriber]:
    """Return whom to show it as, by what is added to the file's name."""
    from mailer.errors import NotFoundError
    from mailer.issues.suggestion import did_you_mean
    from mailer.rendering.samples import sample_people

    if as_email:
        return {"": await _reader(press, as_email)}
    people = {name.replace(" ", "-"): person for name, person in sample_people().items()}
    if sample == "all":
        return {f"-{name}": person for name, person in people.items()}
    if sample and sample not in people:
        hint = did_you_mean(sample, people) or f"There are {', '.join(people)}, and all."
        raise NotFoundError(f"There is no sample person “{sample}”. {hint}")
    return {"": people[sample or "usual"]}


def _previews_folder() -> Path:
    from mailer.settings import load_settings

    return load_settings().home / "previews"


def _facts(issue: Issue) -> dict[str, object]:
    facts = asdict(issue)
    del facts["source"]
    return facts


def _finding(finding: Finding) -> dict[str, str]:
    return {key: str(getattr(finding, key)) for key in ("level", "rule", "place", "message", "fix")}
