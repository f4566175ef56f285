"""Tokens: what was signed is read back, and nothing else is."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.tokens import Kind, MailingTokens, Tokens

TOKENS = Tokens(b"a secret of at least thirty-two bytes")
NUMBERS = st.lists(st.integers(0, 2**63), max_size=4).map(tuple)
KINDS = st.sampled_from(Kind)


@given(KINDS, NUMBERS)
def test_a_link_token_gives_back_its_numbers(kind: Kind, numbers: tuple[int, ...]) -> None:
    assert TOKENS.read_link(kind, TOKENS.link(kind, *numbers)) == numbers


@given(KINDS, NUMBERS)
def test_a_local_part_token_survives_a_change_of_case(kind: Kind, numbers: tuple[int, ...]) -> None:
    token = TOKENS.local_part(kind, *numbers)

    assert TOKENS.read_local_part(kind, token) == numbers
    assert TOKENS.read_local_part(kind, token.upper()) == numbers


@given(NUMBERS, st.integers(0, 200), st.sampled_from(string.ascii_letters + string.digits + "-_"))
def test_a_token_with_another_character_is_none_of_ours(numbers: tuple[int, ...], place: int, other: str) -> None:
    token = TOKENS.link(Kind.UNSUBSCRIBE, *numbers)
    place %= len(token)
    changed = token[:place] + other + token[place + 1 :]

    assert (TOKENS.read_link(Kind.UNSUBSCRIBE, changed) is None) == (changed != token)


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert TOKENS.read_link(Kind.VIEW, text) is None
    assert TOKENS.read_local_part(Kind.RETURN_PATH, text) is None


@pytest.mark.parametrize("other", [kind for kind in Kind if kind is not Kind.UNSUBSCRIBE])
def test_a_token_of_one_kind_never_passes_as_another(other: Kind) -> None:
    assert TOKENS.read_link(other, TOKENS.link(Kind.UNSUBSCRIBE, 1, 2, 3)) is None


def test_another_secret_reads_nothing() -> None:
    stranger = Tokens(b"another secret of thirty-two bytes!!!!")

    assert stranger.read_link(Kind.UNSUBSCRIBE, TOKENS.link(Kind.UNSUBSCRIBE, 1, 2, 3)) is None


def test_the_longest_return_path_fits_into_a_local_part() -> None:
    token = TOKENS.local_part(Kind.RETURN_PATH, 2**31, 2**40)

    assert len(f"b+{token}") <= 64


@given(st.integers(0, 2**40), st.integers(0, 2**31), st.integers(0, 2**20))
def test_the_tokens_of_a_mailing_are_those_that_are_made_one_by_one(
    subscriber: int, mailing: int, list_id: int
) -> None:
    signed = MailingTokens(TOKENS, mailing, list_id)
    packed = signed.packed(subscriber)

    numbers = (subscriber, list_id, mailing)
    link, local_part = signed.unsubscribe(packed)
    assert link.decode() == TOKENS.link(Kind.UNSUBSCRIBE, *numbers)
    assert local_part == TOKENS.local_part(Kind.UNSUBSCRIBE, *numbers)
    assert signed.view(packed).decode() == TOKENS.link(Kind.VIEW, mailing, subscriber)
    assert signed.return_path(packed) == TOKENS.local_part(Kind.RETURN_PATH, mailing, subscriber)
    assert signed.message_id(packed) == TOKENS.local_part(Kind.MESSAGE_ID, mailing, subscriber)
