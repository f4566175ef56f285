"""The headers that every answer carries, so that no page can forget them.

A page that shows foreign HTML (a preview, a captured message) brings its own stricter `Content-Security-Policy`; this
middleware leaves a header alone that is already there.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No inline script, no inline style, nothing from elsewhere."""

_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox{more}; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data: https: http:; base-uri 'none'; form-action 'none'; frame-ancestors {framed_by}"
)

FRAMED_MAIL_POLICY = _MAIL_POLICY.format(more="", framed_by="'self'")
"""Mail inside one of our pages: styles and pictures, no scripts, no forms, an origin of its own."""

OPEN_MAIL_POLICY = _MAIL_POLICY.format(more=" allow-top-navigation-by-user-activation", framed_by="'none'")
"""Mail that fills the browser's window; its links may leave the page."""

_ALWAYS = {
    "content-security-policy": PAGE_POLICY,
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # Not "no-referrer": with it browsers send `Origin: null` even to ourselves, and the guard could not tell who asks.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow",
}
_TRANSPORT = {"strict-transport-security": "max-age=31536000"}


def _kept_for_ever(scope: Scope, status: int) -> str:
    """Return what to say of a static file whose address names its content; nothing for all else."""
    is_named = scope["path"].startswith("/static/") and scope["query_string"].startswith(b"v=")
    return "public, max-age=31536000, immutable" if is_named and status in (200, 304) else ""


class SecurityHeaders:
    """ASGI middleware that adds the headers above; pages are never kept by caches, static files are."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        """Promise HTTPS for the coming year only where the public address has it."""
        self._app = app
        self._headers = _ALWAYS | (_TRANSPORT if is_https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", _kept_for_ever(scope, message["status"]) or "no-store")
            await send(message)

        await self._app(scope, receive, send_complete)
