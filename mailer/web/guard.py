"""Refuse what another site makes a signed-in browser do (cross-site request forgery).

Browsers say of every request where it comes from: `Sec-Fetch-Site` (Fetch Metadata §2.1), and before that `Origin`
(RFC 6454 §7). Nothing needs to be put into a form, so no page can forget it. A request that changes something and says
neither is refused as well: every browser in use says at least `Origin` on a POST, and other programs have no cookies
that could be abused but also no business here.

One-click unsubscribing is exempt: mail providers POST to it from their own machines (RFC 8058 §3), with none of these
headers. So is the form for joining a list, which may stand on other sites: it heeds no cookie.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN_TO_ALL = ("/u/", "/join/")


class CrossSiteGuard:
    """ASGI middleware that lets through only what this site's own pages ask for."""

    def __init__(self, app: ASGIApp, *, refuse: Callable[[Request], Awaitable[Response]]) -> None:
        """Guard `app`; answer with `refuse` what is not let through."""
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http" or is_from_here(scope["method"], scope["path"], Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        response = await self._refuse(Request(scope, receive))
        await response(scope, receive, send)


def is_from_here(method: str, path: str, headers: Headers) -> bool:
    """Whether the request may go on: it changes nothing, is open to all, or comes from this site itself."""
    if method in _SAFE_METHODS or path.startswith(_OPEN_TO_ALL):
        return True
    site = headers.get("sec-fetch-site")
    if site is not None:
        # "none" is the person's own doing: a reload, a bookmark.
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    # The scheme is left out: behind a proxy that ends TLS this process cannot know it.
    return origin is not None and urlsplit(origin).netloc == headers.get("host")
