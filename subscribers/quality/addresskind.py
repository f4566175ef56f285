"""What an address looks like beyond its syntax: of a role, thrown away after use, or at a mistyped domain.

None of this is stored or refuses anybody: it is worked out from the address whenever it is shown or counted. A role's
address may be a person's only one, and a domain that looks mistyped may be real.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from string import ascii_lowercase, digits

from subscribers.address import Address, domain_of


class AddressKind(StrEnum):
    """What is worth a look about an address."""

    ROLE = "role"
    """Read by whoever has an office at the moment, such as `info@` (RFC 2142): nobody agreed in person."""
    DISPOSABLE = "disposable"
    """At a domain that gives out addresses for an hour."""
    MISTYPED = "mistyped"
    """At a domain one slip of a key away from one that millions use."""


_ROLE_NAMES = """
abuse admin administrator billing compliance contact enquiries feedback ftp help helpdesk hostmaster hr info inquiries
it jobs legal list list-request mailer-daemon marketing media news newsletter no-reply noc noreply office orders
postmaster press privacy root sales security service spam staff subscribe support sysadmin team unsubscribe usenet uucp
webmaster www
"""
_POPULAR_DOMAINS = """
gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.co.jp hotmail.com hotmail.co.uk hotmail.fr
hotmail.de outlook.com outlook.de outlook.fr icloud.com protonmail.com t-online.de comcast.net verizon.net sbcglobal.net
bellsouth.net btinternet.com orange.fr wanadoo.fr laposte.net libero.it freenet.de yandex.com rediffmail.com foxmail.com
fastmail.com
"""
_NEAR_AND_REAL = """
email.com cloud.com ymail.com rocketmail.com mail.com hotmail.it hotmail.es hotmail.be outlook.es outlook.it outlook.be
yahoo.ca yahoo.cn yahoo.es yahoo.it yahoo.in yandex.ru yandex.net orange.es orange.be orange.pl fastmail.fm foxmail.cn
gmail.de icloud.cn laposte.fr proton.me
"""

_ROLES = frozenset(_ROLE_NAMES.split())
_POPULAR = tuple(_POPULAR_DOMAINS.split())
"""Domains that slips are looked for of, the most popular first; shorter names are near to too many others."""
_REAL = frozenset(_NEAR_AND_REAL.split())
"""Domains near those that are in use themselves."""

_KEYS = ascii_lowercase + digits + "-."


def kinds_of(address: Address) -> frozenset[AddressKind]:
    """Return what is worth a look about the address; mostly nothing."""
    local, domain = address.rpartition("@")[0], domain_of(address)
    found = set(domain_kinds(domain))
    if is_role(local):
        found.add(AddressKind.ROLE)
    return frozenset(found)


def is_role(local_part: str) -> bool:
    """Whether this is the local part of a role's address, whatever stands behind a plus sign."""
    return local_part.lower().partition("+")[0] in _ROLES


def domain_kinds(domain: str) -> frozenset[AddressKind]:
    """Return what is worth a look about a domain."""
    found = set()
    if _is_disposable(domain):
        found.add(AddressKind.DISPOSABLE)
    if suggested_domain(domain):
        found.add(AddressKind.MISTYPED)
    return frozenset(found)


def suggested_domain(domain: str) -> str:
    """Return the popular domain that this one is a slip of: a letter too many, too few, wrong, or two swapped."""
    return _slips().get(domain, "")


def suggested_address(address: Address) -> Address | None:
    """Return the address that was probably meant, or None."""
    meant = suggested_domain(domain_of(address))
    return Address(f"{address.rpartition('@')[0]}@{meant}") if meant else None


def _is_disposable(domain: str) -> bool:
    labels = domain.split(".")
    return any(".".join(labels[at:]) in _disposable() for at in range(len(labels) - 1))


@cache
def _disposable() -> frozenset[str]:
    # A list of thousands, loaded only where it is asked.
    from disposable_email_domains import blocklist

    return frozenset(blocklist)


@cache
def _slips() -> dict[str, str]:
    """Return every slip of every popular domain; of those that are slips of two, the more popular one."""
    found: dict[str, str] = {}
    for domain in _POPULAR:
        for slip in _one_slip_of(domain):
            found.setdefault(slip, domain)
    return {slip: meant for slip, meant in found.items() if slip not in _REAL and slip not in _POPULAR}


def _one_slip_of(word: str) -> set[str]:
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    dropped = {before + after[1:] for before, after in parts if after}
    swapped = {before + after[1] + after[0] + after[2:] for before, after in parts if len(after) > 1}
    wrong = {before + key + after[1:] for before, after in parts if after for key in _KEYS}
    added = {before + key + after for before, after in parts for key in _KEYS}
    return dropped | swapped | wrong | added
