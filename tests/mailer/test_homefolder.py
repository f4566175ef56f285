"""The home folder and its secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.errors import ConfigError
from mailer.homefolder import make_secret, prepare_home


def test_the_home_folder_is_the_owners_alone(tmp_path: Path) -> None:
    prepare_home(tmp_path / "a" / "home")

    assert (tmp_path / "a" / "home").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigError, match=r"file/home cannot be written to \(not a directory\)\. Make it writable"):
        prepare_home(tmp_path / "file" / "home")


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    assert make_secret(tmp_path)
    secret = (tmp_path / "secret.key").read_text()

    assert not make_secret(tmp_path)
    assert (tmp_path / "secret.key").read_text() == secret
    assert len(secret.strip()) == 64
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]
