"""From an issue to its edition: the recipe.

It reads no network and no file but the theme's. The same issue, newsletter and theme give the same bytes.
"""

from __future__ import annotations

import re

from mailer.errors import RenderError
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.document import Page
from mailer.rendering.edition import Edition, Link
from mailer.rendering.inliner import inline
from mailer.rendering.mjml import to_html
from mailer.rendering.reading import Content, read_content, usable
from mailer.rendering.text import text_part
from mailer.rendering.themes import content_css, render_theme, theme_file
from mailer.rendering.words import direction_of, words_in, written_date

_KEPT_AS_IS = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL | re.IGNORECASE)
# RFC 5646 §2.1, loosely: letters first, then short parts.
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_SPACE_WITH_BREAK = re.compile(r"[ \t]*\n\s*")


def compile_edition(issue: Issue, newsletter: Newsletter, *, public_url: str) -> Edition:
    """Compile an issue for a newsletter. Personal links begin with `public_url`.

    Raises SourceError for what the editor can put right in the source, RenderError where no mail can be made of it.
    """
    theme = issue.template or newsletter.theme
    content = read_content(issue, newsletter, public_url=public_url)
    page = _page(content, issue, newsletter)

    mjml = render_theme(theme, page)
    html = to_html(mjml, place=theme_file(theme))
    html = _squeezed(inline(html, content_css(theme), place=theme_file(theme)))
    text = text_part(page)

    holes = content.holes
    subject_line, text_body, html_body = holes.cut_line(content.subject), holes.cut_text(text), holes.cut_html(html)
    return Edition(
        issue=issue.slug,
        newsletter=newsletter.slug,
        title=content.title,
        language=page.language,
        subject=subject_line,
        text=text_body,
        html=html_body,
        holes=tuple(holes.table),
        links=tuple(Link(holes.shown(link.url), holes.shown(link.words)) for link in content.document.links),
        html_bytes=holes.longest(html),
        text_bytes=holes.longest(text),
    ).sealed()


def _page(content: Content, issue: Issue, newsletter: Newsletter) -> Page:
    language = issue.language or newsletter.language or "und"
    if not _LANGUAGE_TAG.fullmatch(language):
        raise RenderError(
            f"“{language}” is no language tag.",
            place=f"issue {issue.slug}, language",
            fix="Write one such as en, de-AT or zh-Hant (BCP 47).",
        )
    return Page(
        newsletter_name=usable(newsletter.name),
        title=content.title,
        preheader=content.preheader,
        date=written_date(issue.created.date(), language),
        language=language,
        direction=direction_of(language),
        words=words_in(language),
        document=content.document,
        view_url=content.view_url,
        unsubscribe_url=content.unsubscribe_url,
        postal_lines=tuple(line.strip() for line in usable(newsletter.postal_address).splitlines() if line.strip()),
    )


def _squeezed(html: str) -> str:
    """Take the indentation out, except where it shows: every kilobyte counts before Gmail clips."""
    pieces = _KEPT_AS_IS.split(html)
    return "".join(piece if index % 2 else _SPACE_WITH_BREAK.sub("\n", piece) for index, piece in enumerate(pieces))
