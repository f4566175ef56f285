"""Addresses of people: what is one, and when two are the same.

The syntax is that of the `email-validator` library (RFC 5321, RFC 6531, IDNA 2008), without a look at the DNS: whether
a domain takes mail is found out by mailing it. A short cut answers for plain ASCII addresses; a property test holds
it to the library's answers.

We mail to the address as its owner wrote it (the local part's case is theirs to choose, RFC 5321 §2.4), with the
domain as lower-case A-labels. Two addresses that differ only in case are one person's.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import NewType

import email_validator
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from subscribers.errors import AddressError

Address = NewType("Address", str)
"""An address in the form that mail goes to: local part as given (NFC), "@", domain as lower-case A-labels."""

DIGEST_BYTES = 10

_LONGEST_OCTETS = 254  # RFC 5321 §4.5.3.1.3 less the angle brackets (RFC 3696, erratum 1690)
_LONGEST_GLANCE = 1000  # more than any address in any spelling; a megabyte is not worth a look

# The reserved names of RFC 2606 are for trying things out, which a newsletter press must allow; nothing is ever
# delivered there. The library documents this list as the place to say so.
for _domain in ("test", "invalid"):
    if _domain in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_domain)

_PLAIN = re.compile(
    r"(?P<local>[a-z0-9_!#$%&'*+\-/=?^`{|}~]+(?:\.[a-z0-9_!#$%&'*+\-/=?^`{|}~]+)*)"
    r"@(?P<domain>(?:(?!..--)[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+(?!..--)(?:[a-z0-9\-]{0,62}[a-z]))",
    re.ASCII | re.IGNORECASE,
)
_SPECIAL = frozenset(email_validator.SPECIAL_USE_DOMAIN_NAMES)
_LIBRARY_LOWERS = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)


def parse_address(text: str) -> Address:
    """Return the address that `text` is, white space around it aside.

    Raises AddressError with the reason.
    """
    text = text.strip()
    return _plain_address(text) or _any_address(text)


def sameness(address: Address) -> str:
    """Return what two spellings of one person's address have in common (case does not count)."""
    if address.isascii():
        return address.lower()
    return unicodedata.normalize("NFC", address.casefold())


def digest(address: Address, key: bytes) -> bytes:
    """Return ten bytes that stand for the address, and that nobody without the key can make or try out."""
    return hashlib.blake2b(sameness(address).encode(), digest_size=DIGEST_BYTES, key=key).digest()


def parse_domain(text: str) -> str:
    """Return the domain that `text` is, with or without an "@" in front, as lower-case A-labels.

    Raises AddressError with the reason.
    """
    bare = text.strip().removeprefix("*").removeprefix("@")
    try:
        return domain_of(parse_address(f"postmaster@{bare}"))
    except AddressError as error:
        raise AddressError(text, f"nor is it a domain: {error.reason}") from error


def domain_digests(domain: str, key: bytes) -> list[bytes]:
    """Return the digests of a domain and of the domains above it, but for the last label alone."""
    labels = domain.split(".")
    above = [".".join(labels[at:]) for at in range(max(1, len(labels) - 1))]
    return [hashlib.blake2b(f"@{one}".encode(), digest_size=DIGEST_BYTES, key=key).digest() for one in above]


def is_within(domain: str, other: str) -> bool:
    """Whether a domain is the other, or below it."""
    return domain == other or domain.endswith(f".{other}")


def domain_of(address: Address) -> str:
    """Return the domain, as lower-case A-labels."""
    return address.rpartition("@")[2]


def _plain_address(text: str) -> Address | None:
    if len(text) > _LONGEST_OCTETS:
        return None
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    local, domain = match.groups()
    domain = domain.lower()
    top_level = domain.rpartition(".")[2]
    if top_level in _SPECIAL or local.lower() in _LIBRARY_LOWERS or domain.endswith("-") or len(domain) > 253:
        return None
    return Address(f"{local}@{domain}")


def _any_address(text: str) -> Address:
    if not text:
        raise AddressError(text, "it is empty.")
    if len(text) > _LONGEST_GLANCE:
        raise AddressError(text, f"it has {len(text):,} characters; the longest address has {_LONGEST_OCTETS}.")
    try:
        found = email_validator.validate_email(text, check_deliverability=False)
    except email_validator.EmailNotValidError as error:
        raise AddressError(text, str(error)) from error
    return Address(f"{found.local_part}@{found.ascii_domain}")
