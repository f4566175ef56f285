"""From a file to an issue: our own Markdown, a whole mail in MJML or HTML, a saved web page, or pasted text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath

from mailer.errors import SourceError
from mailer.issues.content import has_front_matter, read_issue, unified
from mailer.issues.issue import Issue
from mailer.issues.pages.htmlpage import issue_from_html
from mailer.issues.pasted import issue_from_text, with_button_address
from mailer.issues.sourcefile import decode_source, read_source_file
from mailer.issues.wording import one_line, slugify

_MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
_PAGE_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_MJML = re.compile(r"\s*(?:<!--.*?-->\s*)*<mjml\b", re.IGNORECASE | re.DOTALL)
_FEED = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<\?[^>]*\?>\s*|<!--.*?-->\s*)*<(?:rss|feed|rdf:RDF)\b", re.IGNORECASE | re.DOTALL
)
_LONGEST_PROLOGUE = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What its editor says of a source beside what stands in it; each fills in what the source leaves open."""

    newsletter: str = ""
    button_url: str = ""
    subject: str = ""
    slug: str = ""
    """Its slug, whatever the title is; empty: made of the title."""
    is_whole: bool = False
    """Whether HTML is a mail in itself, to be mailed as it is, rather than a page to take the words from."""
    newest: int = 10
    """Entries of a feed, at most."""


def is_feed(data: bytes) -> bool:
    """Whether the bytes begin as RSS or Atom do."""
    return _FEED.match(data.removeprefix(b"\xef\xbb\xbf")[:_LONGEST_PROLOGUE]) is not None


def read_issue_file(
    path: Path, *, now: datetime, newsletter: str = "", button_url: str = ""
) -> tuple[Issue, list[str]]:
    """Return the issue in a file, and notes on what was assumed, left out or is missing.

    `newsletter` and `button_url` fill in what the file does not say. Raises SourceError, naming file and line.
    """
    text, notes = read_source_file(path)
    issue, more = issue_from(
        text, place=str(path), now=now, wishes=Wishes(newsletter=newsletter, button_url=button_url)
    )
    return issue, notes + more


def read_issue_data(
    data: bytes, *, place: str, now: datetime, wishes: Wishes, page_url: str = ""
) -> tuple[Issue, list[str]]:
    """Return the issue that bytes hold; `page_url` is where they came from. Raises SourceError."""
    text, notes = decode_source(data, place=place)
    issue, more = issue_from(text, place=place, now=now, wishes=wishes, page_url=page_url)
    return issue, notes + more


def issue_from(text: str, *, place: str, now: datetime, wishes: Wishes, page_url: str = "") -> tuple[Issue, list[str]]:
    """Return the issue that a text holds, told by how it begins and how its file is called.

    A text with a front matter is read as our format, and so is every `.md`; MJML is a whole mail; HTML is one if it is
    wished so, and else a page; anything else is pasted text.
    """
    suffix = PurePosixPath(place).suffix.lower()
    if has_front_matter(text) or suffix in _MARKDOWN_SUFFIXES:
        issue = read_issue(text, place=place, now=now)
        source, notes = with_button_address(issue.source, wishes.button_url)
        issue = replace(issue, newsletter=issue.newsletter or wishes.newsletter, source=source)
        issue = replace(issue, subject=wishes.subject or issue.subject)
    elif _MJML.match(text) or suffix == ".mjml":
        issue, notes = _whole(text, "mjml", place=place, now=now, wishes=wishes), []
    elif _PAGE.match(text) or suffix in _PAGE_SUFFIXES:
        issue, notes = _from_html(text, place=place, now=now, wishes=wishes, page_url=page_url)
    else:
        issue, notes = issue_from_text(
            text, place=place, now=now, newsletter=wishes.newsletter, button_url=wishes.button_url
        )
        issue = replace(issue, subject=wishes.subject or issue.subject)
    return (replace(issue, slug=wishes.slug) if wishes.slug else issue), notes


def _from_html(text: str, *, place: str, now: datetime, wishes: Wishes, page_url: str) -> tuple[Issue, list[str]]:
    if wishes.is_whole:
        return _whole(text, "html", place=place, now=now, wishes=wishes), []
    issue, notes = issue_from_html(text, place=place, now=now, newsletter=wishes.newsletter, page_url=page_url)
    return replace(issue, subject=wishes.subject or issue.subject), notes


def _whole(text: str, format: str, *, place: str, now: datetime, wishes: Wishes) -> Issue:  # noqa: A002 - its name
    """Return a mail that is laid out already; its subject is its title, where nobody says another."""
    title = _said_in(text, "mj-title" if format == "mjml" else "title")
    if not (wishes.subject or title):
        raise SourceError(
            "This mail has no subject.", place=f"{place}:1", fix="Give it one with --subject, or a title of its own."
        )
    return Issue(
        slug=slugify(title or wishes.subject),
        title=title or wishes.subject,
        subject=wishes.subject or title,
        preheader=_said_in(text, "mj-preview") if format == "mjml" else "",
        newsletter=wishes.newsletter,
        format=format,
        source=unified(text).strip(),
        created=now,
        updated=now,
    )


def _said_in(text: str, element: str) -> str:
    found = re.search(rf"<{element}\b[^>]*>([^<]*)</{element}\s*>", text, re.IGNORECASE)
    words = one_line(found[1]) if found else ""
    return "".join(one for one in words if one.isprintable())[:200]
