"""Before many people are mailed a command asks: on a real terminal, and where nobody is there."""

from __future__ import annotations

import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run

TIMES = ("--cron", "0 9 * * 1")
COMMANDS = [
    ("mailings", "schedule", "first-cup", "--list", "readers"),
    (
        "mailings",
        "try",
        "first-cup",
        "--list",
        "readers",
        "--subject",
        "Tea at six",
        "--winner-by",
        "hand",
        "--share",
        "50",
    ),
    ("series", "create", "weekly", "--list", "readers", *TIMES),
]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three people be many."""
    monkeypatch.setenv("PRESSRUN_CONFIRM_FROM_PEOPLE", "3")


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Give the end of a terminal at which a person types; the other end is the commands' standard input."""
    typed, read = pty.openpty()
    with os.fdopen(read) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield typed
    os.close(typed)


def made(run: Run) -> int:
    return len(run("mailings", "list", "--json").json) + len(run("series", "list", "--json").json)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[1])
def test_many_people_are_not_mailed_where_nobody_can_say_yes(
    run: Run, issue: str, people: Path, few: None, command: tuple[str, ...]
) -> None:
    refused = run(*command, status=2)
    before = made(run)
    run(*command, "--yes")

    assert "3 people" in refused.err
    assert "Nobody is here to answer: add --yes" in refused.err
    assert (before, made(run)) == (0, 1)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[1])
def test_a_few_people_are_mailed_without_a_question(
    run: Run, issue: str, people: Path, command: tuple[str, ...]
) -> None:
    run(*command)

    assert made(run) == 1


@pytest.mark.parametrize(("says", "status", "mailings"), [(b"y\n", 0, 1), (b"n\n", 1, 0), (b"\n", 1, 0)])
def test_a_person_at_a_terminal_is_asked(
    run: Run, issue: str, people: Path, few: None, keyboard: int, says: bytes, status: int, mailings: int
) -> None:
    os.write(keyboard, says)

    asked = run(*COMMANDS[0], status=status)

    assert "Schedule first-cup to 3 people? [y/N]" in asked.out
    assert made(run) == mailings
