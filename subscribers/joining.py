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
from subscribers.errors import ConflictError, SuppressedError
from subscribers.lists import ListId, MailingList
from subscribers.people import People
from subscribers.subscriber import Subscriber
from subscribers.subscription import Mover, SubscriptionState
from subscribers.suppression import Reason, Suppression, strongest


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

    A person who left stays left until they confirm: anybody can fill in a form. Raises SuppressedError, and
    ConflictError for a list that is put away.
    """
    if mailing_list.is_archived:
        raise ConflictError(f"The list “{mailing_list.slug}” is archived, so nobody can join it.")
    in_the_way = await _in_the_way(people, address, mailing_list.newsletter)
    if barrier := strongest([one for one in in_the_way if one.reason is not Reason.LEFT]):
        raise SuppressedError(barrier.reason)
    subscriber, _ = await people.subscribers.add(address, name=name, language=language, now=now)
    await people.consents.record(subscriber.id, consent)
    must_confirm = mailing_list.is_double_opt_in or in_the_way
    wanted = SubscriptionState.PENDING if must_confirm else SubscriptionState.ACTIVE
    await people.lists.move(mailing_list.id, [subscriber.id], wanted, by=Mover.FORM)
    state = await people.lists.state_of(mailing_list.id, subscriber.id)
    return Joined(subscriber, state or wanted)


async def _in_the_way(people: People, address: Address, newsletter: str) -> list[Suppression]:
    return [one for one in await people.suppressions.all_of(address) if one.newsletter in ("", newsletter)]


async def confirm(people: People, subscriber_id: SubscriberId, list_id: ListId, now: datetime) -> bool:
    """Make the person active, by the link that only they were sent; return whether that changed anything.

    A link from before they left changes nothing: they must ask again first. Nor does the link of an erased person.
    """
    person = await people.subscribers.get(subscriber_id)
    if person is None:
        return False
    if not is_fresh(await people.consents.of(subscriber_id), list_id):
        return False
    if await people.lists.state_of(list_id, subscriber_id) is not SubscriptionState.ACTIVE:
        confirmed = Consent(list_id=list_id, when=now, by="confirmation link", event=ConsentEvent.CONFIRMED)
        await people.consents.record(subscriber_id, confirmed)
    newsletter = (await people.lists.get(list_id)).newsletter
    for one in await _in_the_way(people, person.address, newsletter):
        if one.reason is Reason.LEFT:
            await people.suppressions.remove(person.address, "They confirmed anew.", now, one.newsletter)
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


async def pause(
    people: People, subscriber_id: SubscriberId, list_id: ListId, until: datetime, now: datetime, *, by: str
) -> bool:
    """Mail the person nothing from this list until a moment; then they are active again by themselves.

    Return whether they are paused; False for whoever is not on the list, or left. May be repeated, with another moment.
    """
    if not await people.lists.pause(list_id, subscriber_id, until):
        return False
    words = f"No mail until {until:%Y-%m-%d %H:%M} UTC."
    paused = Consent(list_id=list_id, when=now, words=words, by=by, event=ConsentEvent.PAUSED)
    await people.consents.record(subscriber_id, paused)
    return True


async def end_pause(people: People, subscriber_id: SubscriberId, list_id: ListId, now: datetime, *, by: str) -> bool:
    """Mail the person again from now on, as they ask; return whether they were paused."""
    if await people.lists.state_of(list_id, subscriber_id) is not SubscriptionState.PAUSED:
        return False
    ended = Consent(list_id=list_id, when=now, words="Mail again.", by=by, event=ConsentEvent.PAUSED)
    await people.consents.record(subscriber_id, ended)
    await people.lists.move(list_id, [subscriber_id], SubscriptionState.ACTIVE, by=Mover.PERSON)
    await people.lists.pauses.forget(list_id, subscriber_id)
    return True


async def leave_newsletter(people: People, person: Subscriber, newsletter: str, now: datetime, *, by: str) -> bool:
    """Take the person off every list of a newsletter, also those that it has not yet; return whether that is new.

    Their own fresh confirmation on one of its lists brings them back.
    """
    # First: from here on nobody mails them.
    is_new = await people.suppressions.suppress(
        person.address, Reason.LEFT, evidence=by, now=now, newsletter=newsletter, subscriber_id=person.id
    )
    standing = await people.lists.lists_of(person.id)
    for mailing_list in await people.lists.all():
        if mailing_list.newsletter == newsletter and mailing_list.id in standing:
            await leave(people, person.id, mailing_list.id, now, by=by)
    return is_new
