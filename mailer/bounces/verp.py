"""Addresses that say whom a returning mail is about: the return path, and the mailto form of unsubscribing.

    b+<token>@bounces.example.com    MAIL FROM of one person's message of one mailing (VERP)
    b+<token>@bounces.example.com    the same of a message outside of any mailing; its token is of another kind
    u+<token>@bounces.example.com    the mailto URI in List-Unsubscribe (RFC 2369 §3.2)

The token is signed (`mailer.tokens`), so nobody can write such an address for somebody else. Case does not matter,
since some mail servers change it. Nothing is stripped or repaired: an address that is not exactly one of ours is none.
The domain is not looked at, since a Pressrun may have many.
"""

from __future__ import annotations

from typing import NamedTuple

from mailer.issues.mailing import MailingId
from mailer.tokens import Kind, Tokens
from subscribers.cohort import SubscriberId
from subscribers.lists import ListId

TEST_MAILING = MailingId(0)
"""The mailing of a test send: what comes back of it is kept on record, and changes nothing."""

ONE_OFFS = MailingId(-1)
"""What stands for all messages outside of any mailing where something came back about one of them."""

_LONGEST_LOCAL_PART = 64  # RFC 5321 §4.5.3.1.1
_OPEN_TO_ALL = frozenset({"postmaster", "abuse"})  # RFC 5321 §4.5.1, RFC 2142 §4


class UnsubscribeToken(NamedTuple):
    """Who leaves which list, and the mailing that carried the address."""

    subscriber: SubscriberId
    list_id: ListId
    mailing: MailingId


def return_path(tokens: Tokens, mailing: int, subscriber: int, domain: str) -> str:
    """Return the MAIL FROM of one person's message, so that what bounces says whom it is about."""
    return f"b+{tokens.local_part(Kind.RETURN_PATH, mailing, subscriber)}@{domain}"


def unsubscribe_address(tokens: Tokens, subscriber: int, list_id: int, mailing: int, domain: str) -> str:
    """Return the address to which a mail program writes when its owner unsubscribes by mail."""
    return f"u+{tokens.local_part(Kind.UNSUBSCRIBE, subscriber, list_id, mailing)}@{domain}"


def read_return_path(tokens: Tokens, address: str) -> tuple[MailingId, SubscriberId] | None:
    """Return the mailing and the person that a return path was made for, or None if it is not one of ours."""
    numbers = _read(tokens, Kind.RETURN_PATH, "b+", address)
    if numbers is None or len(numbers) != 2:
        return None
    return MailingId(numbers[0]), SubscriberId(numbers[1])


def read_one_off_path(tokens: Tokens, address: str) -> tuple[int, SubscriberId] | None:
    """Return the one-off message and the person that a return path was made for, or None if it is not one of ours."""
    numbers = _read(tokens, Kind.ONE_OFF, "b+", address)
    return None if numbers is None or len(numbers) != 2 else (numbers[0], SubscriberId(numbers[1]))


def read_unsubscribe_address(tokens: Tokens, address: str) -> UnsubscribeToken | None:
    """Return who leaves which list by a mail to this address, or None if it is not one of ours."""
    numbers = _read(tokens, Kind.UNSUBSCRIBE, "u+", address)
    if numbers is None or len(numbers) != 3:
        return None
    return UnsubscribeToken(SubscriberId(numbers[0]), ListId(numbers[1]), MailingId(numbers[2]))


def is_open_to_all(address: str) -> bool:
    """Whether this is an address that every domain must take mail at; RFC 5321 allows `postmaster` without a domain."""
    return address.partition("@")[0].lower() in _OPEN_TO_ALL


def refusal_of(tokens: Tokens, address: str) -> str | None:
    """Return the SMTP reply that refuses mail to this address, or None if the listener takes it.

    A return path with a wrong signature is backscatter or a forgery, and is refused before its body is read (R62).
    """
    if is_open_to_all(address):
        return None
    if not address.lower().startswith(("b+", "u+")):
        return "550 5.7.1 Only reports about our own mail are taken here"
    readers = (read_return_path, read_one_off_path, read_unsubscribe_address)
    if all(read(tokens, address) is None for read in readers):
        return "550 5.1.1 This is not an address that we made"
    return None


def _read(tokens: Tokens, kind: Kind, prefix: str, address: str) -> tuple[int, ...] | None:
    local_part, at, domain = address.rpartition("@")
    if not at or not domain or len(local_part) > _LONGEST_LOCAL_PART or local_part[:2].lower() != prefix:
        return None
    return tokens.read_local_part(kind, local_part[2:])
