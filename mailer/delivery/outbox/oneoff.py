"""A one-off: one message to one person, such as a confirmation, with a ledger of its own.

    pending → accepted | refused | excluded | uncertain,  and by an operator's word back to pending

It stands in the outbox from the moment it was asked for, so that whoever asked may forget about it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NewType

import msgspec

from mailer.errors import ConflictError
from subscribers.cohort import SubscriberId
from subscribers.lists import ListId
from subscribers.subscription import SubscriptionState

OneOffId = NewType("OneOffId", int)


class OneOffState(StrEnum):
    """Where a one-off stands; the words are a ledger's (see `delivery.ledger`)."""

    PENDING = "pending"
    """To be handed over, for the first time or again."""
    ACCEPTED = "accepted"
    """The relay took it. Final."""
    REFUSED = "refused"
    """The relay refused it, or had put it off for too long."""
    EXCLUDED = "excluded"
    """It must not go out (any more): the person is suppressed, was erased, or has done meanwhile what it asks for."""
    UNCERTAIN = "uncertain"
    """It had gone out and no reply was recorded; kept so only where the operator wants to decide."""


_PENDING = frozenset({OneOffState.PENDING})

MOVES: dict[OneOffState, frozenset[OneOffState]] = {
    OneOffState.PENDING: frozenset(OneOffState),
    OneOffState.ACCEPTED: frozenset(),
    OneOffState.REFUSED: _PENDING,
    OneOffState.EXCLUDED: _PENDING,
    OneOffState.UNCERTAIN: _PENDING,
}
"""From each state, the states that may follow. From pending to pending: put off."""


class Notice(StrEnum):
    """What a one-off says; each has a source in `templates/email/notices`."""

    CONFIRM = "confirm"
    WELCOME = "welcome"
    GOODBYE = "goodbye"
    PREFERENCES = "preferences"


_S = SubscriptionState

WANTED: dict[Notice, frozenset[SubscriptionState | None]] = {
    # Who left and asked again stays left until they confirm.
    Notice.CONFIRM: frozenset({_S.PENDING, _S.LEFT}),
    Notice.WELCOME: frozenset({_S.ACTIVE}),
    Notice.GOODBYE: frozenset({_S.LEFT}),
    Notice.PREFERENCES: frozenset({None, *_S}),
}
"""Where the person must stand on the list when it goes out; else it has become pointless."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; it never changes."""

    notice: Notice
    newsletter: str
    """The newsletter's slug; its sender and look are used."""
    list_id: ListId
    subscriber: SubscriberId
    created: datetime


class OneOff(msgspec.Struct, frozen=True, kw_only=True):
    """An order, and where it stands."""

    id: OneOffId
    order: Order
    state: OneOffState = OneOffState.PENDING
    due: datetime | None = None
    """When it is handed over next; None unless it is pending."""
    tries: int = 0
    first_try: datetime | None = None
    fence: int = 0
    """How often it was ever taken; who writes must have taken it last."""
    is_claimed: bool = False
    """Whether its message may be on the wire, or was when its worker died."""
    sentence: str = ""
    """What the relay said last, or why it is excluded."""
    message: bytes = b""
    """The message without signature, from its first try until it is settled: a second try is the same message."""

    def check_move(self, to: OneOffState) -> None:
        """Raise ConflictError for a move that `MOVES` does not have."""
        if to not in MOVES[self.state]:
            raise ConflictError(f"Message {self.id} is {self.state} and cannot become {to}.")
