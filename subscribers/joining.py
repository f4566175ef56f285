"""How a person joins a list, confirms, and leaves.

Each step may be repeated and changes nothing the second time. The order of the writes is such that a crash between two
of them leaves less than was asked for, never more: the proof before the place on the list, and leaving before its
record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from subscribers.address import Address
from subscribers.cohort import SubscriberId
from subscribers.consent import Consent, ConsentEvent, is_fresh
from subscribers.errors import SuppressedError
from subscribers.lists import ListId, MailingList
from subscribers.people import People
from subscribers.subscriber import Subscriber
from subscribers.subscription import Mover, SubscriptionState


@dataclass(frozen=True, slots=True)
class Joined:
    """Where a person stands after asking to join. Not active: they are to be sent a confirmation link."""

    subscriber: Subscriber
    state: SubscriptionState

    @property
    def needs_confirmation(self) -> bool:
        """Whether the person must confirm by a link before they get the list's mail."""
        return self.state is not SubscriptionState.ACTIVE


async def join(
    people: People,
    mailing_list: MailingList,
    address: Address,
    consent: Consent,
    now: datetime,
    *,
    name: str = "",
    language: str = "",
) -> Joined:
    """Note that somebody asked for the list with this address; active at once only where the list is single opt-in.

    A person who left stays left until they confirm: anybody can fill in a form. Raises SuppressedError.
    """
    suppression = await people.suppressions.find(address)
    if suppression is not None:
        raise SuppressedError(suppression.reason)
    subscriber, _ = await people.subscribers.add(address, name=name, language=language, now=now)
    await people.consents.record(subscriber.id, consent)
    wanted = SubscriptionState.PENDING if mailing_list.is_double_opt_in else SubscriptionState.ACTIVE
    await people.lists.move(mailing_list.id, [subscriber.id], wanted, by=Mover.FORM)
    state = await people.lists.state_of(mailing_list.id, subscriber.id)
    return Joined(subscriber, state or wanted)


async def confirm(people: People, subscriber_id: SubscriberId, list_id: ListId, now: datetime) -> bool:
    """Make the person active, by the link that only they were sent; return whether that changed anything.

    A link from before they left changes nothing: they must ask again first. Nor does the link of an erased person.
    """
    if await people.subscribers.get(subscriber_id) is None:
        return False
    if not is_fresh(await people.consents.of(subscriber_id), list_id):
        return False
    if await people.lists.state_of(list_id, subscriber_id) is not SubscriptionState.ACTIVE:
        confirmed = Consent(list_id=list_id, when=now, by="confirmation link", event=ConsentEvent.CONFIRMED)
        await people.consents.record(subscriber_id, confirmed)
    done = await people.lists.move(list_id, [subscriber_id], SubscriptionState.ACTIVE, by=Mover.PERSON)
    return bool(done.moved)


async def leave(
    people: People, subscriber_id: SubscriberId, list_id: ListId, now: datetime, *, by: str = "unsubscribe link"
) -> bool:
    """Take the person off the list, for good unless they ask again; return whether that changed anything."""
    if await people.subscribers.get(subscriber_id) is None:
        return False
    done = await people.lists.move(list_id, [subscriber_id], SubscriptionState.LEFT, by=Mover.PERSON)
    # Written also where a crash kept it from being written, and where they had asked again meanwhile.
    if done.moved or is_fresh(await people.consents.of(subscriber_id), list_id):
        left = Consent(list_id=list_id, when=now, by=by, event=ConsentEvent.LEFT)
        await people.consents.record(subscriber_id, left)
    return bool(done.moved)
