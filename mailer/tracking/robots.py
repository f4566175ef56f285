"""Telling people from machines, by rules that a reader can check.

By the request: HEAD and prefetching are no reading; some agents say what they are. By the hits of one person: whoever
follows several links, or all, within seconds is a scanner that calls itself a browser. No rule is certain, so machines
are kept apart and shown, never thrown away; a rule that comes later can judge the hits that were kept anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from mailer.tracking.hit import Hit, Visitor

BURST_SECONDS = 3
BURST_LINKS = 4
"""So many different links within that time are no reader's doing; in a mail with fewer, all of them (from two)."""

_BARE_AGENTS = frozenset({"", "mozilla/5.0"})
"""Apple's Mail Privacy Protection fetches pictures with the second, read or unread; scanners like to say nothing."""
_PROXIES = ("googleimageproxy", "yahoomailproxy", "yahoo mail proxy")
_MACHINE = re.compile(
    # What calls itself a robot (and is not a telephone by Cubot), and what only looks at what is behind a link.
    r"(?<!cu)bot\b|crawl|spider|scanner|preview|prefetch|monitor|headless|phantomjs|externalhit|whatsapp"
    # Gateways that open mail before its reader does.
    r"|barracuda|proofpoint|mimecast|messagelabs|symantec|trendmicro|fireeye|safelinks|existence discovery"
    r"|google-safety|virustotal|urlscan"
    # Libraries of programs.
    r"|curl/|wget/|python|go-http-client|java/|libwww|node-fetch|axios/|httpclient|okhttp"
)
_PREFETCHING = ("purpose", "sec-purpose", "x-moz")


def visitor_of(method: str, headers: Mapping[str, str]) -> Visitor:
    """Judge one request by its method and headers (names in lower case)."""
    agent = headers.get("user-agent", "").strip().lower()
    if method == "HEAD" or agent in _BARE_AGENTS:
        return Visitor.MACHINE
    if any("prefetch" in headers.get(name, "").lower() for name in _PREFETCHING):
        return Visitor.MACHINE
    if any(word in agent for word in _PROXIES):
        return Visitor.PROXY
    return Visitor.MACHINE if _MACHINE.search(agent) else Visitor.PERSON


def judged(hits: Sequence[Hit], links: int) -> tuple[Hit, ...]:
    """Return the hits of one person, with those of bursts as a machine's; `links` is how many their mail has."""
    wanted = max(2, min(BURST_LINKS, links))
    clicks = [one for one in hits if one.is_click]
    bursts = [
        (first.at_ms, first.at_ms + BURST_SECONDS * 1000)
        for first in clicks
        if len({one.link for one in clicks if 0 <= one.at_ms - first.at_ms <= BURST_SECONDS * 1000}) >= wanted
    ]
    return tuple(
        replace(one, visitor=Visitor.MACHINE) if any(start <= one.at_ms <= end for start, end in bursts) else one
        for one in hits
    )
