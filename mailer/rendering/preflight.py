"""What is wrong with an issue before anybody gets it.

A blocking finding keeps the issue from being mailed; a warning is for the editor to weigh. Only what the author and the
newsletter bring is judged, never the theme's own scaffolding.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from markupsafe import escape

from mailer.errors import SourceError
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.checks import clients, contrast
from mailer.rendering.checks.contrast import look_flaws
from mailer.rendering.compiling import compile_edition
from mailer.rendering.document import RawMjml, WrittenLink
from mailer.rendering.edition import Body, Edition
from mailer.rendering.holes import UNSUBSCRIBE
from mailer.rendering.linkcheck import Flaw, image_flaws, link_flaws
from mailer.rendering.quoted import decode
from mailer.rendering.reading import Content, is_whole, read_content
from mailer.rendering.text import width_of
from mailer.rendering.theming.shelf import Shelf, shipped

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

LARGEST_HTML_BYTES = 102_400
"""Gmail clips what is longer, and with it the unsubscribe link."""
_LARGE_HTML_BYTES = 80 * 1024
_SHORT_SUBJECT, _LONG_SUBJECT = 10, 78

_LEFT_OVER = re.compile(r"\b(?:TODO|FIXME|TBD|XXX)\b|(?i:\blorem ipsum\b)")
_ALL_IN_SPANISH = re.compile(r"\bTODO\b")
_FALSE_THREAD = re.compile(r"\s*(?:re|fwd?|aw|wg)\s*:", re.IGNORECASE)
_FREEMAIL = frozenset(
    {"aol.com", "gmail.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "icloud.com", "live.com", "me.com"}
    | {"mail.ru", "msn.com", "outlook.com", "proton.me", "protonmail.com", "qq.com", "163.com", "126.com", "web.de"}
    | {"yahoo.com", "yahoo.co.jp", "yandex.ru"}
)


class Level(StrEnum):
    """How grave a finding is."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, where, and what to do about it."""

    level: Level
    rule: str
    place: str
    message: str
    fix: str


def check(
    issue: Issue, newsletter: Newsletter, edition: Edition | None, public_url: str, shelf: Shelf | None = None
) -> list[Finding]:
    """Return the findings, blocking ones first. Without an edition the issue is compiled to look at it."""
    findings = [*_sender(newsletter), *_public_url(public_url), *_subject(issue)]
    try:
        content = read_content(issue, newsletter, public_url=public_url)
        edition = edition or compile_edition(issue, newsletter, public_url=public_url, shelf=shelf)
    except SourceError as error:
        findings.append(Finding(Level.BLOCK, "compile", error.place, error.reason, error.fix))
    else:
        findings += [*_words(issue, content), *_links(issue, content, public_url), *_edition(edition, newsletter)]
        findings += [*_look(issue, newsletter, shelf or shipped()), *_markup(issue, content)]
    return sorted(findings, key=lambda finding: finding.level is not Level.BLOCK)


def _sender(newsletter: Newsletter) -> Iterator[Finding]:
    place = f"newsletter {newsletter.slug}"
    if not newsletter.postal_address.strip():
        yield Finding(
            Level.BLOCK,
            "postal-address",
            place,
            "The newsletter has no postal address, and the law of many countries asks for one in every mail.",
            "Give the newsletter its postal address.",
        )
    domain = newsletter.sender_domain.lower()
    if domain in _FREEMAIL:
        yield Finding(
            Level.WARN,
            "freemail-sender",
            place,
            f"The sender's domain {domain} belongs to a mailbox provider; bulk mail from it fails DMARC.",
            "Send from a domain of your own.",
        )


def _public_url(public_url: str) -> Iterator[Finding]:
    # RFC 8058 §3.1 wants https in List-Unsubscribe; a demo on loopback has nobody to protect.
    parts = urlsplit(public_url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        yield Finding(
            Level.BLOCK,
            "public-url",
            "setting public_url",
            f"{public_url} is not https, so mailbox providers do not offer one-click unsubscribing.",
            "Set public_url to the https:// address under which readers reach these pages.",
        )


def _subject(issue: Issue) -> Iterator[Finding]:
    place = f"issue {issue.slug}"
    if not issue.subject.strip():
        yield Finding(Level.BLOCK, "subject", place, "The issue has no subject.", "Write one.")
    elif not _SHORT_SUBJECT <= width_of(issue.subject) <= _LONG_SUBJECT:
        yield Finding(
            Level.WARN,
            "subject-length",
            place,
            f"The subject has {len(issue.subject)} characters; {_SHORT_SUBJECT} to {_LONG_SUBJECT} are shown well.",
            "Put what matters into the first words.",
        )
    if _FALSE_THREAD.match(issue.subject):
        yield Finding(
            Level.WARN,
            "subject-thread",
            place,
            "The subject looks like an answer or a forwarded mail.",
            "Leave the “Re:” out; providers take it as deception.",
        )
    if not issue.preheader.strip():
        yield Finding(
            Level.WARN,
            "preheader",
            place,
            "There is no preheader, so inboxes show the first words of the mail beside the subject.",
            "Write 40 to 110 characters that go on where the subject ends.",
        )


def _words(issue: Issue, content: Content) -> Iterator[Finding]:
    if not any(str(getattr(block, "text", "")).strip() for block in content.document.blocks()):
        yield Finding(
            Level.BLOCK, "empty-text", f"issue {issue.slug}", "The text part would be empty.", "Write some text."
        )
    for number, line in enumerate(issue.source.split("\n"), start=1):
        if match := _LEFT_OVER.search(line):
            if _ALL_IN_SPANISH.fullmatch(match[0]) and issue.language[:2] in {"es", "pt", "gl"}:
                continue
            yield Finding(
                Level.BLOCK,
                "left-over",
                f"issue {issue.slug}:{number}",
                f"“{match[0]}” was left in the text.",
                "Write what belongs there, or take it out.",
            )


def _links(issue: Issue, content: Content, public_url: str) -> Iterator[Finding]:
    for written, flaws in (
        *((link, link_flaws) for link in content.document.links),
        *((image, image_flaws) for image in content.document.images),
    ):
        shown = WrittenLink(
            content.holes.shown(written.url), content.holes.shown(written.words), written.line, written.is_decorative
        )
        is_ours = shown.url.startswith(f"{public_url}/")
        for flaw in flaws(shown):
            if is_ours and flaw.rule != "image-words":
                continue
            level = Level.BLOCK if flaw.is_blocking else Level.WARN
            yield Finding(level, flaw.rule, f"issue {issue.slug}:{written.line}", flaw.message, flaw.fix)


def _look(issue: Issue, newsletter: Newsletter, shelf: Shelf) -> Iterator[Finding]:
    """Judge the colours that the newsletter chose; the themes' own are judged by our tests."""
    if is_whole(issue) or not newsletter.look:
        return
    place = f"newsletter {newsletter.slug}, look"
    look = shelf.theme(issue.template or newsletter.theme).look.dressed(newsletter.look, place=place)
    for flaw in look_flaws(look):
        yield _warning(flaw, place)


def _markup(issue: Issue, content: Content) -> Iterator[Finding]:
    """Judge the author's own markup, and the kinds of images."""
    for block in content.document.blocks():
        if isinstance(block, RawMjml):
            first = 0 if is_whole(issue) else block.line
            source = str(block.source)
            for line, flaw in (*contrast.markup_flaws(source), *clients.markup_flaws(source)):
                yield _warning(flaw, f"issue {issue.slug}:{first + line}")
    for image in content.document.images:
        if found := clients.image_flaw(image.url):
            yield _warning(found, f"issue {issue.slug}:{image.line}")


def _warning(flaw: Flaw, place: str) -> Finding:
    return Finding(Level.WARN, flaw.rule, place, flaw.message, flaw.fix)


def _edition(edition: Edition, newsletter: Newsletter) -> Iterator[Finding]:
    place = f"issue {edition.issue}"
    for name, body in (("HTML", edition.html), ("text", edition.text)):
        if not any(edition.holes[index].name == UNSUBSCRIBE for index in body.holes):
            yield Finding(
                Level.BLOCK,
                "unsubscribe-link",
                place,
                f"The {name} part has no unsubscribe link.",
                "Use a theme that shows one.",
            )
    shown = _shown(edition.html)
    missing = [line for line in newsletter.postal_address.splitlines() if str(escape(line.strip())) not in shown]
    if missing:
        yield Finding(
            Level.BLOCK,
            "postal-address",
            place,
            f"The mail does not show this of the postal address: {missing[0]}",
            "Use a theme that shows it.",
        )
    if edition.html_bytes > _LARGE_HTML_BYTES:
        is_blocking = edition.html_bytes > LARGEST_HTML_BYTES
        yield Finding(
            Level.BLOCK if is_blocking else Level.WARN,
            "size",
            place,
            f"The HTML has {edition.html_bytes:,} bytes; Gmail clips a mail at {LARGEST_HTML_BYTES:,}.",
            "Shorten the stories, and link to the rest.",
        )


def _shown(body: Body) -> str:
    return unicodedata.normalize("NFC", decode(b"".join(body.runs)))
