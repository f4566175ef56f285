"""The table of moves."""

from __future__ import annotations

from mailer.issues.mailing import ACTIVE_STATES, FINAL_STATES, MOVES, MailingState


def test_every_state_has_its_row() -> None:
    assert set(MOVES) == set(MailingState)


def test_only_complete_and_cancelled_are_final() -> None:
    assert {MailingState.COMPLETE, MailingState.CANCELLED} == FINAL_STATES


def test_every_mailing_that_is_not_final_can_be_cancelled() -> None:
    assert all(MailingState.CANCELLED in MOVES[state] for state in MailingState if state not in FINAL_STATES)


def test_sending_begins_only_from_scheduled_or_paused() -> None:
    sources = {state for state, following in MOVES.items() if MailingState.SENDING in following}

    assert sources == {MailingState.SCHEDULED, MailingState.PAUSED}


def test_final_states_are_not_active() -> None:
    assert not ACTIVE_STATES & FINAL_STATES
