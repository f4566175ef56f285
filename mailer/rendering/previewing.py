"""A preview: how a message looks to different people and programs, for the web pages and the command line.

Nothing here needs a mailing: links are signed for nobody (mailing 0), and pressing them changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.issues.newsletter import Newsletter
from mailer.rendering.edition import Edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.preflight import LARGEST_HTML_BYTES
from mailer.tokens import Tokens
from subscribers.subscriber import Subscriber

WIDTHS = (600, 375)
"""A mail program's window, and a telephone's."""
SCHEMES = ("light", "dark")

_SOURCE = re.compile(r"""(<img\b[^>]*?\bsrc=)(?:"[^"]*"|'[^']*')|(\bbackground=)(?:"[^"]*"|'[^']*')""", re.IGNORECASE)
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src https: http:; '
    "style-src 'unsafe-inline'\">"
)
_STYLE = (
    "body{font:15px/1.5 sans-serif;margin:24px;background:#e6e6e6;color:#1c1c1c}"
    "figure{display:inline-block;margin:0 24px 24px 0;vertical-align:top}figcaption{padding:4px 0}"
    "iframe{border:0;background:#fff}meter{width:240px}"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;max-width:960px;background:#fff;padding:16px}"
)
_FACTS = MailingFacts(mailing_id=0, list_id=0, list_slug="preview")


@dataclass(frozen=True, slots=True)
class Preview:
    """One person's message, in every way of looking at it."""

    subject: str
    html: str
    text: str
    html_bytes: int
    """What Gmail counts, for this person."""

    @property
    def share_of_most(self) -> float:
        """How much of what Gmail shows before it clips is used, from 0 up."""
        return self.html_bytes / LARGEST_HTML_BYTES

    @property
    def without_images(self) -> str:
        """The HTML as a program shows it that loads no images."""
        return without_images(self.html)

    def in_scheme(self, scheme: str) -> str:
        """Return the HTML with its rules for light and dark decided, whatever the browser itself prefers."""
        decided = self.html
        for known in SCHEMES:
            answer = "all" if known == scheme else "not all"
            decided = re.sub(rf"\(prefers-color-scheme:\s*{known}\)", answer, decided)
        return decided


def without_images(html: str) -> str:
    """Return HTML without the addresses of its images."""
    return _SOURCE.sub(lambda match: f'{match[1] or match[2]}""', html)


def preview(edition: Edition, newsletter: Newsletter, tokens: Tokens, public_url: str, reader: Subscriber) -> Preview:
    """Return what a reader would get. `samples.sample_people` has readers for edge cases."""
    assembler = Assembler(edition, newsletter, _FACTS, tokens, public_url)
    html = assembler.view(reader)
    return Preview(assembler.subject(reader), html, assembler.text(reader), len(html.encode()))


def preview_sheet(shown: Preview) -> str:
    """Return a page that shows a preview in every way, as one file that needs nothing else and runs nothing."""
    frames = "".join(
        _frame(f"{scheme}, {width} px", shown.in_scheme(scheme), width, scheme)
        for scheme in SCHEMES
        for width in WIDTHS
    )
    title, share = _attribute(shown.subject), shown.share_of_most
    size = f"{shown.html_bytes:,} bytes of HTML: {share:.0%} of what Gmail shows."
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">{_POLICY}'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{title}</h1><p><meter value="{share:.3f}" low="0.78" high="0.95" optimum="0">{share:.0%}</meter> '
        f"{size}</p>"
        f"<div>{frames}{_frame('without images, 600 px', shown.without_images, 600, 'light')}</div>"
        f"<h2>Text</h2><pre>{_attribute(shown.text)}</pre>"
        f"<details><summary>Source</summary><pre>{_attribute(shown.html)}</pre></details></body></html>\n"
    )


def _frame(caption: str, html: str, width: int, scheme: str) -> str:
    return (
        f'<figure><figcaption>{caption}</figcaption><iframe sandbox title="{caption}" width="{width}" height="1400" '
        f'style="color-scheme:{scheme}" srcdoc="{_attribute(html)}"></iframe></figure>'
    )


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
