"""What is to come: mailings that wait for a person or for their time, and the next moments of every series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response

from mailer.delivery.planning import forecast_of
from mailer.delivery.press import Press
from mailer.delivery.progress import progress_of
from mailer.delivery.timing.awaiting import Awaited, Wait
from mailer.issues.mailing import Mailing, MailingState
from mailer.web.pages import page
from subscribers.errors import RuleError

router = APIRouter()

_FOR_A_PERSON = frozenset({Awaited.CHOICE, Awaited.RELEASE})


@dataclass(frozen=True, slots=True)
class Coming:
    """A mailing that has not begun."""

    mailing: Mailing
    to_mail: int | None
    """How many would get it, if it began now; None where that cannot be told."""
    trouble: str = ""
    """Why that cannot be told, which will also keep it from beginning."""


@dataclass(frozen=True, slots=True)
class Held:
    """A mailing that has begun, and goes on when a person says so."""

    mailing: Mailing
    pending: int
    wait: Wait | None
    """Who waits for what; None where the whole mailing is paused."""


@router.get("/scheduled")
async def show_scheduled(request: Request) -> Response:
    """Show what waits, each with what can be done about it."""
    press: Press = request.app.state.press
    mailings = await press.mailings.all()
    scheduled = [one for one in mailings if one.state is MailingState.SCHEDULED]
    upcoming = await press.series.upcoming()
    return page(
        request,
        "admin/scheduled.html",
        proposed=await _coming(press, [one for one in mailings if one.state is MailingState.PROPOSED]),
        scheduled=await _coming(press, sorted(scheduled, key=_begins)),
        held=await _held(press, mailings),
        series=sorted(
            ((moment, one) for one in await press.series.all() if (moment := upcoming.get(one.slug))),
            key=lambda pair: pair[0],
        ),
        now=await press.ledger.now(),
    )


def _begins(mailing: Mailing) -> datetime:
    return mailing.starts or mailing.created


async def _coming(press: Press, mailings: Sequence[Mailing]) -> list[Coming]:
    found = []
    for one in mailings:
        try:
            found.append(Coming(one, (await forecast_of(press, one)).to_mail))
        except RuleError as gone:
            found.append(Coming(one, None, str(gone)))
    return found


async def _held(press: Press, mailings: Sequence[Mailing]) -> list[Held]:
    found = []
    for one in mailings:
        if one.state not in (MailingState.SENDING, MailingState.PAUSED):
            continue
        progress = await progress_of(press, one.id)
        is_held = progress.wait is not None and progress.wait.what in _FOR_A_PERSON
        if one.state is MailingState.PAUSED or is_held:
            found.append(Held(one, progress.counts.pending, progress.wait))
    return found
