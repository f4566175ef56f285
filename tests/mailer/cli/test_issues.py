"""`pressrun issues`."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from mailer.folders import templates_folder

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


def test_an_unknown_theme_is_refused_on_import_with_a_suggestion(run: Run, newsletter: str, tmp_path: Path) -> None:
    file = tmp_path / "issue.md"
    file.write_text(f"---\nsubject: S\nnewsletter: {newsletter}\ntemplate: magazin\n---\nHi.\n")

    answer = run("issues", "import", str(file), status=2)

    assert "Did you mean “magazine”?" in answer.err
    assert run("issues", "list", "--json").json == []


def test_a_preview_is_one_page_with_the_persons_name(run: Run, issue: str, people: Path, tmp_path: Path) -> None:
    answer = run("issues", "preview", issue, "--as", "ana@example.com", "--out", str(tmp_path / "out"), "--json")

    (page,) = answer.json["files"]
    shown = Path(page).read_text()
    assert shown.count("<iframe") == 5
    assert "Is ready." in shown


def test_previews_for_everybody_who_is_hard_to_please(run: Run, issue: str, tmp_path: Path) -> None:
    files = run("issues", "preview", issue, "--sample", "all", "--out", str(tmp_path), "--json").json["files"]

    assert [Path(one).name for one in files] == [
        f"{issue}-{who}.html" for who in ("usual", "no-name", "long-name", "right-to-left", "chinese")
    ]


def test_an_unknown_sample_person_gets_a_suggestion(run: Run, issue: str) -> None:
    assert "no-name" in run("issues", "preview", issue, "--sample", "noname", status=2).err


FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>Tea News</title>{}</channel></rss>"""
ITEM = "<item><title>Cup {0}</title><link>https://example.com/{0}</link><guid>cup-{0}</guid></item>"


def test_a_feed_becomes_a_digest_of_what_is_new(run: Run, newsletter: str, tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(FEED.format(ITEM.format(1) + ITEM.format(2)))
    first = run("issues", "import", str(file), "--newsletter", newsletter, "--json").json
    again = run("issues", "import", str(file), "--newsletter", newsletter, "--json", status=1).json
    file.write_text(FEED.format(ITEM.format(3) + ITEM.format(1) + ITEM.format(2)))
    run("issues", "import", str(file), "--newsletter", newsletter, "--slug", "second")

    assert first["subject"] == "Cup 1, and 1 more"
    assert again["issue"] is None
    shown = run("issues", "show", "second").out
    assert "Cup 3" in shown
    assert "Cup 1" not in shown


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """Give the port of a web server on loopback that serves the test's folder."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_feed_is_fetched_from_an_address_that_is_allowed(
    run: Run, newsletter: str, tmp_path: Path, server: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "feed.xml").write_text(FEED.format(ITEM.format(1)))
    monkeypatch.setenv("PRESSRUN_FETCH_FROM", f"127.0.0.1:{server}")

    facts = run("issues", "import", f"http://127.0.0.1:{server}/feed.xml", "--newsletter", newsletter, "--json").json

    assert facts["subject"] == "Cup 1"


def test_our_own_network_is_not_looked_at(run: Run, newsletter: str, server: int) -> None:
    answer = run("issues", "import", f"http://127.0.0.1:{server}/feed.xml", "--newsletter", newsletter, status=2)

    assert "private network" in answer.err


@pytest.mark.parametrize(("options", "is_asked"), [((), True), (("--offline",), False)])
def test_the_check_follows_links_unless_it_is_told_not_to(
    run: Run,
    newsletter: str,
    tmp_path: Path,
    server: int,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    is_asked: bool,
) -> None:
    monkeypatch.setenv("PRESSRUN_FETCH_FROM", f"127.0.0.1:{server}")
    file = tmp_path / "issue.md"
    file.write_text(
        f"---\nsubject: Tea\nnewsletter: {newsletter}\n---\nHi.\n\n[The gone page](http://127.0.0.1:{server}/gone.html)\n"
    )
    run("issues", "import", str(file))

    findings = run("issues", "check", "tea", "--json", *options, status=1).json["findings"]

    dead = [one for one in findings if one["rule"] == "link-dead"]
    assert [(one["level"], one["place"]) for one in dead] == ([("warn", "issue tea:3")] if is_asked else [])
    assert set(findings[0]) == {"level", "rule", "place", "message", "fix"}


def test_a_source_that_cannot_be_compiled_any_more_is_a_finding(
    run: Run, issue: str, newsletter: str, home: Path
) -> None:
    run("newsletters", "edit", newsletter, "--theme", "letter")
    theme = home / "themes/brief"
    theme.mkdir(parents=True)
    (theme / "manifest.json").write_text((templates_folder() / "email/letter/manifest.json").read_text())
    (theme / "theme.mjml").write_text('{% extends "parts/layout.mjml" %}')
    run("newsletters", "edit", newsletter, "--theme", "brief")
    (theme / "theme.mjml").unlink()

    (finding,) = run("issues", "check", issue, "--json", status=1).json["findings"][:1]

    assert (finding["level"], finding["rule"]) == ("block", "compile")
