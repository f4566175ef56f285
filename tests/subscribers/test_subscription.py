from __future__ import annotations

import pytest

from subscribers.subscription import MOVES, Mover, SubscriptionState, may_move

PENDING, ACTIVE, PAUSED, LEFT = SubscriptionState


@pytest.mark.parametrize("mover", [Mover.FORM, Mover.OPERATOR])
@pytest.mark.parametrize("state", [PENDING, ACTIVE])
def test_nobody_else_brings_back_a_person_who_left(state: SubscriptionState, mover: Mover) -> None:
    assert not may_move(LEFT, state, mover)


def test_a_person_comes_back_by_confirming() -> None:
    assert may_move(LEFT, ACTIVE, Mover.PERSON)


def test_a_stranger_takes_nobody_off_a_list() -> None:
    assert not any(may_move(state, LEFT, Mover.FORM) for state in (None, PENDING, ACTIVE))


def test_nobody_has_to_confirm_twice() -> None:
    assert not any(may_move(ACTIVE, PENDING, mover) for mover in Mover)


@pytest.mark.parametrize("mover", [Mover.FORM, Mover.OPERATOR])
def test_nobody_else_pauses_a_person_or_ends_their_pause(mover: Mover) -> None:
    assert not any(may_move(state, PAUSED, mover) for state in (None, PENDING, ACTIVE, LEFT))
    assert not any(may_move(PAUSED, state, mover) for state in (PENDING, ACTIVE))


def test_a_person_pauses_and_comes_back() -> None:
    assert may_move(ACTIVE, PAUSED, Mover.PERSON)
    assert may_move(PAUSED, ACTIVE, Mover.PERSON)
    assert not may_move(PENDING, PAUSED, Mover.PERSON)


def test_no_move_ends_where_it_began() -> None:
    assert all(before is not after for before, after in MOVES)
