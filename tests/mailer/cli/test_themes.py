"""`pressrun themes`, and the look of a newsletter."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer.folders import templates_folder

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


@pytest.fixture
def theme(tmp_path: Path) -> Path:
    """Give the folder of a theme of one's own."""
    folder = tmp_path / "harbour"
    folder.mkdir()
    shutil.copy(templates_folder() / "email/digest/manifest.json", folder)
    (folder / "theme.mjml").write_text('{% extends "parts/layout.mjml" %}')
    return folder


def test_six_themes_come_with_pressrun(run: Run) -> None:
    themes = run("themes", "list", "--json").json

    assert [one["name"] for one in themes] == [
        *("announcement", "digest", "letter", "magazine", "plain", "product-update")
    ]
    assert {one["origin"] for one in themes} == {"Pressrun"}


def test_a_theme_of_ones_own_is_added_and_mails_are_made_in_it(
    run: Run, newsletter: str, issue: str, theme: Path, tmp_path: Path
) -> None:
    mjml = '{% extends "parts/layout.mjml" %}<!-- {# nothing #} -->'
    (theme / "theme.mjml").write_text(mjml)
    archive = tmp_path / "harbour.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for file in theme.iterdir():
            packed.write(file, f"harbour/{file.name}")

    run("themes", "add", str(archive))

    assert ("harbour", "you") in [(one["name"], one["origin"]) for one in run("themes", "list", "--json").json]
    run("newsletters", "edit", newsletter, "--theme", "harbour")
    assert run("issues", "check", issue, "--json").json["can_be_mailed"]


@pytest.mark.parametrize(
    ("mjml", "said"),
    [
        ("<mjml><mj-body><mj-section></mj-body></mjml>", "MJML cannot be read"),
        ("{% for %}", "The theme has a mistake"),
        ("{{ page.nothing }}", "The theme cannot be used"),
        ("{{ page.__class__.__mro__ }}", "The theme cannot be used"),
        ("<mjml><mj-body><mj-include path='/etc/passwd' /></mj-body></mjml>", "mj-include is not allowed"),
    ],
)
def test_a_broken_theme_is_refused_with_a_sentence_and_nothing_changes(
    run: Run, home: Path, theme: Path, mjml: str, said: str
) -> None:
    (theme / "theme.mjml").write_text(mjml)

    answer = run("themes", "add", str(theme), status=2)

    assert said in answer.err
    assert "harbour" in answer.err
    assert "Traceback" not in answer.err
    assert not (home / "themes/harbour").exists()


def test_what_is_not_there_is_a_sentence(run: Run, tmp_path: Path) -> None:
    assert "no such folder" in run("themes", "add", str(tmp_path / "nothing.zip"), status=2).err


def test_a_theme_is_shown_in_a_newsletters_look(run: Run, newsletter: str, tmp_path: Path) -> None:
    run("newsletters", "edit", newsletter, "--look", "accent=#aa2200", "--look", "footer=Two lines\\nof tea")

    (page,) = run("themes", "preview", "magazine", "--newsletter", newsletter, "--out", str(tmp_path), "--json").json[
        "files"
    ]

    shown = Path(page).read_text()
    assert "#aa2200" in shown
    assert "of tea" in shown


def test_a_wish_is_taken_back_by_an_empty_one(run: Run, newsletter: str) -> None:
    run("newsletters", "edit", newsletter, "--look", "accent=#aa2200", "--look", "radius=4px")

    assert run("newsletters", "edit", newsletter, "--look", "accent=", "--json").json["look"] == {"radius": "4px"}


@pytest.mark.parametrize(
    ("wish", "said"),
    [("acent=#aa2200", "Did you mean “accent”?"), ("accent=red-ish", "is no colour"), ("accent", "KEY=VALUE")],
)
def test_a_wish_that_cannot_be_is_refused(run: Run, newsletter: str, wish: str, said: str) -> None:
    assert said in run("newsletters", "edit", newsletter, "--look", wish, status=2).err


def test_an_unknown_theme_of_a_newsletter_gets_a_suggestion(run: Run, newsletter: str) -> None:
    assert "Did you mean “letter”?" in run("newsletters", "edit", newsletter, "--theme", "lettre", status=2).err
