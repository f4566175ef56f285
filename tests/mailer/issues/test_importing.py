"""From a file to an issue."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from mailer.errors import SourceError
from mailer.issues.importing import read_issue_file

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
OURS = "---\nsubject: Tea\n---\n\nText\n\n[Read the report](){.button}\n"
PASTED = "Tea Letter\n\nTea was drunk in every house of the street this week, and nobody remembers why it was.\n"


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("name", ["tea.md", "tea.txt", "tea"])
def test_a_front_matter_makes_a_file_ours_whatever_its_name(tmp_path: Path, name: str) -> None:
    issue, notes = read_issue_file(write(tmp_path, name, OURS), now=NOW)

    assert issue.subject == "Tea"
    assert "“Read the report” has no address" in notes[0]


def test_anything_else_is_pasted_text(tmp_path: Path) -> None:
    issue, notes = read_issue_file(write(tmp_path, "tea.txt", PASTED), now=NOW, newsletter="tea-letter")

    assert (issue.title, issue.newsletter, notes) == ("Tea Letter", "tea-letter", [])


def test_a_markdown_file_without_front_matter_is_told_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not begin with a front matter") as caught:
        read_issue_file(write(tmp_path, "tea.md", "# Tea"), now=NOW)

    assert caught.value.place == f"{tmp_path / 'tea.md'}:1"


def test_what_the_file_does_not_say_is_filled_in(tmp_path: Path) -> None:
    file = write(tmp_path, "tea.md", OURS)

    issue, notes = read_issue_file(file, now=NOW, newsletter="tea-letter", button_url="https://example.com/report")

    assert issue.newsletter == "tea-letter"
    assert issue.source.endswith("[Read the report](https://example.com/report){.button}")
    assert notes == []


def test_what_the_file_says_itself_stays(tmp_path: Path) -> None:
    file = write(tmp_path, "tea.md", OURS.replace("subject", "newsletter: milk-letter\nsubject"))

    assert read_issue_file(file, now=NOW, newsletter="tea-letter")[0].newsletter == "milk-letter"


def test_the_encoding_found_out_is_told(tmp_path: Path) -> None:
    file = tmp_path / "tea.txt"
    file.write_bytes(PASTED.encode("utf-16"))

    issue, notes = read_issue_file(file, now=NOW)

    assert issue.title == "Tea Letter"
    assert "UTF-16" in notes[0]


@pytest.mark.parametrize("beginning", ["<!DOCTYPE html>", "<html>", "\n <mjml>"])
def test_html_is_no_pasted_text(tmp_path: Path, beginning: str) -> None:
    with pytest.raises(SourceError, match="HTML or MJML"):
        read_issue_file(write(tmp_path, "tea.txt", f"{beginning}<p>Tea</p>"), now=NOW)


def test_the_markdown_sample_needs_no_note() -> None:
    with as_file(files("mailer.demo") / "samples" / "china-digest-sample.md") as file:
        issue, notes = read_issue_file(file, now=NOW)

    assert notes == []
    assert issue.source.count("\n## ") == 7
    assert "](https://example.com/" in issue.source
    assert 80 <= len(issue.preheader) <= 110
