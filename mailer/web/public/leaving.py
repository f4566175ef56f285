"""Leaving a list with one click, from the mail or from a mail program's own button.

RFC 8058: a mail provider POSTs `List-Unsubscribe=One-Click` to the address in the mail, from its own machines, with no
cookie and no browser. Any POST counts, whatever its body says: holding the token is the proof, and a provider that
spells the body differently must not leave a person on a list. GET and HEAD change nothing: link scanners follow them.

The answer is 200 only once the store has the change; while it is down, 503, and the provider comes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from mailer.bounces.store import Mark
from mailer.clock import now
from mailer.delivery.outbox.posting import post_goodbye
from mailer.delivery.press import Press
from mailer.issues.mailing import MailingId
from mailer.tokens import Kind
from mailer.web.pages import page
from mailer.web.public.mailedlink import UNKNOWN, read_mailed_link
from mailer.web.troubles import not_found
from subscribers.cohort import SubscriberId
from subscribers.consent import Consent, ConsentEvent
from subscribers.joining import confirm, leave
from subscribers.lists import ListId, MailingList
from subscribers.people import People
from subscribers.subscriber import Subscriber
from subscribers.subscription import SubscriptionState

router = APIRouter()

_UNDO_WITHIN = timedelta(hours=1)
"""A mail may lie about or be passed on for years; only somebody who has just left may take it back with its link."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Whose place on which list a token is about. None: erased, deleted, or a test that was about nobody."""

    subscriber: Subscriber | None
    mailing_list: MailingList | None
    state: SubscriptionState | None
    mailing: MailingId
    """The mailing whose link it was."""


# With a slash at the end, too: some programs add one, and a redirect would lose the POST (RFC 8058 §3.1).
@router.api_route("/u/{token}", methods=["GET", "HEAD"])
@router.api_route("/u/{token}/", methods=["GET", "HEAD"])
async def show_button(request: Request, token: str) -> Response:
    """Show who would leave which list, and the button."""
    place = await _place(request, token)
    return _unknown(request) if place is None else page(request, "public/leave.html", token=token, place=place)


@router.post("/u/{token}")
@router.post("/u/{token}/")
async def leave_at_once(request: Request, token: str) -> Response:
    """Take the person off the list. A repeat changes nothing and is as welcome."""
    place = await _place(request, token)
    if place is None:
        return _unknown(request)
    if place.subscriber and place.mailing_list:
        press: Press = request.app.state.press
        if await leave(press.people, place.subscriber.id, place.mailing_list.id, now()):
            await post_goodbye(press, place.mailing_list, place.subscriber.id, now())
        await press.reports.mark(place.mailing, place.subscriber.id, Mark.UNSUBSCRIBED)
    return page(request, "public/left.html", token=token, place=place)


@router.post("/u/{token}/undo")
async def come_back(request: Request, token: str) -> Response:
    """Put the person back on the list, if they have only just left it."""
    place = await _place(request, token)
    if place is None:
        return _unknown(request)
    is_back = False
    if place.subscriber and place.mailing_list:
        is_back = await _undo(_people(request), place.subscriber.id, place.mailing_list.id, now())
    return page(request, "public/back.html", token=token, place=place, is_back=is_back)


async def _place(request: Request, token: str) -> _Place | None:
    press: Press = request.app.state.press
    link = await read_mailed_link(press, Kind.UNSUBSCRIBE, token, numbers=3)
    if link is None:
        return None
    subscriber, mailing_list = link.subscriber, link.mailing_list
    state = await press.people.lists.state_of(mailing_list.id, subscriber.id) if subscriber and mailing_list else None
    return _Place(subscriber, mailing_list, state, MailingId(link.numbers[2]))


async def _undo(people: People, subscriber_id: SubscriberId, list_id: ListId, moment: datetime) -> bool:
    if await people.lists.state_of(list_id, subscriber_id) is not SubscriptionState.LEFT:
        return await people.lists.state_of(list_id, subscriber_id) is SubscriptionState.ACTIVE
    history = [entry for entry in await people.consents.of(subscriber_id) if entry.list_id == list_id]
    left = [entry.when for entry in history if entry.event is ConsentEvent.LEFT]
    if not left or moment - max(left) > _UNDO_WITHIN:
        return False
    asked = Consent(
        list_id=list_id, when=moment, words="Undo: I want to stay on the list", by="undo", event=ConsentEvent.ASKED
    )
    await people.consents.record(subscriber_id, asked)
    return await confirm(people, subscriber_id, list_id, moment)


def _people(request: Request) -> People:
    press: Press = request.app.state.press
    return press.people


def _unknown(request: Request) -> Response:
    return not_found(request, UNKNOWN)
