"""The built wheel does its whole job where there is no checkout."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("shipping")]


def test_everything_that_is_not_code_is_inside(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())

    # Whatever lies in the checkout beside the code, a new kind of file too, has to arrive.
    code = {path.relative_to(ROOT).as_posix() for room in ("mailer", "subscribers") for path in _files(ROOT / room)}
    themes = {f"mailer/{path.relative_to(ROOT).as_posix()}" for path in _files(ROOT / "templates")}

    assert any(name.endswith(".lua") for name in code)
    assert any(name.endswith(".mjml") for name in themes)
    assert code | themes <= packed
    assert not [name for name in packed if name.startswith(("tests/", "docs/", "bench/"))]


def test_the_metadata_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        metadata = packed.read(next(name for name in names if name.endswith(".dist-info/METADATA"))).decode()

    assert "Name: pressrun" in metadata
    assert "License-Expression: MIT" in metadata
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_help_needs_nothing_but_the_wheel(installed: Any, tmp_path: Path) -> None:
    asked = installed.run("pressrun", "--help", place=tmp_path)

    assert asked.returncode == 0, asked.stderr
    assert "mailings" in asked.stdout
    assert asked.stderr == ""
    assert not list(tmp_path.iterdir())


def test_the_code_that_runs_is_the_wheels(installed: Any, tmp_path: Path) -> None:
    asked = installed.run(
        "python", "-c", "import mailer, subscribers; print(mailer.__file__, subscribers.__file__)", place=tmp_path
    )

    assert asked.stdout.count(str(installed.folder)) == 2, asked


def test_the_whole_demo_runs_and_its_ledgers_balance(demo: Any) -> None:
    assert demo.status == 0, demo.remarks
    assert demo.said["people"] == 50
    assert [mailing["balanced"] for mailing in demo.said["mailings"]] == [True, True]
    assert [mailing["pending"] for mailing in demo.said["mailings"]] == [0, 0]
    assert len(list(Path(demo.said["messages"]).rglob("*.eml"))) == sum(
        mailing["accepted"] for mailing in demo.said["mailings"]
    )


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
