"""From an issue to its edition: the recipe.

It reads no network and no file but the theme's. The same issue, newsletter and theme give the same bytes.
"""

from __future__ import annotations

import re

from mailer.errors import RenderError
from mailer.issues.aims.tracking import Tracking
from mailer.issues.assets.asset import with_addresses
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.document import Page, RawMjml
from mailer.rendering.edition import Edition, Link
from mailer.rendering.inliner import inline
from mailer.rendering.marking import usable
from mailer.rendering.markup.finished import check_cuts, check_finished
from mailer.rendering.markup.tracked import tracked
from mailer.rendering.markup.whole import html_of_whole
from mailer.rendering.mjml import to_html
from mailer.rendering.reading import Content, is_whole, read_content
from mailer.rendering.text import text_part
from mailer.rendering.theming.look import Look
from mailer.rendering.theming.shelf import Shelf, shipped
from mailer.rendering.words import direction_of, words_in, written_date

_KEPT_AS_IS = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL | re.IGNORECASE)
# RFC 5646 §2.1, loosely: letters first, then short parts.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_SPACE = re.compile(r"[ \t]*\n\s*|[ \t]{2,}")


def compile_edition(
    issue: Issue,
    newsletter: Newsletter,
    *,
    public_url: str,
    shelf: Shelf | None = None,
    tracking: Tracking = Tracking.OFF,
) -> Edition:
    """Compile an issue for a newsletter. Personal links begin with `public_url`; themes come from the shelf.

    Raises SourceError for what the editor can put right in the source, RenderError where no mail can be made of it.
    """
    content = read_content(issue, newsletter, public_url=public_url)
    if is_whole(issue):
        html, text = _whole(issue, content, shelf or shipped())
    else:
        html, text = _themed(issue, newsletter, content, shelf or shipped(), public_url)
    links = content.document.links
    html = tracked(html, links, content.holes, public_url=public_url, tracking=tracking)
    return _sealed(issue, newsletter, content, html, text, tracking)


def compile_notice(issue: Issue, newsletter: Newsletter, *, public_url: str, shelf: Shelf | None = None) -> Edition:
    """Compile mail that one person asked for, a confirmation: nothing to unsubscribe from, no "why you get this"."""
    content = read_content(issue, newsletter, public_url=public_url)
    parts = _themed(issue, newsletter, content, shelf or shipped(), public_url, is_notice=True)
    return _sealed(issue, newsletter, content, *parts)


def _themed(
    issue: Issue,
    newsletter: Newsletter,
    content: Content,
    shelf: Shelf,
    public_url: str,
    *,
    is_notice: bool = False,
) -> tuple[str, str]:
    """Return the HTML and the text of content in a theme, both with marks."""
    theme = shelf.theme(issue.template or newsletter.theme)
    wishes = {key: with_addresses(value, public_url) for key, value in newsletter.look.items()}
    look = theme.look.dressed(wishes, place=f"newsletter {newsletter.slug}, look")
    page = _page(content, issue, newsletter, look, is_notice=is_notice)
    html = to_html(shelf.mjml(theme, page, look), place=theme.place)
    html = inline(html, shelf.css(theme, look), place=theme.place, inliner=shelf.inliner)
    return html, text_part(page)


def _whole(issue: Issue, content: Content, shelf: Shelf) -> tuple[str, str]:
    """Return the HTML and the text of a source that is a whole mail in itself."""
    place = f"issue {issue.slug}"
    html = html_of_whole(content.source, content.holes, format=issue.format, place=place, inliner=shelf.inliner)
    return html, "".join(block.text for block in content.document.introduction if isinstance(block, RawMjml)) + "\n"


def _sealed(
    issue: Issue, newsletter: Newsletter, content: Content, html: str, text: str, tracking: Tracking = Tracking.OFF
) -> Edition:
    holes = content.holes
    html = _squeezed(html)
    check_finished(html, place=f"issue {issue.slug}")
    if holes.conditions:
        check_cuts(html, holes, place=f"issue {issue.slug}")
    subject_line, text_body, html_body = holes.cut_line(content.subject), holes.cut_text(text), holes.cut_html(html)
    return Edition(
        issue=issue.slug,
        newsletter=newsletter.slug,
        title=content.title,
        language=_language(issue, newsletter),
        subject=subject_line,
        text=text_body,
        html=html_body,
        holes=tuple(holes.table),
        conditions=tuple(holes.conditions),
        cases=tuple(holes.cases),
        links=tuple(Link(holes.shown(link.url), holes.shown(link.words)) for link in content.document.links),
        tracking=tracking,
        html_bytes=holes.longest(html),
        text_bytes=holes.longest(text),
    ).sealed()


def _page(content: Content, issue: Issue, newsletter: Newsletter, look: Look, *, is_notice: bool) -> Page:
    language = _language(issue, newsletter)
    words, name = words_in(language), usable(newsletter.name)
    return Page(
        newsletter_name=name,
        title=content.title,
        preheader=content.preheader,
        date=written_date(issue.created.date(), language),
        language=language,
        direction=direction_of(language),
        words=words,
        document=content.document,
        view_url=content.view_url,
        unsubscribe_url="" if is_notice else content.unsubscribe_url,
        why="" if is_notice else words.why.format(newsletter=name),
        footer_lines=tuple(usable(line) for line in look.footer_lines),
        postal_lines=tuple(line.strip() for line in usable(newsletter.postal_address).splitlines() if line.strip()),
    )


def _language(issue: Issue, newsletter: Newsletter) -> str:
    language = issue.language or newsletter.language or "und"
    if not _LANGUAGE_TAG.fullmatch(language):
        raise RenderError(
            f"“{language}” is no language tag.",
            place=f"issue {issue.slug}, language",
            fix="Write one such as en, de-AT or zh-Hant (BCP 47).",
        )
    return language


def _squeezed(html: str) -> str:
    """Take the indentation out, except where it shows: every kilobyte counts before Gmail clips."""
    pieces = _KEPT_AS_IS.split(html)
    return "".join(piece if index % 2 else _SPACE.sub(_one_space, piece) for index, piece in enumerate(pieces))


def _one_space(match: re.Match[str]) -> str:
    return "\n" if "\n" in match[0] else " "
