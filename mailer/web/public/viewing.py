"""The mail as a web page, for whom the mail program shows badly."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from mailer.delivery.press import Press
from mailer.errors import NotFoundError
from mailer.issues.mailing import Mailing, MailingId
from mailer.rendering.message import Assembler, MailingFacts
from mailer.tokens import Kind
from mailer.web.headers import OPEN_MAIL_POLICY
from mailer.web.pages import page
from mailer.web.public.mailedlink import UNKNOWN
from mailer.web.troubles import not_found
from subscribers.cohort import SubscriberId
from subscribers.lists import ListId
from subscribers.subscription import SubscriptionState

router = APIRouter()

_GONE = "This mail is not kept here any more."


@router.api_route("/v/{token}", methods=["GET", "HEAD"])
async def view_in_browser(request: Request, token: str) -> Response:
    """Show a person's own copy of a mailing."""
    press: Press = request.app.state.press
    numbers = press.tokens.read_link(Kind.VIEW, token)
    if numbers is None or len(numbers) != 2:
        return not_found(request, UNKNOWN)
    mailing_id, subscriber_id = MailingId(numbers[0]), SubscriberId(numbers[1])
    if not mailing_id:
        return page(request, "public/test_view.html")
    try:
        html = await _html(press, await press.mailings.get(mailing_id), subscriber_id)
    except NotFoundError:
        html = None
    if html is None:
        return not_found(request, _GONE)
    return HTMLResponse(html, headers={"content-security-policy": OPEN_MAIL_POLICY})


async def _html(press: Press, mailing: Mailing, subscriber_id: SubscriberId) -> str | None:
    subscriber = await press.people.subscribers.get(subscriber_id)
    if subscriber is None:
        return None
    through = await press.people.lists.get(await _list_of(press, mailing, subscriber_id))
    arm = mailing.arm_of(subscriber_id)
    assembler = Assembler(
        await press.editions.get(mailing.editions[arm]),
        await press.newsletters.get(mailing.newsletter),
        MailingFacts(
            mailing_id=mailing.id, list_id=through.id, list_slug=through.slug, list_name=through.name, arm=arm
        ),
        press.tokens,
        press.settings.public_url,
    )
    return assembler.view(subscriber)


async def _list_of(press: Press, mailing: Mailing, subscriber_id: SubscriberId) -> ListId:
    """Return the list through which the person was mailed: the first that they are active on, as in the passes."""
    places = await press.people.lists.lists_of(subscriber_id)
    on = [one for one in mailing.through if places.get(one) is SubscriptionState.ACTIVE]
    return (on or list(mailing.through))[0]
