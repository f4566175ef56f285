"""When a mailing goes: the part of the last form that asks, and what can still be done before the first byte leaves.

Everything works without JavaScript: a time is typed as on the wall, with its zone beside it. What cannot be is answered
with a sentence, above the form as it was filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from mailer.accounts.account import Session
from mailer.clock import now
from mailer.delivery.controlling import approve, undo
from mailer.delivery.press import Press
from mailer.delivery.timing.canary import LET_GO, CanaryStanding
from mailer.delivery.timing.canarying import release
from mailer.delivery.timing.sharing import first_moment, zone_field
from mailer.delivery.timing.turn import Turn
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.issues.newsletter import Newsletter
from mailer.issues.timing import Canary, Timing
from mailer.issues.wallclock import Which, instant_of, read_wall_time, still_to_come
from mailer.web.session import require_session

router = APIRouter()


class WhenForm(BaseModel):
    """When the people of a mailing get it, as the last form asks."""

    when: Literal["now", "at", "local"] = "now"
    at: str = Field(default="", max_length=40)
    zone: str = Field(default="UTC", max_length=64)
    which: Literal["", "first", "second"] = ""
    spread_hours: float = Field(default=0, ge=0, le=168)
    canary: int = Field(default=0, ge=0, le=1_000_000)
    canary_minutes: float = Field(default=60, ge=0, le=10_080)
    by_hand: str = ""

    async def settled(self, press: Press, newsletter: Newsletter, account: str) -> tuple[Timing, datetime | None]:
        """Return when and how, and when the first are due; None: at once.

        Raises WallTimeError for a time that is none, or two; ConflictError for what cannot be had together.
        """
        timing = Timing(
            wall=self.at if self.when == "local" else "",
            zone=self.zone if self.when == "local" else "",
            zone_field=await zone_field(press, newsletter.slug) if self.when == "local" else "",
            spread_seconds=self.spread_hours * 3600,
            canary=Canary(self.canary, self.canary_minutes * 60, bool(self.by_hand)) if self.canary else None,
            asked_by=account,
        )
        timing.check()
        if self.when == "now":
            return timing, None
        if self.when == "local":
            return timing, await first_moment(press, timing)
        instant = instant_of(read_wall_time(self.at), self.zone, Which(self.which) if self.which else None)
        return timing, still_to_come(instant, now())


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a mailing's page says about who is due when, and what may be done about it."""

    mailing: Mailing
    turns: Sequence[Turn]
    canary: CanaryStanding | None
    seen: datetime
    account: str
    """Who looks."""

    @property
    def is_own(self) -> bool:
        """Whether who looks has asked for it, and so cannot approve it."""
        return self.mailing.timing.asked_by == self.account

    @property
    def may_undo(self) -> bool:
        """Whether nothing has left yet."""
        return self.mailing.state in (MailingState.PROPOSED, MailingState.SCHEDULED)

    @property
    def begins_in(self) -> timedelta | None:
        """How long it still waits; None if it does not."""
        starts = self.mailing.starts
        is_waiting = self.mailing.state is MailingState.SCHEDULED and starts is not None and starts > self.seen
        return starts - self.seen if is_waiting and starts is not None else None

    @property
    def may_release(self) -> bool:
        """Whether somebody is held back who can be let go."""
        is_held = self.canary is not None and self.canary.state not in LET_GO
        return is_held and self.mailing.state in (MailingState.SENDING, MailingState.PAUSED)


async def outlook_of(press: Press, mailing: Mailing, account: str) -> Outlook:
    """Return who is due when."""
    timing = mailing.timing
    return Outlook(
        mailing,
        await press.turns.all(mailing.id) if timing.wall else [],
        await press.turns.canary(mailing.id) if timing.canary else None,
        now(),
        account,
    )


def zones() -> list[str]:
    """Return every time zone by name, for the picker."""
    return sorted(one for one in available_timezones() if "/" in one or one == "UTC")


@router.post("/mailings/{mailing_id}/undo")
async def undo_mailing(request: Request, mailing_id: int) -> Response:
    """Take it back before anything has left."""
    await undo(request.app.state.press, MailingId(mailing_id), now=now())
    return _back_to(mailing_id)


@router.post("/mailings/{mailing_id}/approve")
async def approve_mailing(
    request: Request,
    mailing_id: int,
    session: Annotated[Session, Depends(require_session)],
    edition: Annotated[str, Form(min_length=1, max_length=200)],
) -> Response:
    """Give a second person's yes to the edition that the page showed."""
    press: Press = request.app.state.press
    window = timedelta(seconds=press.settings.undo_seconds)
    await approve(press, MailingId(mailing_id), by=session.account, edition=edition, now=now(), undo=window)
    return _back_to(mailing_id)


@router.post("/mailings/{mailing_id}/release")
async def release_mailing(request: Request, mailing_id: int) -> Response:
    """Let those go who wait for the first ones to be judged."""
    await release(request.app.state.press, MailingId(mailing_id), now=now())
    return _back_to(mailing_id)


def _back_to(mailing_id: int) -> Response:
    return RedirectResponse(f"/admin/mailings/{mailing_id}", status_code=303)
