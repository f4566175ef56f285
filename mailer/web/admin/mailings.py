"""The list of mailings, and the page of one: how far it is, and pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from mailer.accounts.account import Session
from mailer.clock import now
from mailer.delivery.controlling import cancel, pause, resume
from mailer.delivery.experiments.deciding import standings_of
from mailer.delivery.explaining import Explanation, why
from mailer.delivery.lane import Lane
from mailer.delivery.ledger import LedgerCounts
from mailer.delivery.presence import unheard, unserved
from mailer.delivery.press import Press
from mailer.delivery.progress import Progress, progress_of
from mailer.delivery.readership.reading import readership_of
from mailer.delivery.readership.resending import Remainder
from mailer.delivery.telling.foreseeing import detours
from mailer.delivery.telling.replies import said_by_servers
from mailer.errors import NotFoundError
from mailer.issues.mailing import MOVES, Mailing, MailingId, MailingState
from mailer.tracking.report import Readership
from mailer.web.admin.previewing import filled, framed
from mailer.web.admin.timing import outlook_of
from mailer.web.pages import page
from mailer.web.paging import paging
from mailer.web.session import require_session
from subscribers.errors import AddressError

router = APIRouter()

_REPLIES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Row:
    """A mailing in a list of them."""

    mailing: Mailing
    counts: LedgerCounts


@dataclass(frozen=True, slots=True)
class Live:
    """What changes on a mailing's page while it is sent."""

    progress: Progress
    is_unattended: bool
    """It should be going on, but no worker is there to do it."""
    seen: datetime
    detours: Sequence[str]
    """What mail goes around just now."""

    @property
    def mailing(self) -> Mailing:
        """The mailing itself."""
        return self.progress.mailing

    @property
    def counts(self) -> LedgerCounts:
        """Who stands where."""
        return self.progress.counts

    @property
    def settled_percent(self) -> int:
        """How much is done, rounded down: 100 only when nobody is pending."""
        counts = self.counts
        return 100 * (counts.audience - counts.pending) // counts.audience if counts.audience else 0

    @property
    def is_moving(self) -> bool:
        """Whether the numbers can still change; those of a cancelled mailing do until its pending are excluded."""
        return not self.mailing.is_finished or self.counts.pending > 0

    @property
    def may_pause(self) -> bool:
        """Whether pausing is possible now."""
        return MailingState.PAUSED in MOVES[self.mailing.state]

    @property
    def may_resume(self) -> bool:
        """Whether resuming is possible now."""
        return self.mailing.state is MailingState.PAUSED

    @property
    def may_cancel(self) -> bool:
        """Whether cancelling is possible now."""
        return MailingState.CANCELLED in MOVES[self.mailing.state]


async def rows_of(press: Press, mailings: Iterable[Mailing]) -> list[Row]:
    """Return the mailings with their numbers."""
    return [Row(one, await press.ledger.counts(one.id)) for one in mailings]


@router.get("/mailings")
async def show_mailings(request: Request) -> Response:
    """Show every mailing, the newest first."""
    press: Press = request.app.state.press
    mailings = await press.mailings.all()
    part = paging(request, len(mailings))
    return page(
        request,
        "admin/mailings.html",
        rows=await rows_of(press, mailings[part.start : part.start + part.size]),
        paging=part,
        unheard=await unheard(press),
    )


@router.get("/mailings/{mailing_id}")
async def show_mailing(
    request: Request, mailing_id: int, session: Annotated[Session, Depends(require_session)], address: str = ""
) -> Response:
    """Show one mailing, and why one person was or was not mailed if an address is asked for."""
    press: Press = request.app.state.press
    mailing = await press.mailings.get(MailingId(mailing_id))
    explanation, complaint = await _explain(press, mailing, address.strip())
    return page(
        request,
        "admin/mailing.html",
        live=await _live(press, mailing.id),
        outlook=await outlook_of(press, mailing, session.account),
        issue=await press.issues.find(mailing.issue),
        names=await _names_of(press, mailing),
        report=await _report(press, mailing),
        said=await said_by_servers(press, mailing.id),
        replies_shown=_REPLIES_SHOWN,
        standings=await standings_of(press, mailing) if mailing.started else [],
        remainders=list(Remainder) if mailing.is_finished and mailing.started else [],
        address=address.strip(),
        explanation=explanation,
        complaint=complaint,
    )


@router.get("/mailings/{mailing_id}/live")
async def show_live(
    request: Request, mailing_id: int, session: Annotated[Session, Depends(require_session)]
) -> Response:
    """Answer the part of the page that changes, for the script that keeps it fresh."""
    press: Press = request.app.state.press
    live = await _live(press, MailingId(mailing_id))
    outlook = await outlook_of(press, live.mailing, session.account)
    return page(request, "admin/mailing_live.html", live=live, outlook=outlook)


@router.get("/mailings/{mailing_id}/editions/{number}")
async def show_edition(request: Request, mailing_id: int, number: int, look: str = "", person: str = "") -> Response:
    """Answer what is mailed, byte for byte but for the reader; of an experiment, the arm of this number, from 1."""
    press: Press = request.app.state.press
    mailing = await press.mailings.get(MailingId(mailing_id))
    if not 1 <= number <= len(mailing.editions):
        raise NotFoundError(f"Mailing {mailing.id} has no edition {number}; it has {len(mailing.editions)}.")
    edition = await press.editions.get(mailing.editions[number - 1])
    newsletter = await press.newsletters.get(mailing.newsletter)
    return framed(filled(press, edition, newsletter, person).html, look)


@router.post("/mailings/{mailing_id}/pause")
async def pause_mailing(request: Request, mailing_id: int) -> Response:
    """Hand nobody more over until it is resumed."""
    await pause(request.app.state.press, MailingId(mailing_id), now=now())
    return _back_to(mailing_id)


@router.post("/mailings/{mailing_id}/resume")
async def resume_mailing(request: Request, mailing_id: int) -> Response:
    """Go on from the ledger."""
    await resume(request.app.state.press, MailingId(mailing_id), now=now())
    return _back_to(mailing_id)


@router.get("/mailings/{mailing_id}/cancel")
async def ask_before_cancelling(request: Request, mailing_id: int) -> Response:
    """Ask once more: cancelling cannot be undone."""
    press: Press = request.app.state.press
    return page(request, "admin/cancel.html", live=await _live(press, MailingId(mailing_id)))


@router.post("/mailings/{mailing_id}/cancel")
async def cancel_mailing(request: Request, mailing_id: int) -> Response:
    """End it: whoever was not mailed yet will not be."""
    await cancel(request.app.state.press, MailingId(mailing_id), now=now())
    return _back_to(mailing_id)


async def _live(press: Press, mailing_id: MailingId) -> Live:
    progress = await progress_of(press, mailing_id)
    # Whatever moves is attended, so the processes need not be counted with every refresh.
    is_still = progress.mailing.is_active and not progress.rate_per_second
    is_unattended = is_still and Lane.DELIVERY in await unserved(press)
    is_sending = progress.mailing.state is MailingState.SENDING
    around = await detours(press, await press.ledger.now()) if is_sending else []
    return Live(progress, is_unattended=is_unattended, seen=now(), detours=around)


async def _explain(press: Press, mailing: Mailing, address: str) -> tuple[Explanation | None, str]:
    if not address:
        return None, ""
    try:
        return await why(press, mailing.id, address), ""
    except AddressError as error:
        return None, str(error)


async def _report(press: Press, mailing: Mailing) -> Readership | None:
    """Return how it was read; None before it began, and where its edition is gone."""
    if not mailing.started:
        return None
    try:
        return await readership_of(press, mailing.id)
    except NotFoundError:
        return None


async def _names_of(press: Press, mailing: Mailing) -> list[str]:
    """Return what it goes to, lists and then segments."""
    lists = [one.name for one in await press.people.lists.all() if one.id in mailing.lists]
    return [*lists, *(one.name for one in mailing.scope.segments)]


def _back_to(mailing_id: int) -> Response:
    return RedirectResponse(f"/admin/mailings/{mailing_id}", status_code=303)
