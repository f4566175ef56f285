"""Writes what the documentation takes from the code: `python -m mailer.cli.reference [DOCS]`.

That is docs/commands.md, docs/settings.md, and the table of people's keys in docs/redis.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import typer
from typer import core

from mailer.cli.commands import COMMANDS, load_command
from mailer.cli.settingsfile import setting_notes
from subscribers import keys

_MADE = "<!-- Written by `make docs` from the code; changes here are lost. -->"
_KEYS_BEGIN = "<!-- Written by `make docs` from subscribers/keys.py; changes here are lost. -->\n"
_KEYS_END = "<!-- Until here. -->\n"
_HABITS = (
    "Every command has `--help`; most have `--json`, which prints one JSON value and nothing else. Exit status 0: "
    "done; 1: a check found something, or the answer is no; 2: you must do something, and a sentence says what "
    '(with `--json`, as `{"error": …}` too).'
)
_SOURCES = (
    "The first that has a value wins: the environment variable, `settings.toml` in the home folder (`pressrun init` "
    "writes one), the default."
)


def commands_page() -> str:
    """Return the page about every command."""
    parts = [
        "# Commands",
        _MADE,
        _HABITS,
        "`pressrun --home DIR COMMAND` uses another home folder than `$PRESSRUN_HOME` or `./.pressrun`.",
    ]
    for name, entry in COMMANDS.items():
        parts += _command(f"pressrun {name}", load_command(name, entry), "##")
    return "\n\n".join(parts) + "\n"


def settings_page() -> str:
    """Return the page about every setting."""
    parts = [
        "# Settings",
        _MADE,
        _SOURCES,
    ]
    for note in setting_notes():
        means = f"`{note.variable}` · {note.kind} · default `{note.default}`"
        parts += [f"## `{note.name}`", note.description, means]
    return "\n\n".join(parts) + "\n"


def redis_page(page: str) -> str:
    """Return docs/redis.md with the table of people's keys as it is now."""
    before, _, rest = page.partition(_KEYS_BEGIN)
    table = "".join(f"{line}\n" for line in (keys.__doc__ or "").splitlines() if line.startswith("|"))
    return f"{before}{_KEYS_BEGIN}\n{table}\n{_KEYS_END}{rest.partition(_KEYS_END)[2]}"


def main(arguments: list[str]) -> None:
    """Write the pages into the folder named, else into docs."""
    folder = Path(arguments[0] if arguments else "docs")
    folder.mkdir(exist_ok=True)
    (folder / "commands.md").write_text(commands_page(), encoding="utf-8")
    (folder / "settings.md").write_text(settings_page(), encoding="utf-8")
    redis = folder / "redis.md"
    if redis.is_file():
        redis.write_text(redis_page(redis.read_text(encoding="utf-8")), encoding="utf-8")


def _command(path: str, command: core.TyperCommand | core.TyperGroup, mark: str) -> Iterator[str]:
    yield f"{mark} {path}"
    if command.help:
        yield "\n\n".join(" ".join(part.split()) for part in command.help.split("\n\n"))
    if isinstance(command, core.TyperGroup):
        for name, one in command.commands.items():
            yield from _command(f"{path} {name}", one, mark + "#")  # type: ignore[arg-type]  # groups hold our commands
        return
    context = typer.Context(command, info_name=path)
    yield f"    {command.get_usage(context).removeprefix('Usage: ')}"
    rows = [record for one in command.get_params(context) if (record := one.get_help_record(context))]
    yield "\n".join(f"- `{names}`: {words}" if words else f"- `{names}`" for names, words in rows)


if __name__ == "__main__":
    main(sys.argv[1:])
