"""The session of a browser: its cookie, and the rule that everything under /admin needs one."""

from __future__ import annotations

from fastapi import Request, Response

from mailer.accounts.account import SESSION_LIFETIME, Session
from mailer.accounts.store import AccountStore
from mailer.clock import now


class NotSignedInError(Exception):
    """The page is for signed-in admins."""


def cookie_name(public_url: str) -> str:
    """Return the cookie's name; `__Host-` makes browsers refuse it from a sibling domain or without TLS."""
    return "__Host-pressrun" if _is_https(public_url) else "pressrun"


async def require_session(request: Request) -> Session:
    """Return the session of the request, kept as `request.state.session` for the layout.

    Raises NotSignedInError, which becomes the page that says how to sign in.
    """
    accounts: AccountStore = request.app.state.accounts
    secret = session_secret(request)
    session = await accounts.use_session(secret, now=now()) if secret else None
    if session is None:
        raise NotSignedInError
    request.state.session = session
    return session


def session_secret(request: Request) -> str:
    """Return the secret in the request's cookie, or nothing."""
    return request.cookies.get(cookie_name(request.app.state.settings.public_url), "")


def give_cookie(response: Response, secret: str, *, public_url: str) -> None:
    """Let the browser keep the session's secret, out of reach of scripts and of requests that other sites make."""
    response.set_cookie(
        cookie_name(public_url),
        secret,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=_is_https(public_url),
    )


def take_cookie(response: Response, *, public_url: str) -> None:
    """Let the browser forget it."""
    response.delete_cookie(
        cookie_name(public_url), path="/", httponly=True, samesite="lax", secure=_is_https(public_url)
    )


def _is_https(public_url: str) -> bool:
    return public_url.startswith("https://")
