"""From an issue as its editor knows it to its content, with marks where the personal fields were.

Fields become marks before Markdown is read, because Markdown would take a `{{ … }}` within an address apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.errors import RenderError
from mailer.issues.fields import find_fields
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.document import Document
from mailer.rendering.holes import UNSUBSCRIBE, VIEW, Holes
from mailer.rendering.markdown import read_markdown

LONGEST_SOURCE = 256 * 1024
"""Characters of an issue's source: over twice what a mail may have."""

# XML has no place for these (mrml and libxml2 refuse them), and nobody sees them: controls, lone surrogates,
# non-characters.
_UNUSABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an issue says, marked."""

    title: str
    subject: str
    preheader: str
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
    holes = Holes(
        (issue.subject, issue.preheader, issue.title, issue.source, newsletter.postal_address, public_url),
        same_for_all={"newsletter.name": usable(newsletter.name), "issue.title": usable(issue.title)},
    )
    urls = {
        "unsubscribe_url": f"{public_url}/u/{holes.mark(UNSUBSCRIBE)}",
        "view_url": f"{public_url}/v/{holes.mark(VIEW)}",
    }
    return Content(
        title=usable(issue.title),
        subject=_marked(issue.subject, holes, urls, place=f"{place}, subject"),
        preheader=_marked(issue.preheader, holes, urls, place=f"{place}, preheader"),
        document=read_markdown(_marked(issue.source, holes, urls, place=place)),
        holes=holes,
        **urls,
    )


def usable(text: str) -> str:
    """Return the text with LF line ends and without the characters that no mail can show."""
    return _UNUSABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _marked(text: str, holes: Holes, urls: dict[str, str], *, place: str) -> str:
    text = usable(text)
    out: list[str] = []
    end = 0
    for use in find_fields(text, place=place):
        out += (text[end : use.start], urls.get(use.name) or holes.mark(use.name, usable(use.default or "")))
        end = use.end
    return "".join((*out, text[end:]))
