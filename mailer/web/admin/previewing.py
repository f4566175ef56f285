"""How an issue will look: compiled as the real mailing compiles it, and filled in for a made-up reader."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from fastapi.responses import HTMLResponse, Response

from mailer.clock import now
from mailer.delivery.press import Press
from mailer.errors import NotFoundError, SourceError
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.previewing import without_images
from mailer.rendering.samples import sample_people
from mailer.rendering.theming.shelf import Shelf
from mailer.web.headers import FRAMED_MAIL_POLICY
from subscribers.address import Address
from subscribers.cohort import SubscriberId
from subscribers.subscriber import Subscriber

_NO_MAILING = MailingFacts(mailing_id=0, list_id=0, list_slug="preview")
PEOPLE: Mapping[str, Subscriber] = {name.replace(" ", "-"): one for name, one in sample_people().items()}
"""Made-up people for whom a layout breaks if it breaks for anybody, by their name in an address."""

_KEPT_EDITIONS = 32
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a reader would get, or why there is nothing to show."""

    newsletter: Newsletter | None
    edition: Edition | None = None
    trouble: SourceError | None = None
    subject: str = ""
    html: str = ""
    text: str = ""


async def preview_of(press: Press, issue: Issue, person: str = "") -> Preview:
    """Compile an issue and fill it in for a made-up person; what keeps it from being compiled is part of the answer."""
    newsletter = await _newsletter(press, issue)
    if newsletter is None:
        return Preview(None)
    try:
        # In a thread: it takes a tenth of a second, and meanwhile somebody may want to unsubscribe.
        packed = msgspec.json.encode((issue, newsletter), order="deterministic")
        edition = await asyncio.to_thread(
            _compiled, packed, press.settings.public_url, press.shelf, press.shelf.stamp()
        )
        return filled(press, edition, newsletter, person)
    except SourceError as trouble:
        return Preview(newsletter, trouble=trouble)


def filled(press: Press, edition: Edition, newsletter: Newsletter, person: str = "") -> Preview:
    """Fill an edition in for a made-up person. Raises RenderError for one that cannot be."""
    assembler = Assembler(edition, newsletter, _NO_MAILING, press.tokens, press.settings.public_url)
    reader = PEOPLE.get(person) or _reader(edition.language)
    return Preview(
        newsletter,
        edition,
        subject=assembler.subject(reader),
        html=assembler.view(reader),
        text=assembler.text(reader),
    )


def framed(html: str, look: str, images: str = "") -> Response:
    """Answer mail's HTML for one of our frames, in a light or a dark mail program's look; links open outside it.

    With `images` "off" it is shown as by a program that loads none.
    """
    html = without_images(html) if images == "off" else html
    shown = _HEAD.sub(r'\g<0><base target="_blank">', as_seen(html, look), count=1)
    return HTMLResponse(shown, headers={"content-security-policy": FRAMED_MAIL_POLICY})


def as_seen(html: str, look: str) -> str:
    """Decide the mail's own dark-mode rules by `look` ("light" or "dark"), whatever the browser itself prefers."""
    if look not in ("light", "dark"):
        return html
    other = "light" if look == "dark" else "dark"
    decided = html.replace(f"(prefers-color-scheme: {look})", "all").replace(f"(prefers-color-scheme:{look})", "all")
    for spelling in (f"(prefers-color-scheme: {other})", f"(prefers-color-scheme:{other})"):
        decided = decided.replace(spelling, "not all")
    return decided


async def _newsletter(press: Press, issue: Issue) -> Newsletter | None:
    try:
        return await press.newsletters.get(issue.newsletter)
    except NotFoundError:
        return None


def _reader(language: str) -> Subscriber:
    return Subscriber(
        id=SubscriberId(0), address=Address("reader@example.com"), name="Robin Reader", language=language, joined=now()
    )


# By its content, so that a changed issue is compiled anew, while two frames and a page share one compilation.
@lru_cache(maxsize=_KEPT_EDITIONS)
def _compiled(packed: bytes, public_url: str, shelf: Shelf, _stamp: int) -> Edition:
    issue, newsletter = msgspec.json.decode(packed, type=tuple[Issue, Newsletter])
    return compile_edition(issue, newsletter, public_url=public_url, shelf=shelf)
