"""Tracked links and the pixel: an answer at once, and a note of it written afterwards.

A GET here changes nothing about anybody's subscription; it only counts. Where a link leads is read from the stored
edition, never from the address, so that it cannot be made to lead elsewhere. What cannot be answered is never noted.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from mailer.clock import now
from mailer.delivery.press import Press
from mailer.errors import NotFoundError
from mailer.issues.mailing import Mailing, MailingId
from mailer.rendering.edition import Edition
from mailer.tokens import Kind
from mailer.tracking.hit import Hit, Seen, link_number
from mailer.tracking.pixel import PIXEL, PIXEL_TYPE
from mailer.tracking.recording import Recorder
from mailer.tracking.robots import visitor_of
from mailer.web.public.mailedlink import UNKNOWN
from mailer.web.troubles import not_found
from subscribers.cohort import SubscriberId

router = APIRouter()

_GONE = "The mail that this link was in is not kept here any more."
# The site behind a link need not learn from whose mail its reader comes.
_HEADERS = {"referrer-policy": "no-referrer"}


@router.api_route("/c/{token}/{number}", methods=["GET", "HEAD"])
async def follow(request: Request, token: str, number: int) -> Response:
    """Lead on to where a link of a mail leads."""
    press: Press = request.app.state.press
    whose = _read(press, token)
    if whose is None:
        return not_found(request, UNKNOWN)
    mailing_id, arm, subscriber = whose
    try:
        edition = await _edition(press, await press.mailings.get(mailing_id), arm)
    except NotFoundError:
        return not_found(request, _GONE)
    if not 0 <= number < len(edition.links) or edition.links[number] not in edition.web_links:
        return not_found(request, UNKNOWN)
    url = edition.links[number].url
    _note(request, mailing_id, subscriber, link_number(url), len(edition.web_links))
    return RedirectResponse(url, status_code=302, headers=_HEADERS)


@router.api_route("/o/{token}", methods=["GET", "HEAD"])
async def show_pixel(request: Request, token: str) -> Response:
    """Answer the pixel, to anybody: a mail with a broken picture helps nobody."""
    if whose := _read(request.app.state.press, token):
        mailing_id, _, subscriber = whose
        _note(request, mailing_id, subscriber, 0, 0)
    return Response(PIXEL, media_type=PIXEL_TYPE)


def _read(press: Press, token: str) -> tuple[MailingId, int, SubscriberId] | None:
    numbers = press.tokens.read_link(Kind.TRACK, token)
    if numbers is None or len(numbers) != 3:
        return None
    return MailingId(numbers[0]), numbers[1], SubscriberId(numbers[2])


async def _edition(press: Press, mailing: Mailing, arm: int) -> Edition:
    if arm >= len(mailing.editions):
        raise NotFoundError(f"Mailing {mailing.id} has no arm {arm}.")
    return await press.editions.get(mailing.editions[arm])


def _note(request: Request, mailing: MailingId, subscriber: SubscriberId, link: int, links: int) -> None:
    recorder: Recorder = request.app.state.recorder
    headers = {name.lower(): value for name, value in request.headers.items()}
    hit = Hit(int(now().timestamp() * 1000), link, visitor_of(request.method, headers))
    recorder.note(Seen(mailing, subscriber, hit, links))
