"""Bytes that are text, and bytes that are not."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import SourceError
from mailer.issues.sourcefile import SOURCE_LIMIT_BYTES, decode_source, read_source_file

TEXT = "中国 tea’s café\nsecond line\n"


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (TEXT.encode(), ""),
        (codecs.BOM_UTF8 + TEXT.encode(), ""),
        (codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), "Read as UTF-16-LE, as its byte order mark says."),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "Read as UTF-16-BE, as its byte order mark says."),
        (codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), "Read as UTF-32-LE, as its byte order mark says."),
        (TEXT.encode("utf-16-le"), "Read as UTF-16-LE: every second byte is NUL."),
        (TEXT.encode("utf-16-be"), "Read as UTF-16-BE: every second byte is NUL."),
    ],
)
def test_an_encoding_that_is_certain_is_read(data: bytes, note: str) -> None:
    assert decode_source(data, place="tea.txt") == (TEXT, [note] if note else [])


def test_western_text_is_read_as_windows_1252_and_says_so() -> None:
    words = "plain\n“A café’s letter”, with enough plain words around it to be sure\n"

    text, (note,) = decode_source(words.encode("cp1252"), place="tea.txt")

    assert text == words
    assert "Windows-1252, since line 2 is not UTF-8" in note


@pytest.mark.parametrize("encoding", ["gb18030", "cp1251", "shift_jis", "euc_kr"])
def test_other_old_encodings_are_refused_rather_than_guessed(encoding: str) -> None:
    words = {
        "gb18030": "中国数字周刊",
        "cp1251": "Новости недели",
        "shift_jis": "今週のお茶",
        "euc_kr": "이번 주 소식",
    }[encoding]

    with pytest.raises(SourceError, match="not UTF-8") as caught:
        decode_source(f"Title\n{words}".encode(encoding), place="tea.txt")

    assert caught.value.place == "tea.txt:2"
    assert caught.value.fix == "Save it again as UTF-8."


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (b"%PDF-1.7 ...", "tea.txt:1", "a PDF"),
        (b"PK\x03\x04 ...", "tea.txt:1", "a Word document"),
        (b"\x89PNG\r\n\x1a\n", "tea.txt:1", "a picture"),
        (b"one\ntwo\x00three", "tea.txt:2", "a NUL byte"),
        (b"one\ntwo\nth\x07ree", "tea.txt:3", "control character U+0007"),
        (codecs.BOM_UTF16_LE + b"\x00\xd8\x41\x00", "tea.txt:1", "does not go on so"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(data: bytes, place: str, words: str) -> None:
    with pytest.raises(SourceError) as caught:
        decode_source(data, place="tea.txt")

    assert caught.value.place == place
    assert words in str(caught.value)


def test_a_file_over_the_limit_says_how_big_it_is_and_where_that_is_reached(tmp_path: Path) -> None:
    file = tmp_path / "tea.txt"
    file.write_bytes(b"one\ntwo\n" + b"x" * 10 * SOURCE_LIMIT_BYTES)

    with pytest.raises(SourceError, match=r"10\.0 MB; an issue may have 1 MB at most") as caught:
        read_source_file(file)

    assert caught.value.place == f"{file}:3"


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "tea.txt"
    file.write_bytes(b"x" * SOURCE_LIMIT_BYTES)

    assert len(read_source_file(file)[0]) == SOURCE_LIMIT_BYTES


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file") as caught:
        read_source_file(tmp_path / "nothing.txt")

    assert caught.value.place.endswith("nothing.txt")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_source_file(tmp_path)


@given(st.binary())
def test_any_bytes_give_text_or_a_source_error(data: bytes) -> None:
    try:
        text, _ = decode_source(data, place="tea.txt")
    except SourceError as error:
        assert error.place.startswith("tea.txt:")  # noqa: PT017 - both outcomes are right
    else:
        assert "\0" not in text
