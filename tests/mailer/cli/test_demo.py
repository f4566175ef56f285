"""What `pressrun demo` refuses before it starts anything; the rest is in journeys/test_demo.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


@pytest.mark.parametrize("arguments", [("--issue", "a.md"), ("--subscribers", "a.csv"), ("--json",)])
def test_what_only_a_rehearsal_can_do_is_refused_without_once(run: Run, arguments: tuple[str, ...]) -> None:
    assert f"{arguments[0]} goes with --once." in run("demo", *arguments, status=2).err


@pytest.mark.parametrize("option", ["--issue", "--subscribers"])
def test_a_file_that_is_not_there_is_said_before_anything_starts(run: Run, tmp_path: Path, option: str) -> None:
    answer = run("demo", "--once", "--home", str(tmp_path / "demo"), option, str(tmp_path / "nothing"), status=2)

    assert "nothing" in answer.err
    assert len(answer.err.splitlines()) == 1
    assert not (tmp_path / "demo").exists()


def test_an_issue_that_cannot_be_read_is_said_before_anything_starts(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bad.md"
    file.write_text("---\ntitle: no subject\n---\nText.\n")

    answer = run("demo", "--once", "--home", str(tmp_path / "demo"), "--issue", str(file), status=2)

    assert "bad.md:1: The issue has no subject." in answer.err
    assert not (tmp_path / "demo").exists()
