"""From an issue as its editor knows it to its content, with marks where the personal fields were."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.errors import RenderError
from mailer.issues.assets.asset import with_addresses
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.document import Document
from mailer.rendering.holes import CONFIRM, PREFERENCES, UNSUBSCRIBE, VIEW, Holes
from mailer.rendering.markdown import read_markdown
from mailer.rendering.marking import marked, usable
from mailer.rendering.markup.whole import read_whole
from mailer.rendering.words import written_date

LONGEST_SOURCE = 256 * 1024
"""Characters of an issue's source: over twice what a mail may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an issue says, marked."""

    title: str
    subject: str
    preheader: str
    source: str
    document: Document
    unsubscribe_url: str
    view_url: str
    holes: Holes


def read_content(issue: Issue, newsletter: Newsletter, *, public_url: str) -> Content:
    """Read an issue. Raises SourceError for a field that does not exist, RenderError for a source beyond all bounds."""
    place = f"issue {issue.slug}"
    if len(issue.source) > LONGEST_SOURCE:
        raise RenderError(
            f"The source has {len(issue.source):,} characters, and {LONGEST_SOURCE:,} is the most.",
            place=place,
            fix="Shorten it, or send it as two issues.",
        )
    same_for_all = _same_for_all(issue, newsletter)
    holes = Holes(
        map(usable, (issue.subject, issue.preheader, issue.source, public_url, *newsletter.look.values())),
        same_for_all=same_for_all,
    )
    urls = {
        "unsubscribe_url": f"{public_url}/u/{holes.mark(UNSUBSCRIBE)}",
        "view_url": f"{public_url}/v/{holes.mark(VIEW)}",
        "preferences_url": f"{public_url}/p/{holes.mark(PREFERENCES)}",
        "confirm_url": f"{public_url}/confirm/{holes.mark(CONFIRM)}",
    }
    source = marked(with_addresses(issue.source, public_url), holes, urls, place=place)
    return Content(
        title=usable(issue.title),
        subject=marked(issue.subject, holes, urls, place=f"{place}, subject"),
        preheader=marked(issue.preheader, holes, urls, place=f"{place}, preheader"),
        source=source,
        document=read_whole(source, format=issue.format, place=place)
        if is_whole(issue)
        else read_markdown(source, holes, place=place),
        holes=holes,
        unsubscribe_url=urls["unsubscribe_url"],
        view_url=urls["view_url"],
    )


def is_whole(issue: Issue) -> bool:
    """Whether an issue is a whole mail in itself, with no theme around it."""
    return issue.format not in ("", "markdown")


def _same_for_all(issue: Issue, newsletter: Newsletter) -> dict[str, str]:
    written = issue.created.date()
    fields = {
        "newsletter.name": newsletter.name,
        "newsletter.sender_name": newsletter.sender_name,
        "newsletter.postal_address": ", ".join(newsletter.postal_address.split("\n")),
        "issue.title": issue.title,
        "issue.slug": issue.slug,
        "issue.date": written_date(written, issue.language or newsletter.language),
        "issue.year": str(written.year),
    }
    return {name: usable(value) for name, value in fields.items()}
