"""A person's own page: their name and language, which of a newsletter's lists they get, and pauses.

The link to it stands in mails, which are passed on and lie about for years. So what it does can be done by whoever has
such a mail: leaving works at once, joining another list only by a confirmation that goes to the person's address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from mailer import clock
from mailer.delivery.outbox.posting import post_confirmation, post_goodbye
from mailer.delivery.press import Press
from mailer.issues.newsletter import Newsletter
from mailer.tokens import Kind
from mailer.web.pages import page
from mailer.web.public.mailedlink import UNKNOWN, read_mailed_link
from mailer.web.troubles import not_found
from subscribers.consent import Consent
from subscribers.errors import SuppressedError
from subscribers.joining import end_pause, join, leave, leave_newsletter, pause
from subscribers.lists import ListId, MailingList
from subscribers.subscriber import Subscriber
from subscribers.subscription import SubscriptionState

router = APIRouter()

_LONGEST_NAME = 100
_PAUSES = {"pause-1": timedelta(days=30), "pause-3": timedelta(days=91)}
_LANGUAGES = {
    "": "As the newsletter is",
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "fr": "Français",
    "zh": "中文",
}
_GONE = "This address is not kept here any more, so there is nothing to set."


@dataclass(frozen=True, slots=True)
class _Place:
    """One list, and whether the person gets it."""

    mailing_list: MailingList
    state: SubscriptionState | None
    paused_until: datetime | None = None

    @property
    def is_on(self) -> bool:
        """Whether they get it, or will once a pause is over."""
        return self.state not in (None, SubscriptionState.PENDING, SubscriptionState.LEFT)


@dataclass(frozen=True, slots=True)
class _Choices:
    """A person, and what they can choose from."""

    subscriber: Subscriber
    newsletter: Newsletter
    places: list[_Place]

    @property
    def paused_until(self) -> datetime | None:
        """Until when something is paused; None if nothing is."""
        return max((place.paused_until for place in self.places if place.paused_until), default=None)

    @property
    def may_pause(self) -> bool:
        """Whether there is anything to pause."""
        return any(place.state is SubscriptionState.ACTIVE for place in self.places)


@router.api_route("/p/{token}", methods=["GET", "HEAD"])
async def show_choices(request: Request, token: str) -> Response:
    """Show the page."""
    choices = await _choices(request, token)
    return choices if isinstance(choices, Response) else _show(request, token, choices, "")


@router.post("/p/{token}")
async def keep_choices(request: Request, token: str) -> Response:
    """Take in what the person chose; a repeat changes nothing."""
    press: Press = request.app.state.press
    choices = await _choices(request, token)
    if isinstance(choices, Response):
        return choices
    form, now = await request.form(), clock.now()
    wanted = str(form.get("do", ""))
    if wanted == "leave-all":
        said = await _leave_all(press, choices, now)
    elif wanted in _PAUSES:
        said = await _pause(press, choices, now + _PAUSES[wanted], now)
    elif wanted == "resume":
        said = await _resume(press, choices, now)
    else:
        said = await _keep(press, choices, form, now)
    after = await _choices(request, token)
    return after if isinstance(after, Response) else _show(request, token, after, said)


async def _pause(press: Press, choices: _Choices, until: datetime, now: datetime) -> str:
    for place in choices.places:
        if place.is_on:
            await pause(press.people, choices.subscriber.id, place.mailing_list.id, until, now, by="own page")
    return f"Nothing comes until {until.day} {until:%B %Y}. After that it comes again by itself."


async def _resume(press: Press, choices: _Choices, now: datetime) -> str:
    for place in choices.places:
        await end_pause(press.people, choices.subscriber.id, place.mailing_list.id, now, by="own page")
    return "Mail comes again from now on."


async def _leave_all(press: Press, choices: _Choices, now: datetime) -> str:
    person = choices.subscriber
    await leave_newsletter(press.people, person, choices.newsletter.slug, now, by="own page")
    left = [place for place in choices.places if place.is_on]
    for place in left[:1]:
        await post_goodbye(press, place.mailing_list, person.id, now)
    return f"You have left {choices.newsletter.name}. Nothing of it comes to you any more, from this moment on."


async def _keep(press: Press, choices: _Choices, form: FormData, now: datetime) -> str:
    person = choices.subscriber
    name = " ".join(str(form.get("name", "")).split())[:_LONGEST_NAME]
    language = str(form.get("language", ""))
    changed = msgspec.structs.replace(
        person, name=name, language=language if language in _LANGUAGES else person.language
    )
    if changed != person:
        await press.people.subscribers.update(changed)
    wanted = {str(one) for one in form.getlist("list")}
    asked = []
    for place in choices.places:
        if place.is_on and place.mailing_list.slug not in wanted:
            await leave(press.people, person.id, place.mailing_list.id, now, by="own page")
            await post_goodbye(press, place.mailing_list, person.id, now)
        elif not place.is_on and place.mailing_list.slug in wanted and await _ask(press, place, person, now):
            asked.append(place.mailing_list.name)
    if asked:
        return f"Saved. Check your mail, and confirm there that you want {' and '.join(asked)}."
    return "Saved."


async def _ask(press: Press, place: _Place, person: Subscriber, now: datetime) -> bool:
    consent = Consent(
        list_id=place.mailing_list.id, when=now, words=f"Send me {place.mailing_list.name}", by="own page"
    )
    try:
        joined = await join(press.people, place.mailing_list, person.address, consent, now)
    except SuppressedError:
        return False
    if joined.needs_confirmation:
        await post_confirmation(press, place.mailing_list, person.id, now)
    return joined.needs_confirmation


def _is_shown(one: MailingList, standing: Mapping[ListId, SubscriptionState]) -> bool:
    """Whether a person sees a list: the public ones, and those that they are on; none that is archived."""
    return (one.is_public or one.id in standing) and not one.is_archived


async def _choices(request: Request, token: str) -> _Choices | Response:
    press: Press = request.app.state.press
    link = await read_mailed_link(press, Kind.PREFERENCES, token, numbers=3)
    if link is None:
        return not_found(request, UNKNOWN)
    subscriber = link.subscriber
    if subscriber is None or link.mailing_list is None:
        return not_found(request, _GONE)
    newsletter = await press.newsletters.get(link.mailing_list.newsletter)
    standing = await press.people.lists.lists_of(subscriber.id)
    places = [
        _Place(one, standing.get(one.id), await _paused_until(press, subscriber, one, standing.get(one.id)))
        for one in await press.people.lists.all()
        if one.newsletter == newsletter.slug and _is_shown(one, standing)
    ]
    return _Choices(subscriber, newsletter, places)


async def _paused_until(
    press: Press, subscriber: Subscriber, mailing_list: MailingList, state: SubscriptionState | None
) -> datetime | None:
    if state is not SubscriptionState.PAUSED:
        return None
    return await press.people.lists.pauses.until(mailing_list.id, subscriber.id)


def _show(request: Request, token: str, choices: _Choices, said: str) -> Response:
    return page(request, "public/preferences.html", token=token, choices=choices, said=said, languages=_LANGUAGES)
