"""Files that no exporter should have written: each gives a report or one error of ours, and no row is lost silently."""

from __future__ import annotations

import io
from datetime import datetime

import pytest

from subscribers.address import Address
from subscribers.errors import ImportFileError
from subscribers.exporting import export_csv
from subscribers.importing import ImportReport, import_file
from subscribers.imports.importcounts import ImportPlan
from subscribers.lists import MailingList
from subscribers.people import People

DOMAIN = f"{'d' * 63}.{'e' * 63}.{'f' * 50}.test"
OCTETS_254 = f"{'a' * (254 - 1 - len(DOMAIN) - 60)}@{'g' * 59}.{DOMAIN}"
OCTETS_255 = "a" + OCTETS_254


async def bring_in(
    people: People, mailing_list: MailingList, now: datetime, content: bytes, name: str = "people.csv"
) -> ImportReport:
    plan = ImportPlan(file=name, list_id=mailing_list.id)
    return await import_file(people, io.BytesIO(content), plan, now=now)


async def name_of(people: People, address: str) -> str:
    found = await people.subscribers.find(Address(address))
    assert found is not None
    return found.name


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("email,name\nada@example.com,Zoë 🦩\n".encode(), "Zoë 🦩"),
        ("email,name\nada@example.com,Zoë\n".encode("utf-8-sig"), "Zoë"),
        ("email,name\nada@example.com,Zoë\n".encode("utf-16"), "Zoë"),
        ("email,name\nada@example.com,Zoë\n".encode("cp1252"), "Zoë"),
        ("email,name\nada@example.com,שלום עולם\n".encode(), "שלום עולם"),
        ("email;name\r\nada@example.com;李\r\n".encode(), "李"),
    ],
)
async def test_names_of_every_script_and_encoding_arrive(
    people: People, weekly: MailingList, now: datetime, content: bytes, name: str
) -> None:
    report = await bring_in(people, weekly, now, content)

    assert (report.total, report.counts.new) == (1, 1)
    assert await name_of(people, "ada@example.com") == name


async def test_two_encodings_in_one_file_lose_nobody(people: People, weekly: MailingList, now: datetime) -> None:
    mixed = "email,name\nada@example.com,Zoë\n".encode() + "bob@example.com,Zoë\n".encode("cp1252")

    report = await bring_in(people, weekly, now, mixed)

    assert (report.counts.new, report.is_encoding_guessed) == (2, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"email,name\nada@example.com,A\0da\nbob@example.com,Bob\n", r"people\.csv:2: There are zero bytes"),
        (b'email,name\nada@example.com,"Ada\n' + b"bob@example.com,Bob\n" * 20_000, r"people\.csv:2: A quotation mark"),
        (",".join(["email", *(f"c{n}" for n in range(100_000))]).encode(), r"people\.csv:1: This line"),
        (b"\xff\xfe\xff\xff\xff", r"people\.csv: It is not the utf-16"),
        (b"\0" * 10_000, r"people\.csv:1: There are zero bytes"),
        (b'"' * 100_000, r"people\.csv:1: No column"),
        (b"", r"people\.csv:1: It is empty"),
    ],
    ids=["nul", "unclosed quote", "100,000 columns", "half a UTF-16", "only nul", "only quotes", "empty"],
)
async def test_a_broken_file_is_refused_by_line_and_nothing_is_imported(
    people: People, weekly: MailingList, now: datetime, content: bytes, words: str
) -> None:
    with pytest.raises(ImportFileError, match=words):
        await bring_in(people, weekly, now, content)

    assert await people.subscribers.last_id() == 0


@pytest.mark.parametrize(("address", "invalid"), [(OCTETS_254, 0), (OCTETS_255, 1)])
async def test_addresses_end_at_254_octets(
    people: People, weekly: MailingList, now: datetime, address: str, invalid: int
) -> None:
    report = await bring_in(people, weekly, now, f"email\n{address}\n".encode())

    assert len(address) == 254 + invalid
    assert (report.counts.new, report.counts.invalid) == (1 - invalid, invalid)


async def test_a_formula_comes_in_as_text_and_goes_out_guarded(
    people: People, weekly: MailingList, now: datetime
) -> None:
    await bring_in(people, weekly, now, b'email,name\nada@example.com,"=HYPERLINK(""http://x.test"")"\n')

    lines = [line async for line in export_csv(people, await people.subscribers.all_ids())]

    assert (await name_of(people, "ada@example.com")).startswith("=HYPERLINK")
    assert ",=HYPERLINK" not in lines[1]
    assert '"=HYPERLINK' not in lines[1]
