"""A person's place on a list: pending, active, paused or left, and who may change it.

    (nowhere) → pending → active → left → active, only by the person's own fresh confirmation
                       ↘ left   ⇅
                              paused → active by itself on the day that the person named

A person who left is never brought back by a form that anybody can fill in, nor by an import, nor by an admin. Nor does
any of them end a pause.
"""

from __future__ import annotations

from enum import StrEnum


class SubscriptionState(StrEnum):
    """Where a person stands on a list. Someone who never joined has no state."""

    PENDING = "pending"
    """Asked for, by somebody; not yet confirmed by the person."""
    ACTIVE = "active"
    """Gets the mail."""
    PAUSED = "paused"
    """Wants no mail until a day that they named; then they are active again by themselves."""
    LEFT = "left"
    """Does not want it, and is remembered for that."""


class Mover(StrEnum):
    """Who moves a person, and so how much it proves."""

    PERSON = "person"
    """The person, by a link that only they were sent."""
    FORM = "form"
    """A form that anybody can fill in with anybody's address."""
    OPERATOR = "operator"
    """An import, an admin, the command line."""


_PENDING, _ACTIVE, _PAUSED, _LEFT = SubscriptionState
_ANYBODY = frozenset(Mover)
_NO_STRANGER = frozenset({Mover.PERSON, Mover.OPERATOR})

MOVES: dict[tuple[SubscriptionState | None, SubscriptionState], frozenset[Mover]] = {
    (None, _PENDING): _ANYBODY,
    (None, _ACTIVE): _ANYBODY,  # by a form only on lists with single opt-in: `joining` sees to that
    (None, _LEFT): _NO_STRANGER,  # remembered, so that a later import does not add them
    (_PENDING, _ACTIVE): _ANYBODY,
    (_PENDING, _LEFT): _NO_STRANGER,
    (_ACTIVE, _PAUSED): frozenset({Mover.PERSON}),
    (_ACTIVE, _LEFT): _NO_STRANGER,
    (_PAUSED, _ACTIVE): frozenset({Mover.PERSON}),  # and by itself: `store.pauses`
    (_PAUSED, _LEFT): _NO_STRANGER,
    (_LEFT, _ACTIVE): frozenset({Mover.PERSON}),
}
"""Every legal move, and who may make it. A move to the state one is in already changes nothing and is always fine."""


def may_move(before: SubscriptionState | None, after: SubscriptionState, mover: Mover) -> bool:
    """Whether this move is legal, and this mover's to make."""
    return mover in MOVES.get((before, after), frozenset())
