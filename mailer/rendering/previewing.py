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
        return _SOURCE.sub(lambda match: f'{match[1] or match[2]}""', self.html)

    def in_scheme(self, scheme: str) -> str:
        """Return the HTML with its rules for light and dark decided, whatever the browser itself prefers."""
        decided = self.html
        for known in SCHEMES:
            answer = "all" if known == scheme else "not all"
            decided = re.sub(rf"\(prefers-color-scheme:\s*{known}\)", answer, decided)
        return decided


def preview(edition: Edition, newsletter: Newsletter, tokens: Tokens, public_url: str, reader: Subscriber) -> Preview:
    """Return what a reader would get. `samples.sample_people` has readers for edge cases."""
    assembler = Assembler(edition, newsletter, _FACTS, tokens, public_url)
    html = assembler.view(reader)
    return Preview(assembler.subject(reader), html, assembler.text(reader), len(html.encode()))


def preview_sheet(shown: Preview) -> str:
    """Return a page that shows a preview in both schemes at both widths, as one file that needs nothing else."""
    frames = "".join(
        f"<figure><figcaption>{scheme}, {width} px</figcaption>"
        f'<iframe sandbox width="{width}" height="1400" style="color-scheme:{scheme}" '
        f'srcdoc="{_attribute(shown.in_scheme(scheme))}"></iframe></figure>'
        for scheme in SCHEMES
        for width in WIDTHS
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src https: http:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{_attribute(shown.subject)}</title>"
        "<style>body{font:15px/1.5 sans-serif;margin:24px;background:#e6e6e6}figure{display:inline-block;"
        "margin:0 24px 24px 0;vertical-align:top}iframe{border:0}pre{white-space:pre-wrap;max-width:640px;"
        "background:#fff;padding:16px}</style></head><body>"
        f"<h1>{_attribute(shown.subject)}</h1>"
        f"<p>{shown.html_bytes:,} bytes of HTML: {shown.share_of_most:.0%} of what Gmail shows.</p>"
        f"{frames}<h2>Text</h2><pre>{_attribute(shown.text)}</pre></body></html>\n"
    )


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
