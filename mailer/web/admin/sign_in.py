"""Signing in with a one-time link, and signing out."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from mailer.accounts.signing_in import sign_in, sign_out
from mailer.clock import now
from mailer.web.pages import page
from mailer.web.session import give_cookie, session_secret, take_cookie

router = APIRouter()
session_router = APIRouter()


@router.get("/sign-in")
async def show_how(request: Request) -> Response:
    """Say where a link comes from."""
    return page(request, "admin/signed_out.html")


@router.get("/sign-in/{secret}")
async def show_link(request: Request, secret: str) -> Response:
    """Show the button. Nothing is spent: chat previews and mail scanners open links too."""
    is_good = await request.app.state.accounts.has_link(secret)
    return page(request, "admin/sign_in.html", is_good=is_good, status=200 if is_good else 410)


@router.post("/sign-in/{secret}")
async def use_link(request: Request, secret: str) -> Response:
    """Spend the link and begin a session."""
    session = await sign_in(request.app.state.accounts, secret, now=now())
    if session is None:
        return page(request, "admin/sign_in.html", is_good=False, status=410)
    response = RedirectResponse("/admin", status_code=303)
    give_cookie(response, session, public_url=request.app.state.settings.public_url)
    return response


@session_router.post("/sign-out")
async def end_session(request: Request) -> Response:
    """End this browser's session."""
    await sign_out(request.app.state.accounts, session_secret(request))
    response = RedirectResponse("/admin/sign-in", status_code=303)
    take_cookie(response, public_url=request.app.state.settings.public_url)
    return response
