from __future__ import annotations

import email_validator
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.address import Address, digest, domain_of, parse_address, sameness
from subscribers.errors import AddressError

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada.Lovelace+News@EXAMPLE.Com \n", "Ada.Lovelace+News@example.com"),
        ("ada@something.test", "ada@something.test"),
        ("ada@something.invalid", "ada@something.invalid"),
        ("ada@bücher.example.com", "ada@xn--bcher-kva.example.com"),
        ("ada@XN--BCHER-KVA.example.com", "ada@xn--bcher-kva.example.com"),
        ("用户@例子.测试.example.com", "用户@xn--fsqu00a.xn--0zwm56d.example.com"),
        ("cafe\u0301@example.com", "café@example.com"),
        ("o'hara_{x}@a-b.example.com", "o'hara_{x}@a-b.example.com"),
        (f"{'a' * 242}@example.com", f"{'a' * 242}@example.com"),
    ],
)
def test_an_address_is_kept_as_its_owner_writes_it_with_its_domain_in_a_labels(text: str, address: str) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ada",
        "ada@",
        "@example.com",
        "ada@@example.com",
        "ada@example",
        "ada@.example.com",
        "ada@-x.example.com",
        "ada@x-.example.com",
        "ada@example.c-",
        "ada@ex--ample.example.123",
        "ada@ab--cd.example.com",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "ada lovelace@example.com",
        "ada@exa mple.com",
        "ada@example.com, bob@example.com",
        "Ada <ada@example.com>",
        '"ada"@example.com',
        "ada@[127.0.0.1]",
        "ada\0@example.com",
        "ada@example.com\r\nBcc: bob@example.com",
        "ada@host.local",
        "ada@localhost",
        f"ada@{'a' * 64}.example.com",
        f"{'a' * 243}@example.com",
        "x" * 10_000_000,
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)

    assert caught.value.reason
    assert len(str(caught.value)) < 1000


def test_254_octets_are_the_most() -> None:
    local = "a" * (254 - len("@example.com"))

    assert parse_address(f"{local}@example.com")
    with pytest.raises(AddressError):
        parse_address(f"a{local}@example.com")
    with pytest.raises(AddressError):
        parse_address(f"{local[1:]}é@example.com")


_signs = ("a", "Z", "9", ".", "..", "-", "--", "@", "+", "_", "'", '"', "(", " ", "é", "ß", "例", "İ", "\u0301")
_words = ("xn--", "info", "test", "com", "example", ".com", ".test", ".invalid", ".local", ".c0", "@example.com")
_pieces = st.sampled_from((*_signs, *_words, "a" * 63, "\u202e"))
_near_addresses = st.one_of(
    st.lists(_pieces, max_size=8).map("".join),
    st.tuples(st.text(max_size=20), st.lists(_pieces, max_size=4).map("".join)).map("@".join),
    st.emails(),
)


@given(_near_addresses)
def test_the_short_cut_says_what_the_library_says(text: str) -> None:
    try:
        found = email_validator.validate_email(text.strip(), check_deliverability=False)
        expected: str | None = f"{found.local_part}@{found.ascii_domain}"
    except email_validator.EmailNotValidError:
        expected = None

    try:
        answer: str | None = parse_address(text)
    except AddressError:
        answer = None

    assert answer == expected


@given(_near_addresses)
def test_an_address_is_its_own_normal_form(text: str) -> None:
    try:
        address = parse_address(text)
    except AddressError:
        return

    assert parse_address(address) == address
    assert domain_of(address).isascii()
    assert domain_of(address) == domain_of(address).lower()
    assert sameness(Address(sameness(address))) == sameness(address)


def test_two_spellings_of_one_address_have_one_digest() -> None:
    one, other = parse_address("Ada.É@Example.COM"), parse_address("ada.e\u0301@example.com")

    assert one != other
    assert digest(one, KEY) == digest(other, KEY)
    assert len(digest(one, KEY)) == 10


def test_without_the_key_there_is_no_digest() -> None:
    address = parse_address("ada@example.com")

    assert digest(address, KEY) != digest(address, b"another key")
