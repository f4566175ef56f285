"""The link by which a person confirms that they want a list.

GET shows one button, since link scanners follow every link in a mail; the POST confirms. A link that is too old, or
older than the person's leaving, offers to send a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from mailer import clock
from mailer.delivery.outbox.posting import post_confirmation, post_welcome
from mailer.delivery.press import Press
from mailer.tokens import Kind
from mailer.web.pages import page
from mailer.web.public.limitstore import is_allowed
from mailer.web.public.mailedlink import UNKNOWN, read_mailed_link
from mailer.web.troubles import not_found
from subscribers.consent import Consent, ConsentEvent, is_fresh
from subscribers.errors import SuppressedError
from subscribers.joining import confirm, join
from subscribers.lists import MailingList
from subscribers.subscriber import Subscriber
from subscribers.subscription import SubscriptionState

router = APIRouter()

_VALID_FOR = timedelta(days=30)
_MAILS_A_DAY = 3
_GONE = "This address or this list is not kept here any more. Ask for the list anew where you found it."


@dataclass(frozen=True, slots=True)
class _Request:
    """Who confirms which list."""

    subscriber: Subscriber
    mailing_list: MailingList
    is_active: bool
    is_over: bool
    """Whether the link is too old."""


@router.api_route("/confirm/{token}", methods=["GET", "HEAD"])
async def show_button(request: Request, token: str) -> Response:
    """Show who would get which list, and the button."""
    asked = await _asked(request, token)
    return asked if isinstance(asked, Response) else page(request, "public/confirm.html", token=token, asked=asked)


@router.post("/confirm/{token}")
async def confirm_now(request: Request, token: str) -> Response:
    """Put the person on the list. A repeat changes nothing."""
    press: Press = request.app.state.press
    asked = await _asked(request, token)
    if isinstance(asked, Response):
        return asked
    if asked.is_over:
        return page(request, "public/confirm.html", token=token, asked=asked)
    now = clock.now()
    if await confirm(press.people, asked.subscriber.id, asked.mailing_list.id, now):
        await post_welcome(press, asked.mailing_list, asked.subscriber.id, now)
    return page(request, "public/confirmed.html", asked=asked, page_token=_page_token(press, asked))


@router.post("/confirm/{token}/again")
async def ask_again(request: Request, token: str) -> Response:
    """Send the person of an old link a new one."""
    press: Press = request.app.state.press
    asked = await _asked(request, token)
    if isinstance(asked, Response):
        return asked
    now, address = clock.now(), asked.subscriber.address
    if await is_allowed(press, f"mail:{address}", most=_MAILS_A_DAY, within=timedelta(days=1), now=now):
        await _ask(press, asked, now)
    newsletter = await press.newsletters.get(asked.mailing_list.newsletter)
    return page(request, "public/check_mail.html", list=asked.mailing_list, address=address, newsletter=newsletter)


async def _ask(press: Press, asked: _Request, now: datetime) -> None:
    consent = Consent(
        list_id=asked.mailing_list.id, when=now, words=f"Send me {asked.mailing_list.name}", by="old confirmation link"
    )
    try:
        await join(press.people, asked.mailing_list, asked.subscriber.address, consent, now)
    except SuppressedError:
        return
    await post_confirmation(press, asked.mailing_list, asked.subscriber.id, now)


async def _asked(request: Request, token: str) -> _Request | Response:
    press: Press = request.app.state.press
    link = await read_mailed_link(press, Kind.CONFIRM, token, numbers=2)
    if link is None:
        return not_found(request, UNKNOWN)
    subscriber, mailing_list = link.subscriber, link.mailing_list
    if subscriber is None or mailing_list is None:
        return not_found(request, _GONE)
    state = await press.people.lists.state_of(mailing_list.id, subscriber.id)
    history = await press.people.consents.of(subscriber.id)
    asked = [
        entry.when
        for entry in history
        if entry.list_id == mailing_list.id and entry.event in (ConsentEvent.ASKED, ConsentEvent.IMPORTED)
    ]
    is_active = state not in (None, SubscriptionState.PENDING, SubscriptionState.LEFT)
    is_recent = bool(asked) and clock.now() - max(asked) <= _VALID_FOR
    is_over = not is_active and not (is_recent and is_fresh(history, mailing_list.id))
    return _Request(subscriber, mailing_list, is_active, is_over)


def _page_token(press: Press, asked: _Request) -> str:
    return press.tokens.link(Kind.PREFERENCES, asked.subscriber.id, asked.mailing_list.id, 0)
