"""The reference pages are written from the code, and are current."""

from __future__ import annotations

from pathlib import Path

from mailer.cli.reference import commands_page, main, redis_page, settings_page

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_about_commands_is_current() -> None:
    assert (DOCS / "commands.md").read_text(encoding="utf-8") == commands_page(), "run `make docs`"


def test_the_page_about_settings_is_current() -> None:
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page(), "run `make docs`"


def test_the_page_about_redis_is_current() -> None:
    page = (DOCS / "redis.md").read_text(encoding="utf-8")

    assert "`people:last-id`" in page
    assert page == redis_page(page), "run `make docs`"


def test_the_pages_name_every_command_and_say_what_it_does() -> None:
    page = commands_page()

    for heading in ("## pressrun demo", "### pressrun mailings why", "### pressrun subscribers import"):
        assert heading in page
    assert "--button-url URL" in page


def test_both_pages_are_written(tmp_path: Path) -> None:
    main([str(tmp_path)])

    assert {file.name for file in tmp_path.iterdir()} == {"commands.md", "settings.md"}
