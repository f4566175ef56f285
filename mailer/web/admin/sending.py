"""From an issue to a mailing: who would get it, then the same number once more, then it goes.

The review shows the arithmetic; its button carries the count. The confirmation asks again, for a large audience by
typing the number, and is refused if the number has changed meanwhile. Its form carries a request's name, so that a
double click makes one mailing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from mailer.accounts.account import Session
from mailer.clock import now
from mailer.delivery.controlling import BlockedError, schedule
from mailer.delivery.planning import Forecast, forecast
from mailer.delivery.press import Press
from mailer.issues.issue import Issue
from mailer.issues.mailing import Mailing, MailingState
from mailer.issues.newsletter import Newsletter
from mailer.web.pages import page
from mailer.web.session import require_session
from subscribers.lists import MailingList

router = APIRouter()

TYPE_THE_NUMBER_FROM = 1_000
"""From this many people on, the number must be typed."""

_Slugs = Annotated[list[str] | None, Query(alias="list")]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What would be sent to whom."""

    issue: Issue
    newsletter: Newsletter
    lists: Sequence[MailingList]
    """Every list of the newsletter."""
    chosen: Sequence[MailingList]
    forecast: Forecast
    earlier: Sequence[Mailing]
    """Mailings of the same issue that some of these people may have got."""

    @property
    def must_type(self) -> bool:
        """Whether a click is not enough."""
        return self.forecast.to_mail >= TYPE_THE_NUMBER_FROM

    @property
    def query(self) -> str:
        """The chosen lists, as an address spells them."""
        return urlencode([("list", one.slug) for one in self.chosen])


@router.get("/issues/{slug}/send")
async def show_review(request: Request, slug: str, chosen: _Slugs = None) -> Response:
    """Show who would get the issue, and who would not and why."""
    plan = await _plan(request.app.state.press, slug, chosen)
    return page(request, "admin/review.html", plan=plan)


@router.get("/issues/{slug}/confirm")
async def show_confirmation(
    request: Request, slug: str, session: Annotated[Session, Depends(require_session)], chosen: _Slugs = None
) -> Response:
    """Ask once more."""
    plan = await _plan(request.app.state.press, slug, chosen)
    return _confirmation(request, plan, _request_name(plan, session))


@router.post("/issues/{slug}/send")
async def send(
    request: Request,
    slug: str,
    chosen: Annotated[list[str], Form(alias="list")],
    count: Annotated[int, Form()],
    name: Annotated[str, Form(alias="request", min_length=8, max_length=200)],
    typed: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """Schedule the mailing, unless what was confirmed is no longer what would happen."""
    press: Press = request.app.state.press
    made = await press.ledger.mailing_of_request(name)
    if made is None:
        plan = await _plan(press, slug, chosen)
        objection = _objection(plan, count=count, typed=typed, is_again_meant=bool(again))
        if objection:
            return _confirmation(request, plan, name, objection=objection, status=409)
        try:
            made = (await schedule(press, slug, chosen, now=now(), request=name)).id
        except BlockedError as blocked:
            return page(request, "admin/blocked.html", status=409, issue=plan.issue, findings=blocked.findings)
    return RedirectResponse(f"/admin/mailings/{made}", status_code=303)


async def _plan(press: Press, slug: str, chosen: Sequence[str] | None) -> _Plan:
    issue = await press.issues.get(slug)
    newsletter = await press.newsletters.get(issue.newsletter)
    lists = [one for one in await press.people.lists.all() if one.newsletter == newsletter.slug]
    taken = [one for one in lists if chosen is None or one.slug in chosen]
    ids = [one.id for one in taken]
    earlier = [
        one
        for one in await press.mailings.all()
        if one.issue == slug and one.state is not MailingState.DRAFT and set(ids) & set(one.lists)
    ]
    return _Plan(issue, newsletter, lists, taken, await forecast(press, ids), earlier)


def _objection(plan: _Plan, *, count: int, typed: str, is_again_meant: bool) -> str:
    to_mail = plan.forecast.to_mail
    if not to_mail:
        return "Nobody would get it: choose a list with people on it."
    if count != to_mail:
        return f"The audience has changed from {count:,} to {to_mail:,} while you were looking. Look once more."
    if plan.must_type and _digits(typed) != str(to_mail):
        return f"Type the number {to_mail:,} to say that you mean it."
    if plan.earlier and not is_again_meant:
        return "This issue was mailed to these lists before. Tick the box if they shall get it again."
    return ""


def _confirmation(request: Request, plan: _Plan, name: str, *, objection: str = "", status: int = 200) -> Response:
    return page(request, "admin/confirm.html", status=status, plan=plan, request_name=name, objection=objection)


def _request_name(plan: _Plan, session: Session) -> str:
    """Name this showing of the form: it need not be secret, only used by nobody else."""
    return f"{plan.issue.slug[:80]} {session.account} {now().isoformat()}"


def _digits(typed: str) -> str:
    return "".join(one for one in typed if one.isdecimal())
