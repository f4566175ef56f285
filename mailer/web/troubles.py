"""What a person sees when a request cannot be answered: what happened, and what they can do.

One table says which error is which status; one template shows them all.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailer.clock import now
from mailer.errors import (
    ConflictError,
    NotFoundError,
    PressrunError,
    RelayError,
    SourceError,
    StoreDownError,
)
from mailer.web.pages import moment, page
from mailer.web.session import NotSignedInError
from subscribers.errors import PeopleError, StorageDownError, UnknownListError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One kind of trouble: its status, its headline, and what to do about it."""

    status: int
    headline: str
    advice: str


_STORE_DOWN = Trouble(
    503,
    "The store cannot be reached",
    "Nothing was changed. Try again in a minute; if it lasts, whoever runs this server should see whether Redis runs.",
)
_NOT_FOUND = Trouble(404, "There is nothing here", "Check the address, or begin again from the front page.")
_NO_SENSE = Trouble(422, "That cannot be used as it stands", "Go back, change it as described, and try again.")
_UNEXPECTED = Trouble(
    500,
    "Something went wrong on our side",
    "It was not your doing. The server's log has the details under the time above.",
)
_FROM_ELSEWHERE = Trouble(
    403,
    "That request came from another site",
    "If you pressed a button here, reload the page and press it again. A proxy in front must pass the Host header on.",
)

_BY_ERROR: dict[type[Exception], Trouble] = {
    NotFoundError: _NOT_FOUND,
    UnknownListError: _NOT_FOUND,
    StoreDownError: _STORE_DOWN,
    StorageDownError: _STORE_DOWN,
    ConflictError: Trouble(
        409, "That does not fit the state things are in", "Reload the page to see how things stand now."
    ),
    RelayError: Trouble(
        502,
        "The mail server cannot be used just now",
        "See whether it is running and whether the settings name it rightly.",
    ),
    SourceError: _NO_SENSE,
    PeopleError: _NO_SENSE,
    PressrunError: Trouble(400, "That cannot be done", "Go back and try something else."),
}
_BY_STATUS: dict[int, tuple[Trouble, str]] = {
    400: (_NO_SENSE, "The form was damaged on its way."),
    404: (_NOT_FOUND, "No page has this address."),
    405: (
        Trouble(405, "This address does not take that", "Open it from the page it belongs to."),
        "The address exists, but it does not answer this kind of request.",
    ),
    413: (
        Trouble(
            413, "That is too much at once", "An issue may have at most 2 MB. Use the command line for larger files."
        ),
        "The request was larger than this page takes.",
    ),
}


def show_troubles(app: FastAPI) -> None:
    """Make `app` answer every error with a page."""
    for kind in _BY_ERROR:
        app.add_exception_handler(kind, _show_ours)
    app.add_exception_handler(HTTPException, _show_http)
    app.add_exception_handler(RequestValidationError, _show_invalid)
    app.add_exception_handler(NotSignedInError, _show_sign_in)


async def refuse_cross_site(request: Request) -> Response:
    """Answer a request that another site sent."""
    return _show(request, _FROM_ELSEWHERE, "Pressrun changes something only when one of its own pages asks for it.")


def not_found(request: Request, sentence: str) -> Response:
    """Answer that there is no such thing."""
    return _show(request, _NOT_FOUND, sentence)


class Lifeboat:
    """ASGI middleware that turns a bug into a page; the log gets the traceback, the reader does not."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand around `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer 500 if it raises before it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except Exception:
            # The route's pattern, not the address: addresses hold tokens.
            pattern = getattr(scope.get("route"), "path", "an unknown address")
            when = now()
            _log.exception("%s %s failed at %s", scope["method"], pattern, moment(when))
            if has_begun:
                raise
            response = _show(Request(scope, receive), _UNEXPECTED, f"This happened at {when:%H:%M:%S} UTC.")
            await response(scope, receive, send)


async def _show_ours(request: Request, error: Exception) -> Response:
    trouble = next(_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR)
    headers = {"retry-after": "30"} if trouble.status == 503 else None
    # Where the store is, and what it said, is for the log and for admins, not for readers.
    sentence = "The place where this is kept does not answer."
    if trouble.status != 503 or request.url.path.startswith("/admin"):
        sentence = str(error)
    else:
        _log.error("%s", error)
    return _show(request, trouble, sentence, headers=headers)


async def _show_http(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 500)
    if status not in _BY_STATUS:
        return _show(request, _UNEXPECTED, f"The answer is status {status}.")
    trouble, sentence = _BY_STATUS[status]
    return _show(request, trouble, sentence, headers=getattr(error, "headers", None))


async def _show_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    places = {str(one["loc"][0]) for one in error.errors()}
    if "path" in places:
        return _show(request, *_BY_STATUS[404])
    wrong = "; ".join(f"{one['loc'][-1]}: {str(one['msg']).lower()}" for one in error.errors())
    return _show(request, _NO_SENSE, f"The form was not understood ({wrong}).")


async def _show_sign_in(request: Request, error: Exception) -> Response:
    return page(request, "admin/signed_out.html", status=401)


def _show(request: Request, trouble: Trouble, sentence: str, *, headers: dict[str, str] | None = None) -> Response:
    return page(
        request,
        "trouble.html",
        status=trouble.status,
        headers=headers,
        trouble=trouble,
        sentence=sentence,
    )
