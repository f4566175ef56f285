"""The form by which anybody can ask for a public list.

Whatever address is typed in, the answer is the same, so that nobody can find out who is on a list: a mail goes to the
address, and that mail says what there is to do. Without cookies, so that the form may also stand on other sites.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from mailer import clock
from mailer.delivery.outbox.posting import post_confirmation, post_preferences, post_welcome
from mailer.delivery.press import Press
from mailer.settings import IpDetail
from mailer.web.pages import page
from mailer.web.public.limitstore import is_allowed
from mailer.web.troubles import not_found
from subscribers.address import Address, parse_address
from subscribers.consent import Consent, truncated_ip
from subscribers.errors import AddressError, SuppressedError, UnknownListError
from subscribers.joining import Joined, join
from subscribers.lists import MailingList
from subscribers.subscription import SubscriptionState

router = APIRouter()

_A_DAY = timedelta(days=1)
_MAILS_A_DAY = 3
"""So many mails a day can a stranger let us send to one address."""
_REQUESTS_AN_HOUR = 2_000
"""So many requests an hour does one list take; a flood of forged ones ends here."""
_LONGEST_NAME = 100
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9]+)*\s*(?:[,;]|$)")
_CLOSED = "Nobody can join a list here. The address may be wrong, or the list is closed."


@router.api_route("/join/{slug}", methods=["GET", "HEAD"])
async def show_form(request: Request, slug: str) -> Response:
    """Show the form."""
    mailing_list = await _public_list(request, slug)
    if mailing_list is None:
        return not_found(request, _CLOSED)
    return _form(request, mailing_list)


@router.post("/join/{slug}")
async def ask_to_join(
    request: Request,
    slug: str,
    email: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    website: Annotated[str, Form()] = "",
) -> Response:
    """Take the request in, and let a mail go out by which the person confirms."""
    press: Press = request.app.state.press
    mailing_list = await _public_list(request, slug)
    if mailing_list is None:
        return not_found(request, _CLOSED)
    try:
        address = parse_address(email)
    except AddressError as error:
        return _form(request, mailing_list, address=email[:320], name=name[:_LONGEST_NAME], error=str(error))
    # A field that people do not see, and programs fill in.
    if not website:
        await _take_in(press, request, mailing_list, address, " ".join(name.split())[:_LONGEST_NAME])
    newsletter = await press.newsletters.get(mailing_list.newsletter)
    return page(request, "public/check_mail.html", list=mailing_list, address=address, newsletter=newsletter)


def _form(
    request: Request, mailing_list: MailingList, *, address: str = "", name: str = "", error: str = ""
) -> Response:
    return page(
        request,
        "public/join.html",
        status=422 if error else 200,
        list=mailing_list,
        words=_words(mailing_list),
        address=address,
        name=name,
        error=error,
    )


async def _take_in(press: Press, request: Request, mailing_list: MailingList, address: Address, name: str) -> None:
    now = clock.now()
    is_flood = not await is_allowed(
        press, f"join:{mailing_list.id}", most=_REQUESTS_AN_HOUR, within=timedelta(hours=1), now=now
    )
    if is_flood or not await is_allowed(press, f"mail:{address}", most=_MAILS_A_DAY, within=_A_DAY, now=now):
        return
    consent = Consent(
        list_id=mailing_list.id,
        when=now,
        words=_words(mailing_list),
        where=_where(request, press.settings.consent_ip),
        by=f"form /join/{mailing_list.slug}",
    )
    said = _LANGUAGE.match(request.headers.get("accept-language", ""))
    try:
        joined = await join(
            press.people, mailing_list, address, consent, now, name=name, language=said[1].lower() if said else ""
        )
    except SuppressedError:
        # Whether an address is suppressed is nobody's business but its owner's and the operator's.
        return
    await _answer(press, mailing_list, joined, now)


async def _answer(press: Press, mailing_list: MailingList, joined: Joined, now: datetime) -> None:
    person = joined.subscriber.id
    if joined.state in (SubscriptionState.PENDING, SubscriptionState.LEFT):
        await post_confirmation(press, mailing_list, person, now)
    elif mailing_list.is_double_opt_in:
        # They are on it already: the mail says so to them alone, with the way to their own page.
        await post_preferences(press, mailing_list, person, now)
    else:
        await post_welcome(press, mailing_list, person, now)


async def _public_list(request: Request, slug: str) -> MailingList | None:
    press: Press = request.app.state.press
    try:
        found = await press.people.lists.find(slug)
    except UnknownListError:
        return None
    return found if found.is_public and not found.is_archived else None


def _where(request: Request, detail: IpDetail) -> str:
    address = request.client.host if request.client else ""
    match detail:
        case IpDetail.FULL:
            return address
        case IpDetail.TRUNCATED:
            return truncated_ip(address)
        case IpDetail.NONE:
            return ""


def _words(mailing_list: MailingList) -> str:
    return f"Send me {mailing_list.name} by mail. I can leave with one press at any time."
