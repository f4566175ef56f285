"""`pressrun issues`."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run

PASTED = """top of page

Tea Digest Weekly

Hello there, this is the week in tea.

1. Kettles Sing Again

They do, say their owners.

2. Cups Are Round

As ever.

To learn more, press the button.

Read the whole report

bottom of page
"""


def test_an_issue_is_imported_listed_and_shown_as_it_was_written(run: Run, issue: str) -> None:
    assert [one["slug"] for one in run("issues", "list", "--json").json] == [issue]
    shown = run("issues", "show", issue).out

    assert "subject: Tea at five" in shown
    assert "## Tea" in shown


def test_importing_again_brings_the_issue_up_to_date(run: Run, issue: str, tmp_path: Path) -> None:
    file = tmp_path / "issue.md"
    file.write_text(file.read_text().replace("Tea at five", "Tea at six"))

    facts = run("issues", "import", str(file), "--json").json

    assert (facts["slug"], facts["subject"], facts["version"]) == (issue, "Tea at six", 2)


def test_pasted_text_becomes_an_issue_and_its_notes_say_what_was_left_out(
    run: Run, newsletter: str, tmp_path: Path
) -> None:
    file = tmp_path / "pasted.txt"
    file.write_text(PASTED)

    answer = run("issues", "import", str(file), "--newsletter", newsletter, "--slug", "tea-1", "--json")

    assert answer.json["slug"] == "tea-1"
    assert "top of page" in answer.err
    assert answer.json["notes"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("---\ntitle: T\n---\nText.\n", 1),
        ("---\nsubject: S\nsubjekt: T\n---\nText.\n", 3),
        ("---\nsubject: S\n---\n\nHello {{ subscriber.frist_name }}\n", 5),
    ],
)
def test_a_bad_source_names_file_and_line_and_what_to_do(run: Run, tmp_path: Path, source: str, line: int) -> None:
    file = tmp_path / "bad.md"
    file.write_text(source)

    answer = run("issues", "import", str(file), status=2)

    assert f"bad.md:{line}: " in answer.err
    assert "Traceback" not in answer.err


def test_a_file_that_is_not_there_is_one_sentence(run: Run, tmp_path: Path) -> None:
    answer = run("issues", "import", str(tmp_path / "nothing.md"), status=2)

    assert "nothing.md" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_the_check_passes_an_issue_that_can_be_mailed(run: Run, issue: str) -> None:
    facts = run("issues", "check", issue, "--json").json

    assert facts["can_be_mailed"]


def test_the_check_refuses_a_button_without_an_address(run: Run, newsletter: str, tmp_path: Path) -> None:
    file = tmp_path / "issue.md"
    file.write_text(f"---\nsubject: S\ntitle: One\nnewsletter: {newsletter}\n---\nHi.\n\n[Read it](){{.button}}\n")
    run("issues", "import", str(file))

    answer = run("issues", "check", "one", status=1)

    assert "block" in answer.out
    assert "Read it" in answer.out


def test_an_issue_is_rendered_as_a_person_gets_it(run: Run, issue: str, people: Path, tmp_path: Path) -> None:
    run("issues", "render", issue, "--out", str(tmp_path / "out"), "--as", "ana@example.com")

    message = message_from_bytes((tmp_path / "out" / "message.eml").read_bytes(), policy=policy.default)
    assert message["Subject"] == "Tea at five"
    assert "ana@example.com" in message["To"]
    assert "<html" in (tmp_path / "out" / "message.html").read_text()
    assert "Is ready." in (tmp_path / "out" / "message.txt").read_text()


def test_rendering_for_somebody_unknown_is_refused(run: Run, issue: str, tmp_path: Path) -> None:
    answer = run("issues", "render", issue, "--out", str(tmp_path), "--as", "who@example.com", status=2)

    assert "who@example.com" in answer.err


def test_a_test_without_a_relay_says_so(run: Run, issue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_RELAY_PORT", "1")

    monkeypatch.setenv("PRESSRUN_RELAY_TIMEOUT_SECONDS", "2")

    answer = run("issues", "test", issue, "me@example.com", status=2)

    assert "127.0.0.1:1" in answer.err
