"""From a mailing's page: choosing an experiment's winner, and mailing the issue again to who is left over."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from mailer.accounts.account import Session
from mailer.clock import now
from mailer.delivery.experiments.deciding import choose_by_hand
from mailer.delivery.press import Press
from mailer.delivery.readership.resending import Remainder, forecast_remainder, resend
from mailer.issues.mailing import MailingId
from mailer.web.pages import page
from mailer.web.session import require_session

router = APIRouter()


@router.post("/mailings/{mailing_id}/choose")
async def choose_winner(request: Request, mailing_id: int, arm: Annotated[int, Form(ge=1)]) -> Response:
    """Let the rest get this arm; arms are counted from 1 where people see them."""
    await choose_by_hand(request.app.state.press, MailingId(mailing_id), arm - 1, now=now())
    return RedirectResponse(f"/admin/mailings/{mailing_id}", status_code=303)


@router.get("/mailings/{mailing_id}/again")
async def ask_before_resending(
    request: Request,
    mailing_id: int,
    session: Annotated[Session, Depends(require_session)],
    to: Remainder,
    saying: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Show who would be mailed again, and ask."""
    press: Press = request.app.state.press
    number = MailingId(mailing_id)
    return page(
        request,
        "admin/again.html",
        mailing=await press.mailings.get(number),
        to=to,
        saying=saying,
        forecast=await forecast_remainder(press, number, to, saying),
        request_name=f"again {mailing_id} {session.account} {now().isoformat()}",
    )


@router.post("/mailings/{mailing_id}/again")
async def resend_mailing(
    request: Request,
    mailing_id: int,
    session: Annotated[Session, Depends(require_session)],
    to: Annotated[Remainder, Form()],
    name: Annotated[str, Form(alias="request", min_length=8, max_length=200)],
    saying: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Mail them; the same showing of the form makes one mailing, however often its button is pressed."""
    press: Press = request.app.state.press
    number, asked_by = MailingId(mailing_id), session.account
    made = await resend(press, number, to, now=now(), saying=saying, asked_by=asked_by, request=name)
    return RedirectResponse(f"/admin/mailings/{made.id}", status_code=303)
