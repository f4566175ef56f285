"""The people behind each number of a mailing."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mailer.delivery.explaining import explain_many
from mailer.delivery.ledger import ExclusionReason, Standing
from mailer.delivery.press import Press
from mailer.errors import NotFoundError
from mailer.issues.mailing import MailingId
from mailer.web.pages import page
from mailer.web.paging import paging
from subscribers.cohort import Cohort

router = APIRouter()

_AUDIENCE = "audience"


@router.get("/mailings/{mailing_id}/people/{standing}")
async def show_people_behind(request: Request, mailing_id: int, standing: str, reason: str = "") -> Response:
    """Show who stands there, each with the reply or the reason."""
    press: Press = request.app.state.press
    mailing = await press.mailings.get(MailingId(mailing_id))
    cohort = await _cohort(press, mailing.id, standing, reason)
    part = paging(request, cohort.count())
    ids = list(cohort.slice(part.start, part.size))
    return page(
        request,
        "admin/ledger.html",
        mailing=mailing,
        standing=standing,
        reason=reason,
        people=list(zip(ids, await explain_many(press, mailing.id, ids), strict=True)),
        paging=part,
    )


async def _cohort(press: Press, mailing_id: MailingId, standing: str, reason: str) -> Cohort:
    if reason:
        if reason not in set(ExclusionReason):
            raise NotFoundError(f"Nobody is excluded for “{reason[:40]}”.")
        return await press.ledger.excluded_for(mailing_id, ExclusionReason(reason))
    if standing == _AUDIENCE:
        words = await press.ledger.words(mailing_id)
        return Cohort({chunk: one.audience for chunk, one in words.items()})
    if standing not in set(Standing):
        raise NotFoundError(f"A ledger has no “{standing[:40]}”.")
    return await press.ledger.cohort(mailing_id, Standing(standing))
