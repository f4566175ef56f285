from __future__ import annotations

import pytest

from subscribers.errors import AddressError, ImportFileError, RowError
from subscribers.imports.columns import Columns
from subscribers.subscriber import FieldValue, Newcomer


def columns(header: str) -> Columns:
    return Columns.of(header.split(","), "people.csv:1")


def newcomer(header: str, row: str) -> Newcomer:
    return columns(header).newcomer(row.split(","))


@pytest.mark.parametrize(
    ("header", "note"),
    [
        (
            "email,Email",
            "Columns 1 (“email”) and 2 (“Email”) could both hold the addresses: the first was taken, the other",
        ),
        ("name,mail,E-Mail", "Columns 3 (“E-Mail”) and 2 (“mail”) could both hold the addresses"),
        ("email,Name,name", "Columns 2 (“Name”) and 3 (“name”) could both hold the names"),
        ("email,full name,name", ""),
        ("email,name,city", ""),
    ],
)
def test_it_is_said_which_of_two_columns_was_taken(header: str, note: str) -> None:
    notes = columns(header).notes

    assert [one[: len(note)] for one in notes] == ([note] if note else [])


def test_a_mapping_leaves_no_doubt() -> None:
    taken = Columns.of(["mail", "email"], "people.csv:1", mapping={"mail": "email", "email": ""})

    assert taken.email == 0
    assert not taken.notes


@pytest.mark.parametrize("name", ["email", "E-Mail", " Email Address ", "e_mail", "邮箱", "Address"])
def test_the_column_of_addresses_goes_by_many_names(name: str) -> None:
    assert newcomer(f"id,{name}", "7,ada@example.com").address == "ada@example.com"


def test_a_postal_address_is_not_taken_for_the_email() -> None:
    found = newcomer("Address,Email", "1 High Street,ada@example.com")

    assert found.address == "ada@example.com"
    assert found.fields == {"address": "1 High Street"}


@pytest.mark.parametrize(
    ("header", "row", "name", "fields"),
    [
        ("email,name", "a@example.com,Ada Lovelace", "Ada Lovelace", {}),
        ("email,First Name,Last Name", "a@example.com,Ada,Lovelace", "Ada Lovelace", {}),
        ("email,first,last", "a@example.com,Mary Ann,Evans", "Mary Ann Evans", {"first_name": "Mary Ann"}),
        ("email,名,姓", "a@example.com,小明,王", "王小明", {"first_name": "小明"}),
        ("email,first", "a@example.com,Ada", "Ada", {}),
        ("email,last", "a@example.com,Lovelace", "Lovelace", {}),
        ("email,name", "a@example.com, ", "", {}),
        ("email,name", "a@example.com,Ada\x07\u202e\u3000Bcc: x", "Ada Bcc: x", {}),
        ("email,City,City,,Zip code", "a@example.com,X,Y,Z, 1 ", "", {"city": "X", "city_2": "Y", "zip_code": "1"}),
    ],
)
def test_names_and_fields_are_read(header: str, row: str, name: str, fields: dict[str, FieldValue]) -> None:
    found = newcomer(header, row)

    assert (found.name, found.fields) == (name, fields)


@pytest.mark.parametrize(
    ("cell", "language", "fields"),
    [("zh_Hant", "zh-Hant", {}), ("en", "en", {}), ("", "", {}), ("Klingon!", "", {"language": "Klingon!"})],
)
def test_a_language_is_a_tag_or_kept_as_a_field(cell: str, language: str, fields: dict[str, FieldValue]) -> None:
    found = newcomer("email,lang", f"a@example.com,{cell}")

    assert (found.language, found.fields) == (language, fields)


def test_a_short_row_is_filled_and_a_long_one_refused() -> None:
    assert newcomer("email,name,city", "a@example.com").name == ""
    assert newcomer("email,name", "a@example.com,Ada,,").name == "Ada"
    with pytest.raises(RowError, match="needs quotes"):
        newcomer("email,name", "a@example.com,Lovelace,Ada")


def test_a_row_that_would_make_a_giant_of_a_person_is_refused() -> None:
    with pytest.raises(RowError, match="characters"):
        newcomer("email,name", f"a@example.com,{'x' * 5_000}")
    with pytest.raises(AddressError):
        newcomer("email,name", "nobody,Ada")


@pytest.mark.parametrize(
    ("header", "words"),
    [("name,phone", "“name”, “phone”"), ("ada@example.com,Ada", "first line holds an address"), ("x", "“x”")],
)
def test_a_table_without_addresses_is_refused_with_what_to_do(header: str, words: str) -> None:
    with pytest.raises(ImportFileError, match=words) as caught:
        columns(header)

    assert caught.value.place == "people.csv:1"
    assert "email" in caught.value.fix
