"""From a file to an issue: our own Markdown, or the text of a published newsletter that somebody pasted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mailer.errors import SourceError
from mailer.issues.content import has_front_matter, read_issue
from mailer.issues.issue import Issue
from mailer.issues.pasted import issue_from_text, with_button_address
from mailer.issues.sourcefile import read_source_file

_MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
_HTML_BEGINNINGS = ("<!doctype", "<html", "<mjml", "<head", "<body", "<?xml")


def read_issue_file(
    path: Path, *, now: datetime, newsletter: str = "", button_url: str = ""
) -> tuple[Issue, list[str]]:
    """Return the issue in a file, and notes on what was assumed, left out or is missing.

    A file with a front matter is read as our format, and so is every `.md`; anything else is pasted text. `newsletter`
    and `button_url` fill in what the file does not say. Raises SourceError, naming file and line.
    """
    place = str(path)
    text, notes = read_source_file(path)
    if text.lstrip()[:20].lower().startswith(_HTML_BEGINNINGS):
        raise SourceError(
            "This is HTML or MJML, not text.",
            place=f"{place}:1",
            fix="Copy the text as the browser shows it, or write the issue in Markdown.",
        )
    if has_front_matter(text) or path.suffix.lower() in _MARKDOWN_SUFFIXES:
        issue = read_issue(text, place=place, now=now)
        source, more = with_button_address(issue.source, button_url)
        return replace(issue, newsletter=issue.newsletter or newsletter, source=source), notes + more
    issue, more = issue_from_text(text, place=place, now=now, newsletter=newsletter, button_url=button_url)
    return issue, notes + more
