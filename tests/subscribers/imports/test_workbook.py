from __future__ import annotations

import io
import struct
import zipfile
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from subscribers.errors import ImportFileError
from subscribers.importing import import_file
from subscribers.imports.importcounts import FrameCounts, ImportPlan
from subscribers.imports.workbook import Workbook
from subscribers.lists import MailingList
from subscribers.people import People

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def cell(value: object) -> str:
    if isinstance(value, str) and value.startswith("="):
        return f"<c t='str'><f>{escape(value[1:])}</f><v>computed@example.com</v></c>"
    if isinstance(value, bool):
        return f"<c t='b'><v>{int(value)}</v></c>"
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f"<c t='inlineStr'><is><t>{escape(str(value))}</t></is></c>"


def xlsx(*rows: tuple[object, ...]) -> bytes:
    """Make the smallest workbook that is one."""
    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    parts = {
        "[Content_Types].xml": f"<Types xmlns='{PACKAGE}/content-types'>"
        "<Default Extension='rels' ContentType='application/vnd.openxmlformats-package.relationships+xml'/>"
        "<Default Extension='xml' ContentType='application/xml'/></Types>",
        "_rels/.rels": f"<Relationships xmlns='{PACKAGE}/relationships'>"
        f"<Relationship Id='r1' Type='{OFFICE}/officeDocument' Target='xl/workbook.xml'/></Relationships>",
        "xl/workbook.xml": f"<workbook xmlns='{MAIN}' xmlns:r='{OFFICE}'><sheets>"
        "<sheet name='People' sheetId='1' r:id='r1'/></sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships xmlns='{PACKAGE}/relationships'>"
        f"<Relationship Id='r1' Type='{OFFICE}/worksheet' Target='worksheets/sheet1.xml'/></Relationships>",
        "xl/worksheets/sheet1.xml": f"<worksheet xmlns='{MAIN}'><sheetData>{sheet}</sheetData></worksheet>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return packed.getvalue()


def ods(*rows: tuple[str, ...]) -> bytes:
    table = ""
    for row in rows:
        shown = (
            f"<table:table-cell office:value-type='string'><text:p>{escape(one)}</text:p></table:table-cell>"
            for one in row
        )
        table += f"<table:table-row>{''.join(shown)}</table:table-row>"
    name = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f"<office:document-content xmlns:office='{name}:office:1.0' xmlns:table='{name}:table:1.0' "
        f"xmlns:text='{name}:text:1.0'><office:body><office:spreadsheet><table:table table:name='People'>{table}"
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr("META-INF/manifest.xml", "<manifest:manifest xmlns:manifest='urn:x'/>")
    return packed.getvalue()


@pytest.mark.parametrize("name", ["people.xlsx", "people.ods"])
async def test_a_workbook_is_imported(people: People, weekly: MailingList, now: datetime, name: str) -> None:
    rows = (("E-Mail", "Name"), ("ada@example.com", "Ada"), ("nobody", "x"), ("", ""), ("李@example.com", "李"))
    content = xlsx(*rows) if name.endswith("xlsx") else ods(*rows)

    report = await import_file(people, io.BytesIO(content), ImportPlan(file=name, list_id=weekly.id), now=now)

    assert report.counts == FrameCounts(new=2, invalid=1, placed=2)
    assert report.encoding == "workbook"


def test_cells_are_read_as_they_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(xlsx(("email", "n", "yes"), ("=HYPERLINK(1)", 12, True), ("b@example.com", 1.5, False)))

    rows = [row.cells for row in Workbook(path, "people.xlsx").rows()]

    assert rows == [["computed@example.com", "12", "true"], ["b@example.com", "1.5", "false"]]


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 50_000_000)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bomb(), "would unpack"),
        (b"PK\x03\x04 and so on", "workbook"),
        (b"", "workbook"),
        (b"email\na@example.com\n", "workbook"),
        (xlsx()[:-30], "workbook|damaged"),
        (xlsx(), "empty"),
        (xlsx(("name",), ("Ada",)), "No column"),
        (xlsx(tuple(f"c{n}" for n in range(600))), "columns"),
    ],
)
async def test_what_is_no_workbook_of_people_is_refused(
    people: People, weekly: MailingList, now: datetime, content: bytes, words: str
) -> None:
    plan = ImportPlan(file="people.xlsx", list_id=weekly.id)

    with pytest.raises(ImportFileError, match=words):
        await import_file(people, io.BytesIO(content), plan, now=now)

    assert not await people.imports.newest()


def lying_bomb() -> bytes:
    """Make a workbook that is one, but whose sheet says that its forty million octets are four hundred."""
    packed = io.BytesIO()
    size = 0
    source = zipfile.ZipFile(io.BytesIO(xlsx(("email",), ("ada@example.com",))))
    with source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                content = content.replace(b"</sheetData>", b" " * 40_000_000 + b"</sheetData>")
                size = len(content)
            archive.writestr(name, content)
    return packed.getvalue().replace(struct.pack("<L", size), struct.pack("<L", 400))


async def test_a_workbook_that_lies_about_its_sizes_is_refused(
    people: People, weekly: MailingList, now: datetime
) -> None:
    plan = ImportPlan(file="people.xlsx", list_id=weekly.id)

    with pytest.raises(ImportFileError, match="declared uncompressed size"):
        await import_file(people, io.BytesIO(lying_bomb()), plan, now=now)

    assert await people.subscribers.last_id() == 0
