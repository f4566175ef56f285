"""What is worth a look about an address."""

from __future__ import annotations

import pytest

from subscribers.address import Address
from subscribers.quality.addresskind import AddressKind, kinds_of, suggested_address, suggested_domain


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmal.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("yahooo.com", "yahoo.com"),
        ("outlok.com", "outlook.com"),
        ("gmail.com", ""),
        ("email.com", ""),
        ("mail.com", ""),
        ("yandex.ru", ""),
        ("cloud.com", ""),
        ("example.com", ""),
        ("gmx.de", ""),
        ("aol.com", ""),
    ],
)
def test_a_slip_of_a_popular_domain_is_seen_and_a_real_neighbour_is_not(domain: str, meant: str) -> None:
    assert suggested_domain(domain) == meant


def test_the_local_part_stays_as_it_was() -> None:
    assert suggested_address(Address("Ada.L+news@gmial.com")) == "Ada.L+news@gmail.com"
    assert suggested_address(Address("ada@example.com")) is None


@pytest.mark.parametrize(
    ("address", "kinds"),
    [
        ("info@example.com", {AddressKind.ROLE}),
        ("Info+letters@example.com", {AddressKind.ROLE}),
        ("informer@example.com", set()),
        ("ada@mailinator.com", {AddressKind.DISPOSABLE}),
        ("ada@some.mailinator.com", {AddressKind.DISPOSABLE}),
        ("sales@outlok.com", {AddressKind.ROLE, AddressKind.MISTYPED}),
        ("ada@example.com", set()),
    ],
)
def test_addresses_are_of_kinds(address: str, kinds: set[AddressKind]) -> None:
    assert kinds_of(Address(address)) == kinds
