"""`pressrun init` and the settings file it writes."""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer.accounts.store import AccountStore
from mailer.cli.settingsfile import commented_settings, setting_notes
from mailer.delivery.press import Press
from mailer.settings import Settings, load_settings

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run

InPress = Callable[[Callable[[Press], Awaitable[None]]], None]


def test_init_makes_secret_settings_newsletter_list_and_a_link(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESSRUN_HOME", str(tmp_path / "new"))
    named = ("--newsletter", "Tea Times", "--sender", "e@example.com", "--list", "All Readers")

    facts = run("init", "--public-url", "https://tea.example.com/", *named, "--json").json

    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert load_settings().public_url == "https://tea.example.com"
    assert facts["sign_in"].startswith("https://tea.example.com/admin/sign-in/")
    assert (facts["newsletter"], facts["list"]) == ("tea-times", "all-readers")
    assert run("lists", "list", "--json").json[0]["name"] == "All Readers"


def test_init_twice_keeps_everything(run: Run, home: Path) -> None:
    run("init")
    secret, settings = (home / "secret.key").read_text(), (home / "settings.toml").read_text()

    answer = run("init", "--public-url", "https://other.example.com")

    assert (home / "secret.key").read_text() == secret
    assert (home / "settings.toml").read_text() == settings
    assert "was not changed" in answer.err


def test_init_without_redis_makes_the_folder_and_says_what_is_next(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESSRUN_HOME", str(tmp_path / "new"))
    monkeypatch.setenv("PRESSRUN_REDIS_URL", f"unix://{tmp_path}/nobody.sock?db=0")

    answer = run("init")

    assert (tmp_path / "new" / "settings.toml").is_file()
    assert "run `pressrun init` again" in answer.err


def test_init_of_a_folder_that_cannot_be_written_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PRESSRUN_HOME", str(tmp_path / "file" / "home"))

    assert "cannot be written to" in run("init", status=2).err


def test_a_second_person_gets_an_account_and_a_link_of_their_own(run: Run, in_press: InPress) -> None:
    link = run("init", "--account", "ben", "--json").json["sign_in"]

    async def look(press: Press) -> None:
        accounts = AccountStore(press.redis)
        assert await accounts.find("ben") is not None
        assert await accounts.take_link(link.rpartition("/")[2]) == "ben"

    in_press(look)


@pytest.mark.parametrize("name", [" ", "a\nb", "a" * 65])
def test_an_account_needs_a_name(run: Run, name: str) -> None:
    assert "needs a name" in run("init", "--account", name, status=2).err


def test_a_list_needs_a_newsletter(run: Run) -> None:
    assert "--newsletter" in run("init", "--list", "Readers", status=2).err


def test_the_settings_file_says_the_defaults_and_changes_nothing() -> None:
    text = commented_settings({})

    assert tomllib.loads(text) == {}
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines() if _is_setting(line))
    defaults = Settings.model_construct()
    for name, value in tomllib.loads(uncommented).items():
        default = getattr(defaults, name)
        assert value == (list(default) if isinstance(default, tuple) else _plain(default)), name


def test_every_setting_has_a_description() -> None:
    assert [note.name for note in setting_notes()] == list(Settings.model_fields)
    assert [note.name for note in setting_notes() if not note.description] == []


def _is_setting(line: str) -> bool:
    return any(line.startswith(f"# {name} = ") for name in Settings.model_fields)


def _plain(value: object) -> object:
    return "" if type(value).__name__ == "SecretStr" else value
