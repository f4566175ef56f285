"""From a file to an issue."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from mailer.errors import SourceError
from mailer.issues.importing import Wishes, issue_from, read_issue_file

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


@pytest.mark.parametrize("beginning", ["<!DOCTYPE html>", "<html>", "\n <!-- saved --><html lang='en'>"])
def test_html_is_a_page_whatever_its_file_is_called(tmp_path: Path, beginning: str) -> None:
    issue, _ = read_issue_file(write(tmp_path, "tea.txt", f"{beginning}<h1>Tea</h1><p>Is <b>ready</b>.</p>"), now=NOW)

    assert (issue.title, issue.format) == ("Tea", "")
    assert "Is **ready** ." in issue.source


MJML = "<mjml><mj-head><mj-title>Tea week</mj-title></mj-head><mj-body><mj-section /></mj-body></mjml>\n"


def test_mjml_is_a_whole_mail_named_by_its_title(tmp_path: Path) -> None:
    issue, _ = read_issue_file(write(tmp_path, "tea.mjml", MJML), now=NOW)

    assert (issue.format, issue.subject, issue.slug, issue.source) == ("mjml", "Tea week", "tea-week", MJML.strip())


def test_html_is_a_whole_mail_where_it_is_wished_so() -> None:
    page = "<!doctype html><html><head><title>Tea</title></head><body><p>Hi</p></body></html>"

    issue, _ = issue_from(page, place="a.html", now=NOW, wishes=Wishes(is_whole=True, subject="Tea at five"))

    assert (issue.format, issue.subject, issue.source) == ("html", "Tea at five", page)


def test_a_whole_mail_without_any_subject_is_asked_for_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--subject"):
        read_issue_file(write(tmp_path, "tea.mjml", "<mjml><mj-body></mj-body></mjml>"), now=NOW)


@pytest.mark.parametrize(("language", "meant"), [("english", "en"), ("de_AT", "de-AT"), ("Deutsch", "de")])
def test_a_language_that_is_none_is_refused_with_a_suggestion(tmp_path: Path, language: str, meant: str) -> None:
    with pytest.raises(SourceError, match=f"tea.md:3: .*Did you mean “{meant}”"):
        read_issue_file(write(tmp_path, "tea.md", f"---\nsubject: S\nlanguage: {language}\n---\nT\n"), now=NOW)


def test_the_markdown_sample_needs_no_note() -> None:
    with as_file(files("mailer.demo") / "samples" / "china-digest-sample.md") as file:
        issue, notes = read_issue_file(file, now=NOW)

    assert notes == []
    assert issue.source.count("\n## ") == 7
    assert "](https://example.com/" in issue.source
    assert 80 <= len(issue.preheader) <= 110
