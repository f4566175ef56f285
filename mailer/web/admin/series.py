"""Recurring mailings: when each comes next, what became of its moments, beginning one and stopping it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from msgspec.structs import replace
from pydantic import BaseModel, Field

from mailer.accounts.account import Session
from mailer.clock import now
from mailer.delivery.addressing import Wish, look_up
from mailer.delivery.planning import Forecast, forecast
from mailer.delivery.press import Press
from mailer.delivery.series.recurring import begin_series, check_series, stop_series
from mailer.delivery.series.series import Occurrence, Series, moments_after
from mailer.errors import PressrunError
from mailer.web.admin.timing import zones
from mailer.web.pages import page
from mailer.web.session import require_session
from subscribers.errors import PeopleError
from subscribers.lists import MailingList
from subscribers.segments.segment import Segment

router = APIRouter()

_MOMENTS_AHEAD = 3
_MOMENTS_SHOWN = 50


class SeriesForm(BaseModel):
    """What a series is to be; `count` is said by the page that asks once more."""

    newsletter: str = Field(default="", max_length=200)
    slug: str = Field(default="", max_length=100)
    cron: str = Field(default="0 9 * * 1", max_length=200)
    zone: str = Field(default="UTC", max_length=64)
    lists: list[str] = Field([], alias="list")
    segments: list[str] = Field([], alias="segment")
    without_lists: list[str] = Field([], alias="exclude-list")
    without_segments: list[str] = Field([], alias="exclude-segment")
    count: int | None = None
    typed: str = ""

    def series(self, account: str, created: datetime) -> Series:
        """Return the series that it describes."""
        return Series(
            slug=self.slug.strip(),
            newsletter=self.newsletter,
            lists=tuple(self.lists),
            segments=tuple(self.segments),
            without_lists=tuple(self.without_lists),
            without_segments=tuple(self.without_segments),
            cron=self.cron.strip(),
            zone=self.zone,
            created=created,
            asked_by=account,
        )

    @property
    def wish(self) -> Wish:
        """Whom it names."""
        return Wish(
            lists=self.lists,
            segments=self.segments,
            without_lists=self.without_lists,
            without_segments=self.without_segments,
        )

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Everything that was chosen, as the hidden fields of a form."""
        named = (("list", self.lists), ("segment", self.segments), ("exclude-list", self.without_lists))
        plain = [(name, getattr(self, name)) for name in ("newsletter", "slug", "cron", "zone")]
        every = (*named, ("exclude-segment", self.without_segments))
        return [*plain, *((name, value) for name, values in every for value in values)]


@dataclass(frozen=True, slots=True)
class _Row:
    """A series in a list of them."""

    series: Series
    next: datetime | None
    last: tuple[datetime, Occurrence] | None


@router.get("/series")
async def show_all_series(request: Request) -> Response:
    """Show every series."""
    press: Press = request.app.state.press
    upcoming = await press.series.upcoming()
    rows = []
    for one in await press.series.all():
        past = await press.series.occurrences(one.slug)
        rows.append(_Row(one, upcoming.get(one.slug), next(iter(past.items()), None)))
    return page(request, "admin/series/all.html", rows=rows)


@router.get("/series/new")
async def show_new_series(request: Request, newsletter: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show the form for a newsletter; the first one, unless one is chosen."""
    return await _form_page(request, SeriesForm.model_validate({"newsletter": newsletter}))


@router.post("/series")
async def begin(
    request: Request, session: Annotated[Session, Depends(require_session)], form: Annotated[SeriesForm, Form()]
) -> Response:
    """Ask once more, with the number of people; begin when it is confirmed."""
    press: Press = request.app.state.press
    series = form.series(session.account, now())
    if await _has_begun(press, series):
        return _back_to(series.slug)
    try:
        await check_series(press, series)
        addressed = await look_up(press, series.newsletter, form.wish, series.created)
        expected = await forecast(press, addressed.lists, addressed.scope)
        if form.count is None:
            return _confirmation(request, form, series, expected)
        if objection := _objection(form, expected, press.settings.confirm_from_people):
            return _confirmation(request, form, series, expected, objection=objection)
        await begin_series(press, series)
    except (PressrunError, PeopleError) as refused:
        return await _form_page(request, form, objection=str(refused))
    return _back_to(series.slug)


@router.get("/series/{slug}")
async def show_series(request: Request, slug: str) -> Response:
    """Show one series, and what became of its moments, the latest first."""
    press: Press = request.app.state.press
    series = await press.series.get(slug)
    ready = await press.series.ready()
    issues = [one for one in await press.issues.all() if one.newsletter == series.newsletter]
    return page(
        request,
        "admin/series/one.html",
        series=series,
        next=(await press.series.upcoming()).get(slug),
        past=list(islice((await press.series.occurrences(slug)).items(), _MOMENTS_SHOWN)),
        ready=[one for one in issues if ready.get(one.slug) == one.version],
    )


@router.post("/series/{slug}/stop")
async def stop(request: Request, slug: str) -> Response:
    """Let it make no more mailings."""
    await stop_series(request.app.state.press, slug)
    return _back_to(slug)


@router.post("/issues/{slug}/ready")
async def mark_ready(request: Request, slug: str) -> Response:
    """Mark an issue, as it is now, as ready for the series of its newsletter."""
    press: Press = request.app.state.press
    await press.series.mark_ready(await press.issues.get(slug))
    return RedirectResponse(f"/admin/issues/{slug}", status_code=303)


@router.post("/issues/{slug}/unready")
async def unmark(request: Request, slug: str) -> Response:
    """Take the mark away again."""
    press: Press = request.app.state.press
    await press.series.unmark((await press.issues.get(slug)).slug)
    return RedirectResponse(f"/admin/issues/{slug}", status_code=303)


async def _has_begun(press: Press, series: Series) -> bool:
    """Whether the very same series was begun already, as by the first of two clicks."""
    return any(replace(one, created=series.created) == series for one in await press.series.all())


def _back_to(slug: str) -> Response:
    return RedirectResponse(f"/admin/series/{slug}", status_code=303)


async def _form_page(request: Request, form: SeriesForm, *, objection: str = "") -> Response:
    press: Press = request.app.state.press
    newsletters = await press.newsletters.all()
    chosen = form.newsletter or next((one.slug for one in newsletters), "")
    lists: Sequence[MailingList] = [
        one for one in await press.people.lists.all() if one.newsletter == chosen and not one.is_archived
    ]
    segments: Sequence[Segment] = await press.people.segments.all()
    return page(
        request,
        "admin/series/new.html",
        status=409 if objection else 200,
        form=form.model_copy(update={"newsletter": chosen}),
        newsletters=newsletters,
        lists=lists,
        segments=segments,
        zones=zones(),
        objection=objection,
    )


def _confirmation(
    request: Request, form: SeriesForm, series: Series, expected: Forecast, *, objection: str = ""
) -> Response:
    return page(
        request,
        "admin/series/confirm.html",
        status=409 if objection else 200,
        form=form,
        series=series,
        forecast=expected,
        moments=list(islice(moments_after(series, series.created), _MOMENTS_AHEAD)),
        typed_from=request.app.state.press.settings.confirm_from_people,
        objection=objection,
    )


def _objection(form: SeriesForm, expected: Forecast, typed_from: int) -> str:
    if form.count != expected.to_mail:
        return f"There were {form.count:,} people, and now there are {expected.to_mail:,}. Look once more."
    typed = "".join(one for one in form.typed if one.isdecimal())
    if expected.to_mail >= typed_from and typed != str(expected.to_mail):
        return f"Type the number {expected.to_mail:,} to say that you mean it."
    return ""
