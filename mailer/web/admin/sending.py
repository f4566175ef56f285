"""From an issue to a mailing: who would get it, then the same number once more, then it goes.

The review shows the arithmetic; its button carries the count. The confirmation asks again, for a large audience by
typing the number, and is refused if the number has changed meanwhile. Its form carries a request's name, so that a
double click makes one mailing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from mailer.accounts.account import Session
from mailer.clock import now
from mailer.delivery.addressing import Wish, look_up
from mailer.delivery.controlling import BlockedError, asked_before, schedule
from mailer.delivery.experiments.experimenting import experiment_of
from mailer.delivery.planning import Forecast, forecast
from mailer.delivery.press import Press
from mailer.delivery.telling.foreseeing import hindrances
from mailer.errors import ConflictError, SourceError
from mailer.issues.issue import Issue
from mailer.issues.mailing import Mailing, MailingState
from mailer.issues.newsletter import Newsletter
from mailer.issues.wallclock import WallTimeError, Which
from mailer.web.admin.timing import WhenForm, zones
from mailer.web.admin.trial import TrialForm, measures_of
from mailer.web.pages import page
from mailer.web.session import require_session
from subscribers.lists import ListId, MailingList
from subscribers.segments.segment import Segment

router = APIRouter()

_MAILINGS_SHOWN = 12
_ISSUES_SHOWN = 12


class WishForm(BaseModel):
    """Whom the form's boxes name. Without any of them: everybody on the newsletter's lists."""

    lists: list[str] | None = Field(None, alias="list")
    segments: list[str] = Field([], alias="segment")
    without_lists: list[str] = Field([], alias="exclude-list")
    without_segments: list[str] = Field([], alias="exclude-segment")
    without_mailings: list[int] = Field([], alias="exclude-mailing")

    def wish(self, newsletter_lists: Sequence[MailingList]) -> Wish:
        """Return the wish; empty choices, which say only that the form was used, are left out."""
        every = [one.slug for one in newsletter_lists] if self.lists is None else self.lists
        return Wish(
            lists=[slug for slug in every if slug],
            segments=[slug for slug in self.segments if slug],
            without_lists=self.without_lists,
            without_segments=self.without_segments,
            without_mailings=self.without_mailings,
        )


class HowForm(WhenForm, TrialForm):
    """What the last form asks besides whom."""


class SendForm(WishForm, HowForm):
    """What the last button sends."""

    count: int
    request: str = Field(min_length=8, max_length=200)
    typed: str = ""
    again: str = ""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What would be sent to whom."""

    issue: Issue
    newsletter: Newsletter
    lists: Sequence[MailingList]
    """Every list of the newsletter."""
    segments: Sequence[Segment]
    """Every saved segment."""
    others: Sequence[Issue]
    """Other issues of the newsletter that could be tried beside it, the newest first."""
    mailings: Sequence[Mailing]
    """Mailings of the newsletter that could be left out, the newest first."""
    wish: Wish
    forecast: Forecast
    earlier: Sequence[Mailing]
    """Mailings of the same issue that some of these people may have got."""
    typed_from: int
    """From this many people on, the number must be typed."""
    hindrances: Sequence[str]
    """What would hold it up, if it began now."""

    @property
    def chosen(self) -> list[MailingList]:
        """The lists that are mailed."""
        return [one for one in self.lists if one.slug in self.wish.lists]

    @property
    def names(self) -> list[str]:
        """What is mailed, as people call it."""
        return [*(one.name for one in self.chosen), *self.wish.segments]

    @property
    def fields(self) -> list[tuple[str, object]]:
        """The wish as the fields of a form."""
        wish = self.wish
        return [
            # An empty one says that the form was used; without any, every list is meant.
            *(("list", slug) for slug in wish.lists or [""]),
            *(("segment", slug) for slug in wish.segments),
            *(("exclude-list", slug) for slug in wish.without_lists),
            *(("exclude-segment", slug) for slug in wish.without_segments),
            *(("exclude-mailing", number) for number in wish.without_mailings),
        ]

    @property
    def must_type(self) -> bool:
        """Whether a click is not enough."""
        return self.forecast.to_mail >= self.typed_from

    @property
    def query(self) -> str:
        """The wish as an address spells it."""
        return urlencode(self.fields)


@router.get("/issues/{slug}/send")
async def show_review(request: Request, slug: str, form: Annotated[WishForm, Query()]) -> Response:
    """Show who would get the issue, and who would not and why."""
    plan = await _plan(request.app.state.press, slug, form)
    return page(request, "admin/review.html", plan=plan)


@router.get("/issues/{slug}/confirm")
async def show_confirmation(
    request: Request,
    slug: str,
    session: Annotated[Session, Depends(require_session)],
    form: Annotated[WishForm, Query()],
) -> Response:
    """Ask once more."""
    plan = await _plan(request.app.state.press, slug, form)
    best, *_ = measures_of(plan.issue, plan.newsletter)
    return _confirmation(request, plan, _request_name(plan, session), HowForm.model_validate({"try_by": best}))


@router.post("/issues/{slug}/send")
async def send(
    request: Request,
    slug: str,
    session: Annotated[Session, Depends(require_session)],
    form: Annotated[SendForm, Form()],
) -> Response:
    """Schedule the mailing, unless what was confirmed is no longer what would happen."""
    press: Press = request.app.state.press
    undo = timedelta(seconds=press.settings.undo_seconds)
    made = await asked_before(press, form.request, now=now(), undo=undo)
    if made is None:
        plan = await _plan(press, slug, form)
        if objection := _objection(plan, form):
            return _confirmation(request, plan, form.request, form, objection=objection, status=409)
        try:
            timing, starts = await form.settled(press, plan.newsletter, session.account)
            made = await schedule(
                press,
                slug,
                plan.wish,
                now=now(),
                starts=starts,
                timing=timing,
                experiment=await experiment_of(press, slug, form.trial) if form.trial else None,
                undo=undo,
                request=form.request,
            )
        except (ConflictError, WallTimeError, SourceError) as refused:
            return _confirmation(request, plan, form.request, form, objection=refused, status=409)
        except BlockedError as blocked:
            issue = await press.issues.get(blocked.issue)
            return page(request, "admin/blocked.html", status=409, issue=issue, findings=blocked.findings)
    return RedirectResponse(f"/admin/mailings/{made.id}", status_code=303)


async def _plan(press: Press, slug: str, form: WishForm) -> _Plan:
    issue = await press.issues.get(slug)
    newsletter = await press.newsletters.get(issue.newsletter)
    lists = [one for one in await press.people.lists.all() if one.newsletter == newsletter.slug and not one.is_archived]
    wish = form.wish(lists)
    mailings = [
        one
        for one in await press.mailings.all()
        if one.newsletter == newsletter.slug and one.state is not MailingState.DRAFT
    ]
    expected = Forecast(0, 0, {})
    ids: tuple[ListId, ...] = ()
    if wish.lists or wish.segments:
        ids, scope, _ = await look_up(press, newsletter.slug, wish, now())
        expected = await forecast(press, ids, scope)
    earlier = [one for one in mailings if one.issue == slug and _may_overlap(one, ids, wish)]
    segments = await press.people.segments.all()
    others = [one for one in await press.issues.all() if one.newsletter == newsletter.slug and one.slug != slug]
    others.sort(key=lambda one: one.updated, reverse=True)
    return _Plan(
        issue,
        newsletter,
        lists,
        segments,
        others[:_ISSUES_SHOWN],
        mailings[:_MAILINGS_SHOWN],
        wish,
        expected,
        earlier,
        press.settings.confirm_from_people,
        await hindrances(press, newsletter, expected.to_mail),
    )


def _may_overlap(earlier: Mailing, lists: tuple[ListId, ...], wish: Wish) -> bool:
    if earlier.id in wish.without_mailings:
        return False
    return bool(wish.segments or earlier.scope.segments or set(lists) & set(earlier.lists))


def _objection(plan: _Plan, form: SendForm) -> str:
    to_mail = plan.forecast.to_mail
    if not to_mail:
        return "Nobody would get it: choose a list with people on it."
    if form.count != to_mail:
        return f"The audience has changed from {form.count:,} to {to_mail:,} while you were looking. Look once more."
    if plan.must_type and _digits(form.typed) != str(to_mail):
        return f"Type the number {to_mail:,} to say that you mean it."
    if plan.earlier and not form.again:
        return "This issue was mailed to these people before, or soon will be. Tick the box if they shall get it again."
    return ""


def _confirmation(
    request: Request, plan: _Plan, name: str, how: HowForm, *, objection: str | Exception = "", status: int = 200
) -> Response:
    press: Press = request.app.state.press
    return page(
        request,
        "admin/confirm.html",
        status=status,
        plan=plan,
        request_name=name,
        when=how,
        trial=how,
        measures=measures_of(plan.issue, plan.newsletter),
        zones=zones(),
        undo_seconds=press.settings.undo_seconds,
        must_choose=isinstance(objection, WallTimeError) and Which.FIRST in objection.suggestions,
        objection=str(objection),
    )


def _request_name(plan: _Plan, session: Session) -> str:
    """Name this showing of the form: it need not be secret, only used by nobody else."""
    return f"{plan.issue.slug[:80]} {session.account} {now().isoformat()}"


def _digits(typed: str) -> str:
    return "".join(one for one in typed if one.isdecimal())
