"""Cut off a request that is too large, in words.

The limit acts when somebody reads the body, whether its size was said beforehand or not. Who never reads it, such as
one-click unsubscribing, is not touched: there any POST counts.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 2_000_000
"""No form of ours is larger; the longest issue known to us has 60 kB of text."""


class BodyLimit:
    """ASGI middleware that lets nobody read more of a body than a form of ours can have."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand before `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a body that ends in an error where it becomes too large."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read_bytes = 0

        async def receive_some() -> Message:
            nonlocal read_bytes
            # Before the first part is taken, so that nothing of a large file is kept.
            if _said_bytes(scope) > MOST_BYTES:
                raise HTTPException(413)
            message = await receive()
            read_bytes += len(message.get("body", b""))
            if read_bytes > MOST_BYTES:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_some, send)


def _said_bytes(scope: Scope) -> int:
    said = Headers(scope=scope).get("content-length", "0")
    return int(said) if said.isascii() and said.isdecimal() else 0
