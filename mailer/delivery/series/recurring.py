"""Making a series' mailings: each moment once, whatever dies in between.

The tick looks at the moment that is next. Who comes to it chooses the issue, reserves a mailing's number, and writes
both down beside the moment; what was written first stands. Only then is the mailing made, with that number: a repeat,
by this process or any other, makes the same one. The last step moves on to the next moment.
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from mailer import maillog
from mailer.delivery.addressing import Wish, look_up
from mailer.delivery.controlling import BlockedError, compile_issue, schedule, settled_timing
from mailer.delivery.press import Press
from mailer.delivery.series.series import LATEST, Occurrence, Series, last_moment, moments_after
from mailer.errors import ConflictError, NotFoundError, SourceError
from mailer.issues.issue import Issue
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.issues.timing import Timing
from mailer.rendering.preflight import check
from subscribers.errors import RuleError, UnknownListError, UnknownSegmentError
from subscribers.lists import ListId

_CANNOT = (BlockedError, ConflictError, NotFoundError, RuleError, SourceError, UnknownListError, UnknownSegmentError)


async def check_series(press: Press, series: Series) -> None:
    """Find out whether a series can begin. Raises ConflictError, SourceError, WallTimeError or NotFoundError.

    Raises UnknownListError, UnknownSegmentError or RuleError for people who cannot be found.
    """
    series.check()
    settled_timing(press, Timing(series=series.slug, asked_by=series.asked_by))
    await look_up(press, series.newsletter, _wish(series), series.created)
    if any(one.slug == series.slug for one in await press.series.all()):
        raise ConflictError(f"There is a series “{series.slug}” already, or was: its moments are kept. Name another.")


async def begin_series(press: Press, series: Series) -> datetime:
    """Keep a series and return its first moment. Raises what `check_series` raises."""
    await check_series(press, series)
    first = next(moments_after(series, series.created))
    await press.series.put(series)
    await press.series.set_next(series.slug, first)
    return first


async def stop_series(press: Press, slug: str) -> Series:
    """Let a series make no more mailings; those that were made stay as they are."""
    stopped = replace(await press.series.get(slug), is_stopped=True)
    await press.series.put(stopped)
    await press.series.set_next(slug, None)
    return stopped


async def recur(press: Press, now: datetime) -> None:
    """Make the mailings of all series that are due."""
    for slug, moment in (await press.series.upcoming()).items():
        if moment <= now:
            await _come_to(press, await press.series.get(slug), moment, now)


async def _come_to(press: Press, series: Series, moment: datetime, now: datetime) -> None:
    if series.is_stopped:
        await press.series.set_next(series.slug, None)
        return
    latest = last_moment(series, now)
    if moment < latest or now - moment > LATEST:
        # Nobody was there for it. Of those that were missed only the last one is made up for, while it is fresh.
        missed = Occurrence(why="No scheduler was there at that time.")
        await _hold(press, series, moment, missed, now)
        moment = latest if latest > moment and now - latest <= LATEST else moment
    if now - moment <= LATEST:
        await _hold(press, series, moment, None, now)
    await press.series.set_next(series.slug, next(moments_after(series, max(moment, latest))))


async def _hold(press: Press, series: Series, moment: datetime, missed: Occurrence | None, now: datetime) -> None:
    """Let a moment take place, or go on where a process died that was at it."""
    occurrence = await press.series.occurrence(series.slug, moment)
    if occurrence is None:
        occurrence = await press.series.note(series.slug, moment, missed or await _decide(press, series))
    if occurrence.mailing is None or await _is_made(press, occurrence.mailing):
        return
    try:
        timing = Timing(series=series.slug, asked_by=series.asked_by)
        made = await schedule(
            press, occurrence.issue, _wish(series), now=now, timing=timing, reserved=occurrence.mailing
        )
        maillog.recurred(series.slug, made.id)
    except _CANNOT as error:
        if await _is_made(press, occurrence.mailing):
            # Another scheduler was at it at the same time, and faster.
            return
        await press.series.correct(series.slug, moment, Occurrence(issue=occurrence.issue, why=str(error)))


async def _is_made(press: Press, mailing_id: MailingId) -> bool:
    """Whether the mailing was not only made, but asked for."""
    found = await press.mailings.find(mailing_id)
    return found is not None and found.state is not MailingState.DRAFT


async def _decide(press: Press, series: Series) -> Occurrence:
    """Choose what is mailed, and reserve a number for it. A number that is never used is harmless."""
    try:
        issue = await _newest_ready(press, series)
    except UnknownListError as error:
        return Occurrence(why=str(error))
    if issue is None:
        return Occurrence(why="No issue was ready that these people have not had. Mark one: `pressrun series ready`.")
    return Occurrence(mailing=await press.mailings.reserve(), issue=issue.slug)


async def _newest_ready(press: Press, series: Series) -> Issue | None:
    marked = await press.series.ready()
    ids = {(await press.people.lists.find(slug)).id for slug in series.lists}
    had = {one.issue for one in await press.mailings.all() if _was_to(one, series, ids)}
    for issue in await press.issues.all():
        is_ready = marked.get(issue.slug) == issue.version and issue.newsletter == series.newsletter
        if is_ready and issue.slug not in had and await _passes(press, issue.slug):
            return issue
    return None


def _was_to(mailing: Mailing, series: Series, lists: set[ListId]) -> bool:
    """Whether a mailing went to people of the series: by it, to one of its lists, or to one of its segments."""
    if mailing.state in (MailingState.CANCELLED, MailingState.DRAFT):
        return False
    segments = {one.name for one in mailing.scope.segments}
    return bool(mailing.timing.series == series.slug or lists & set(mailing.lists) or segments & set(series.segments))


def _wish(series: Series) -> Wish:
    return Wish(
        lists=series.lists,
        segments=series.segments,
        without_lists=series.without_lists,
        without_segments=series.without_segments,
        without_mailings=series.without_mailings,
    )


async def _passes(press: Press, slug: str) -> bool:
    try:
        issue, newsletter, edition = await compile_issue(press, slug)
    except SourceError:
        return False
    return all(
        one.level != "block" for one in check(issue, newsletter, edition, press.settings.public_url, press.shelf)
    )
