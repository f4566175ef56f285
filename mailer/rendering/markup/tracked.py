"""Links that lead through this Pressrun, and a pixel: what makes clicks and opens known, where an editor wants that.

A tracked link is `<public address>/c/<token>/<number>`. The token says whose mail it is; the number is the link's in
the edition's table, and where it leads is read from there: so nobody can make a link of ours lead elsewhere. All of a
person's links, and the pixel, have the same token.

Left alone are links of ours (unsubscribing is nobody's statistic), addresses that are no web pages, addresses with
personal fields, and the text part, where a reader sees the address and should see where it leads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

from mailer.issues.aims.tracking import Tracking
from mailer.rendering.document import WrittenLink
from mailer.rendering.holes import TRACK, Holes

_HREF = re.compile(r'(?<=\shref=")[^"]*(?=")')
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
_WEB = ("http://", "https://")


def tracked(html: str, links: Sequence[WrittenLink], holes: Holes, *, public_url: str, tracking: Tracking) -> str:
    """Return the HTML with its links, and with a pixel, as the setting wants them; marks stand for the token."""
    if tracking.has_links:
        html = _with_tracked_links(html, links, holes, public_url)
    return _with_pixel(html, holes, public_url) if tracking.has_pixel else html


def is_tracked_address(url: str, holes: Holes, public_url: str) -> bool:
    """Whether a link to this address is one that can be tracked."""
    return url.startswith(_WEB) and not url.startswith(f"{public_url}/") and holes.shown(url) == url


def _with_tracked_links(html: str, links: Sequence[WrittenLink], holes: Holes, public_url: str) -> str:
    numbers: dict[str, int] = {}
    for number, link in enumerate(links):
        if is_tracked_address(link.url, holes, public_url):
            numbers.setdefault(link.url, number)
    if not numbers:
        return html
    mark = holes.mark(TRACK)

    def led_through(match: re.Match[str]) -> str:
        number = numbers.get(unescape(match[0]))
        return match[0] if number is None else f"{public_url}/c/{mark}/{number}"

    return _HREF.sub(led_through, html)


def _with_pixel(html: str, holes: Holes, public_url: str) -> str:
    pixel = f'<img src="{public_url}/o/{holes.mark(TRACK)}" width="1" height="1" alt="" style="display:block" />'
    ends = [match.start() for match in _BODY_END.finditer(html)]
    place = ends[-1] if ends else len(html)
    return html[:place] + pixel + html[place:]
