"""Addresses that say whom a returning mail is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.bounces.verp import (
    read_return_path,
    read_unsubscribe_address,
    refusal_of,
    return_path,
    unsubscribe_address,
)
from mailer.tokens import Tokens

TOKENS = Tokens(b"a secret for tests that is long enough")
OTHER = Tokens(b"another secret that is just as long ok")
ids = st.integers(0, 2**40)


@given(ids, ids)
def test_a_return_path_says_whom_it_was_made_for(mailing: int, subscriber: int) -> None:
    address = return_path(TOKENS, mailing, subscriber, "bounces.example.com")

    assert read_return_path(TOKENS, address) == (mailing, subscriber)
    assert len(address.partition("@")[0]) <= 64


@given(ids, ids, st.integers(0, 2**20))
def test_an_unsubscribe_address_says_who_leaves_which_list(subscriber: int, mailing: int, list_id: int) -> None:
    address = unsubscribe_address(TOKENS, subscriber, list_id, mailing, "bounces.example.com")

    assert read_unsubscribe_address(TOKENS, address) == (subscriber, list_id, mailing)
    assert len(address.partition("@")[0]) <= 64


def test_case_does_not_matter() -> None:
    address = return_path(TOKENS, 7, 1_000_000, "bounces.example.com")

    assert read_return_path(TOKENS, address.upper()) == (7, 1_000_000)


@given(st.text(max_size=80))
def test_any_text_is_an_address_of_ours_or_none(text: str) -> None:
    assert read_return_path(TOKENS, text) is None
    assert read_unsubscribe_address(TOKENS, text) is None


@pytest.mark.parametrize("change", ["{0}x", "x{0}", " {0}", "<{0}>", "prvs=1234={0}"])
def test_nothing_is_stripped_or_repaired(change: str) -> None:
    local_part, _, domain = return_path(TOKENS, 7, 9, "example.com").partition("@")

    assert read_return_path(TOKENS, f"{change.format(local_part)}@{domain}") is None


def test_kinds_cannot_be_mixed_up() -> None:
    back = return_path(TOKENS, 7, 9, "example.com")
    leave = unsubscribe_address(TOKENS, 9, 1, 7, "example.com")

    assert read_unsubscribe_address(TOKENS, "u" + back[1:]) is None
    assert read_return_path(TOKENS, "b" + leave[1:]) is None


@pytest.mark.parametrize(
    ("address", "reply"),
    [
        (return_path(TOKENS, 1, 2, "example.com"), None),
        (unsubscribe_address(TOKENS, 2, 1, 1, "example.com"), None),
        ("postmaster", None),
        ("Postmaster@example.com", None),
        ("abuse@example.com", None),
        (return_path(OTHER, 1, 2, "example.com"), "550 5.1.1"),
        ("b+aaaa@example.com", "550 5.1.1"),
        ("anna@example.com", "550 5.7.1"),
        ("", "550 5.7.1"),
    ],
)
def test_only_our_own_addresses_are_taken(address: str, reply: str | None) -> None:
    refusal = refusal_of(TOKENS, address)

    assert refusal is None if reply is None else (refusal or "").startswith(reply)
