from __future__ import annotations

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.rendering.headers import HeaderError, address_field, one_line, structured_field, text_field

ANYTHING = st.text(max_size=300)


def shown_name(field: bytes) -> str:
    # The standard library's newer parser puts a space between the encoded-words of a phrase, against RFC 2047 §6.2.
    unfolded = field.decode().partition(": ")[2].replace("\r\n", "")
    return str(make_header(decode_header(parseaddr(unfolded)[0])))


def assert_well_folded(field: bytes) -> None:
    assert field.endswith(b"\r\n")
    lines = field[:-2].split(b"\r\n")
    assert all(len(line) <= 78 for line in lines)
    assert all(len(line) <= 76 for line in lines if b"=?utf-8?" in line)
    assert all(line[:1] == b" " and line.strip() for line in lines[1:])
    assert b"\n" not in field.replace(b"\r\n", b"")
    assert b"\r" not in field.replace(b"\r\n", b"")


@given(text=ANYTHING)
@example(text="Hello\r\nBcc: everybody@example.com")
@example(text="=?utf-8?q?fake?=")
@example(text="x" * 2_000)
@example(text="家" * 200)
@example(text="é" * 200)
@example(text="שלום עולם " * 20)
@example(text="\u2028\x85\x00\ud800")
def test_any_text_is_one_subject_that_decodes_to_itself(text: str) -> None:
    field = text_field("Subject", text)

    assert_well_folded(field)
    message = message_from_bytes(field + b"\r\n", policy=policy.default)
    assert str(message["Subject"]) == one_line(text)


@given(name=ANYTHING)
@example(name='Anna "the boss" O\'Neill, Ltd. <fake@example.org>')
@example(name="\r\nBcc: everybody@example.com\r\n\r\nbody")
@example(name="M" * 60)
@example(name="محمد بن عبد الله")
@example(name="O’Brien\\")
def test_any_display_name_leaves_one_field_with_one_address(name: str) -> None:
    field = address_field("To", name, "anna@example.com")

    assert_well_folded(field)
    message = message_from_bytes(field + b"\r\n", policy=policy.default)
    header = message["To"]
    assert isinstance(header, AddressHeader)
    assert [address.addr_spec for address in header.addresses] == ["anna@example.com"]
    assert shown_name(field) == one_line(name)
    assert message.keys() == ["To"]


def test_latin_names_stay_legible_and_chinese_ones_are_short() -> None:
    assert text_field("Subject", "Ein Café in Aachen") == b"Subject: =?utf-8?q?Ein_Caf=C3=A9_in_Aachen?=\r\n"
    assert text_field("Subject", "数字人民币") == b"Subject: =?utf-8?b?5pWw5a2X5Lq65rCR5biB?=\r\n"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "a b@example.com",
        "anna@example.com\r\nBcc: x@example.com",
        "<a@example.com>",
    ],
)
def test_an_address_that_could_break_out_is_refused(address: str) -> None:
    with pytest.raises(HeaderError):
        address_field("To", "Anna", address)


def test_a_domain_travels_as_a_labels_and_a_local_part_as_it_is() -> None:
    assert address_field("To", "", "anna@bücher.example") == b"To: anna@xn--bcher-kva.example\r\n"
    assert address_field("To", "", "李雷@example.com") == "To: 李雷@example.com\r\n".encode()


@pytest.mark.parametrize("part", ["a\r\nb", "schön", "x" * 1_000, "a\x00b"])
def test_a_structured_field_never_holds_anything_but_short_printable_ascii(part: str) -> None:
    with pytest.raises(HeaderError):
        structured_field("List-Id", part)
