from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.errors import ImportFileError
from subscribers.imports.table import Table, read_table

SIMPLE = "email,name\nada@example.com,Ada\nbob@example.com,Bob\n"


def table(content: bytes) -> Table:
    return read_table(io.BytesIO(content), "people.csv")


def cells(content: bytes) -> list[list[str]]:
    return [row.cells for row in table(content).rows()]


@pytest.mark.parametrize(
    ("encoded", "encoding"),
    [
        (SIMPLE.encode(), "utf-8"),
        (codecs.BOM_UTF8 + SIMPLE.encode(), "utf-8-sig"),
        (SIMPLE.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + SIMPLE.encode("utf-16-be"), "utf-16"),
        (SIMPLE.encode("utf-16-le"), "utf-16-le"),
        (SIMPLE.encode("utf-16-be"), "utf-16-be"),
        (SIMPLE.replace("Ada", "Zoë").encode("cp1252"), "cp1252"),
        (SIMPLE.replace(",", ";").encode(), "utf-8"),
        (SIMPLE.replace(",", "\t").encode(), "utf-8"),
        (SIMPLE.replace("\n", "\r\n").encode(), "utf-8"),
        (SIMPLE.replace("\n", "\r").encode(), "utf-8"),
        (SIMPLE.rstrip().encode(), "utf-8"),
        (("\n\n" + SIMPLE.replace("\n", "\n\n,\n")).encode(), "utf-8"),
        (SIMPLE.replace("ada@example.com,Ada", '"ada@example.com","Ada"').encode(), "utf-8"),
    ],
)
def test_a_table_in_any_usual_form_is_the_same_table(encoded: bytes, encoding: str) -> None:
    found = table(encoded)

    assert found.encoding == encoding
    assert found.header == ["email", "name"]
    assert [row.cells[0] for row in found.rows()] == ["ada@example.com", "bob@example.com"]
    assert found.row_count == 2


def test_rows_know_their_number_and_their_line() -> None:
    found = table(b'email,name\n\nada@example.com,"Ada\nLovelace"\n , \nbob@example.com,Bob\n')

    assert [(row.number, row.line) for row in found.rows()] == [(1, 3), (2, 6)]


def refusal(content: bytes | BinaryIO | Path) -> ImportFileError:
    file = io.BytesIO(content) if isinstance(content, bytes) else content
    with pytest.raises(ImportFileError) as caught:
        read_table(file, "people.csv")
    assert caught.value.fix
    assert str(caught.value).endswith("Nothing was imported.")
    return caught.value


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"", "people.csv:1", "empty"),
        (b"\n\n", "people.csv:1", "empty"),
        (codecs.BOM_UTF8, "people.csv:1", "empty"),
        (b"email\nada@example.com\n\0\0\0", "people.csv:3", "zero bytes"),
        (bytes(range(256)) * 40, "people.csv:1", "zero bytes"),
        (b"PK\x03\x04 and so on", "people.csv:1", "workbook"),
        (gzip.compress(SIMPLE.encode(), mtime=0), "people.csv:1", "gzip"),
        (SIMPLE.encode() + b"x" * 10_000_000 + b"\n" + SIMPLE.encode(), "people.csv:4", "100,000 bytes"),
        (b"x" * 10_000_000, "people.csv:1", "100,000 bytes"),
        ("email,姓名\nli@example.com,李雷\nhan@example.com,韩梅梅\n".encode("gb18030"), "people.csv:1", "UTF-8"),
        ("email,name\nli@example.com,李雷\n".encode("big5"), "people.csv:2", "UTF-8"),
        (b"email,name\nada@example.com,\x81\x8d\x8f\n", "people.csv:2", "UTF-8"),
        (codecs.BOM_UTF16_LE + b"e\0m\0a\xd8\n\0", "people.csv", "utf-16"),
        (codecs.BOM_UTF16_LE + SIMPLE.encode("utf-16-le") + b"x", "people.csv", "utf-16"),
        (b",".join(b"column" for _ in range(100_000)), "people.csv:1", "bytes"),
        (b",".join(b"c" for _ in range(600)), "people.csv:1", "600 columns"),
        (SIMPLE.encode() + b'cy@example.com,"Cy\ndi@example.com,Di\n', "people.csv:4", "quotation mark"),
        (SIMPLE.encode() + b'cy@example.com,"Cy\n' + b"line\n" * 30_000, "people.csv:4", "quotation mark"),
    ],
)
def test_a_file_that_cannot_be_read_to_its_end_is_refused(content: bytes, place: str, words: str) -> None:
    error = refusal(content)

    assert error.place == place
    assert words in error.reason


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(tmp_path / "none.csv").reason
    assert "cannot be read" in refusal(tmp_path).reason


def test_a_file_is_named_and_left_open_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(SIMPLE)

    with path.open("rb") as file:
        found = read_table(file)
        assert len(list(found.rows())) == len(list(found.rows())) == 2
        assert not file.closed
    assert found.name == read_table(path).name == "list.csv"


text_cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=12)


@given(st.lists(st.lists(text_cells, min_size=2, max_size=2), max_size=8), st.sampled_from(",;\t|"))
def test_what_was_written_as_csv_is_read_as_it_was(rows: list[list[str]], delimiter: str) -> None:
    quoted = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in [["email", "name"], *rows]]
    content = "".join(delimiter.join(row) + "\n" for row in quoted)

    assert cells(content.encode()) == [row for row in rows if any(cell.strip() for cell in row)]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_are_refused(content: bytes) -> None:
    try:
        found = table(content)
    except ImportFileError:
        return

    assert len(list(found.rows())) == found.row_count
