"""The table of commands, and what all of them share."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer import core

from mailer.cli.commands import COMMANDS, load_command

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run

_PROCESSES = {"serve", "worker", "scheduler", "inbound", "inbox"}


def every_command() -> Iterator[tuple[str, core.TyperCommand]]:
    for name, entry in COMMANDS.items():
        yield from _within(name, load_command(name, entry))


def _within(path: str, loaded: core.TyperCommand | core.TyperGroup) -> Iterator[tuple[str, core.TyperCommand]]:
    if not isinstance(loaded, core.TyperGroup):
        yield path, loaded
        return
    for verb, one in loaded.commands.items():
        yield from _within(f"{path} {verb}", one)  # type: ignore[arg-type]  # groups hold our commands


EVERY_COMMAND = list(every_command())


def test_help_answers_within_a_third_of_a_second() -> None:
    # The processor's time, and the best of some tries: the machine may be busy, the command must not be.
    best = min(_seconds_of_help() for _ in range(5))

    assert best < 0.3


def _seconds_of_help() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-m", "mailer", "--help"], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "suppressions" in done.stdout
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("words", ["backup", "subscribers export", "suppressions export", "segments export true"])
def test_a_file_that_cannot_be_written_is_a_sentence(run: Run, tmp_path: Path, words: str) -> None:
    answer = run(*words.split(), str(tmp_path / "nowhere" / "file.csv"), status=2)

    assert answer.err.startswith(f"{tmp_path}/nowhere/file.csv")
    assert answer.err.endswith(
        " cannot be read or written (no such file or directory). Check its name and its rights.\n"
    )


def test_a_settings_file_that_is_no_toml_is_a_sentence(run: Run, home: Path) -> None:
    (home / "settings.toml").write_text("relay_host = [")

    assert f"{home / 'settings.toml'} is no TOML" in run("check", status=2).err


def test_the_version_needs_no_command() -> None:
    done = subprocess.run([sys.executable, "-m", "mailer", "--version"], capture_output=True, text=True, check=True)

    assert done.stdout.startswith("pressrun 0.")


def test_nothing_heavy_is_loaded_for_help() -> None:
    code = (
        "import sys, mailer.__main__; "
        "print([name for name in ('redis', 'celery', 'fastapi', 'rich', 'pydantic', 'jinja2') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("path", "command"), EVERY_COMMAND)
def test_every_command_says_what_it_does_and_what_each_option_means(path: str, command: core.TyperCommand) -> None:
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, core.TyperOption):
            assert parameter.help, f"{path} {parameter.name}"


@pytest.mark.parametrize(("path", "command"), EVERY_COMMAND)
def test_every_command_that_answers_can_answer_as_json(path: str, command: core.TyperCommand) -> None:
    if path in _PROCESSES:
        return

    assert "--json" in {option for parameter in command.params for option in parameter.opts}


def test_a_program_that_asks_for_json_is_told_of_an_error_in_json(run: Run) -> None:
    answer = run("issues", "show", "nothing", "--json", status=2)

    assert json.loads(answer.out) == {"error": answer.err.strip()}
    assert "nothing" in answer.err


def test_the_processes_are_commands() -> None:
    assert COMMANDS.keys() >= _PROCESSES
