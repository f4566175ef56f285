"""How a person's address changes, and how two records of one person become one."""

from __future__ import annotations

from datetime import datetime

import msgspec

from subscribers.address import Address, sameness
from subscribers.cohort import SubscriberId
from subscribers.errors import ConflictError, SuppressedError
from subscribers.lists import ListId
from subscribers.people import People
from subscribers.subscriber import Subscriber
from subscribers.subscription import Mover, SubscriptionState
from subscribers.suppression import OF_THE_MAILBOX, Reason

_ORDER = (SubscriptionState.LEFT, SubscriptionState.PAUSED, SubscriptionState.ACTIVE, SubscriptionState.PENDING)
"""Of two states on one list, the first of these stays: whoever left under either address has left."""


async def change_address(people: People, person: Subscriber, address: Address) -> Subscriber:
    """Give a person another address; number, lists and consent stay theirs. May be repeated.

    What is suppressed for what its owner said or a court did stays so under the new address; what only the old mailbox
    was to blame for does not. Raises SuppressedError if the new address must not be mailed, ConflictError if it is
    somebody else's.
    """
    suppression = await people.suppressions.find(address)
    if suppression is not None:
        raise SuppressedError(suppression.reason)
    index = people.subscribers.index
    new, old = index.digest(address), index.digest(person.address)
    if not await index.assign(new, person.id):
        raise ConflictError(f"{address} is another person's address here. Merge the two people instead.")
    if sameness(address) != sameness(person.address):
        await _carry_over(people, person.address, address, person.id)
    # Between these two steps both addresses find the person; nobody else can get either.
    changed = await people.subscribers.update(msgspec.structs.replace(person, address=address))
    if sameness(address) != sameness(person.address):
        await index.forget(old)
        await people.suppressions.suppressed.refresh([person.id])
    return changed


async def _carry_over(people: People, old: Address, new: Address, person: SubscriberId) -> None:
    for one in await people.suppressions.own(old):
        if one.reason not in OF_THE_MAILBOX:
            await people.suppressions.suppress(
                new,
                one.reason,
                evidence=one.evidence,
                now=one.since,
                newsletter=one.newsletter,
                until=one.until,
                subscriber_id=person,
            )


async def _pause_too(people: People, list_id: ListId, kept: SubscriberId, other: SubscriberId) -> None:
    """Pause one person for as long as another is."""
    until = await people.lists.pauses.until(list_id, other)
    # Paused people have confirmed once; from pending or from nowhere, nobody pauses.
    await people.lists.move(list_id, [kept], SubscriptionState.ACTIVE, by=Mover.PERSON)
    if until is not None:
        await people.lists.pause(list_id, kept, until)


async def merge(people: People, kept: Subscriber, other: Subscriber, now: datetime) -> Subscriber:
    """Make one person of two: the first keeps number and address, and gets what only the other has.

    The other's address is suppressed then, so that no import brings it back. Raises ConflictError if somebody changes
    either meanwhile.
    """
    if kept.id == other.id:
        return kept
    for mailing_list in await people.lists.all():
        states = [await people.lists.state_of(mailing_list.id, one.id) for one in (kept, other)]
        wanted = next((state for state in _ORDER if state in states), None)
        if wanted is SubscriptionState.PAUSED and wanted is not states[0]:
            await _pause_too(people, mailing_list.id, kept.id, other.id)
        elif wanted is not None and wanted is not states[0]:
            await people.lists.move(mailing_list.id, [kept.id], wanted, by=Mover.PERSON)
        await people.lists.take_off(mailing_list.id, other.id)
    for consent in await people.consents.of(other.id):
        await people.consents.record(kept.id, consent)
    merged = msgspec.structs.replace(
        kept,
        name=kept.name or other.name,
        language=kept.language or other.language,
        fields=other.fields | kept.fields,
        tags=tuple(sorted({*kept.tags, *other.tags})),
        joined=min(kept.joined, other.joined),
    )
    changed = await people.subscribers.update(merged) if merged != kept else kept
    for one in await people.suppressions.own(other.address):
        await people.suppressions.suppress(
            kept.address,
            one.reason,
            evidence=f"merged with {other.address}",
            now=now,
            newsletter=one.newsletter,
            until=one.until,
        )
    # Nobody is to come back under the address that is no longer anybody's: not who left, and not twice.
    await people.suppressions.suppress(other.address, Reason.MANUAL, evidence=f"merged into {kept.address}", now=now)
    await people.consents.forget(other.id)
    await people.subscribers.delete(other.id)
    await people.suppressions.unmark(other.id)
    await people.subscribers.index.forget(people.subscribers.index.digest(other.address))
    return changed
