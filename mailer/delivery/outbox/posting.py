"""Asking for one-off mail: what is posted stands in the outbox, on disk, and goes out by itself.

Each has an idempotency key, so that a doubled form, a crash and a second try of an import make one message.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mailer.delivery.outbox.oneoff import Notice, OneOffId, Order
from mailer.delivery.press import Press
from subscribers.cohort import SubscriberId
from subscribers.lists import MailingList
from subscribers.subscription import SubscriptionState

CONFIRM_AGAIN_AFTER = timedelta(minutes=10)
"""How soon the same person can be sent another confirmation for the same list, or another link to their page."""


async def post_confirmation(
    press: Press, mailing_list: MailingList, subscriber: SubscriberId, now: datetime
) -> OneOffId:
    """Send the link by which a person confirms that they want the list; once in ten minutes, however often asked."""
    return await _post(press, Notice.CONFIRM, mailing_list, subscriber, now, per=_window(now))


async def post_preferences(
    press: Press, mailing_list: MailingList, subscriber: SubscriberId, now: datetime
) -> OneOffId:
    """Send a person the link to the page of what they get."""
    return await _post(press, Notice.PREFERENCES, mailing_list, subscriber, now, per=_window(now))


async def post_welcome(press: Press, mailing_list: MailingList, subscriber: SubscriberId, now: datetime) -> None:
    """Welcome a person who has just come onto the list, if its newsletter does so."""
    if await _wants(press, mailing_list, Notice.WELCOME):
        await _post(press, Notice.WELCOME, mailing_list, subscriber, now, per=f"{now:%Y-%m-%d}")


async def post_goodbye(press: Press, mailing_list: MailingList, subscriber: SubscriberId, now: datetime) -> None:
    """Tell a person that they have left, if the newsletter does so."""
    if await _wants(press, mailing_list, Notice.GOODBYE):
        await _post(press, Notice.GOODBYE, mailing_list, subscriber, now, per=f"{now:%Y-%m-%d}")


async def post_confirmations(press: Press, mailing_list: MailingList, now: datetime) -> int:
    """Send a confirmation to everybody pending on a list who was sent none by this in 30 days; return how many."""
    pending = await press.people.lists.cohort(mailing_list.id, SubscriptionState.PENDING)
    count = 0
    for subscriber in pending:
        order = _order(Notice.CONFIRM, mailing_list, subscriber, now)
        _, is_new = await press.outbox.post(order, f"confirm:{mailing_list.id}:{subscriber}:imported", now)
        count += is_new
    return count


async def _wants(press: Press, mailing_list: MailingList, notice: Notice) -> bool:
    # Whoever leaves has left, also a list whose newsletter is not there (any more).
    newsletter = await press.newsletters.find(mailing_list.newsletter)
    return newsletter is not None and notice in newsletter.notices


async def _post(
    press: Press, notice: Notice, mailing_list: MailingList, subscriber: SubscriberId, now: datetime, *, per: str
) -> OneOffId:
    order = _order(notice, mailing_list, subscriber, now)
    one_off, _ = await press.outbox.post(order, f"{notice}:{mailing_list.id}:{subscriber}:{per}", now)
    return one_off


def _order(notice: Notice, mailing_list: MailingList, subscriber: SubscriberId, now: datetime) -> Order:
    return Order(
        notice=notice,
        newsletter=mailing_list.newsletter,
        list_id=mailing_list.id,
        subscriber=subscriber,
        created=now,
    )


def _window(now: datetime) -> str:
    return str(int(now.timestamp() // CONFIRM_AGAIN_AFTER.total_seconds()))
