"""A link that was mailed to somebody: whom and which list its signed token is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mailer.delivery.press import Press
from mailer.tokens import Kind
from subscribers.cohort import SubscriberId
from subscribers.errors import UnknownListError
from subscribers.lists import ListId, MailingList
from subscribers.subscriber import Subscriber

UNKNOWN: Final = "This link was not made here, or was cut short. Copy the whole address from the mail."
"""What whoever holds a token is told that says nothing."""


@dataclass(frozen=True, slots=True)
class MailedLink:
    """What a token says, and what is still there of it. None: erased or deleted, or nobody's from the beginning."""

    numbers: tuple[int, ...]
    """The person's, the list's, and what else this kind of token has."""
    subscriber: Subscriber | None
    mailing_list: MailingList | None


async def read_mailed_link(press: Press, kind: Kind, token: str, *, numbers: int) -> MailedLink | None:
    """Return what a token of this kind, with so many numbers, is about; None for one that was not made here."""
    told = press.tokens.read_link(kind, token)
    if told is None or len(told) != numbers:
        return None
    try:
        mailing_list = await press.people.lists.get(ListId(told[1]))
    except UnknownListError:
        mailing_list = None
    return MailedLink(tuple(told), await press.people.subscribers.get(SubscriberId(told[0])), mailing_list)
