"""The table of commands, and the group that loads a command's file only when it is asked for.

So `pressrun --help` reads nothing but this file, and a command costs no more than what it uses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated

import typer
from typer import core


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is and what it does, in a line."""

    module: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    "init": Entry("init", "Make the home folder: secret, settings, first newsletter and list."),
    "demo": Entry("demo", "Show everything at once, on this machine, with sample people and an inbox."),
    "serve": Entry("processes", "Run the web pages."),
    "worker": Entry("processes", "Run a worker, which hands mail over."),
    "scheduler": Entry("processes", "Run the scheduler, which finds what is due."),
    "inbound": Entry("processes", "Run the listener for bounces and complaints."),
    "inbox": Entry("processes", "Run the demo's catch-all inbox."),
    "newsletters": Entry("newsletters", "Newsletters: list, show, create, edit."),
    "domains": Entry("domains", "Sending domains and DKIM keys: generate, check, activate, retire, warmup."),
    "lists": Entry("lists", "Lists: list, create, show, edit."),
    "subscribers": Entry("subscribers", "The people on the lists: list, show, add, import, leave, pause."),
    "imports": Entry("people.imports", "Imports of people: list, show, cancel, rejected."),
    "issues": Entry("issues", "Issues: list, import, show, check, render, preview, test."),
    "assets": Entry("content.assets", "Pictures and files of issues: list, add."),
    "themes": Entry("content.themes", "Themes: list, add, preview."),
    "mailings": Entry("mailings", "Mailings: send, try, resend, list, status, report, why, pause, resume, cancel."),
    "relays": Entry("senders.relays", "Relays: add, list, show, change, remove, test."),
    "reports": Entry("feedback.reports", "Bounces and complaints that wait, or that no worker could work off."),
    "destinations": Entry("senders.destinations", "Destinations that want less mail: list, forget."),
    "messages": Entry("messages", "Mail to single people, such as confirmations: list, show, retry, confirm."),
    "series": Entry("mailing.series", "Recurring mailings: create, list, show, stop, ready, unready."),
    "segments": Entry("segments", "Segments: count, list, explain, save, saved, export."),
    "fields": Entry("fields", "What is kept of people: list, declare, remove."),
    "suppressions": Entry("suppressions", "Who is not mailed: list, show, add, remove, import, export."),
    "bounce": Entry("feedback.bounce", "Read one bounce or complaint, from a pipe or a file."),
    "backup": Entry("backups", "Write everything about people into a file."),
    "restore": Entry("backups", "Put everything from a backup into an empty Redis."),
    "check": Entry("check", "Check that what is stored fits together."),
    "doctor": Entry("doctor", "Say what runs, what does not, and what to do."),
}


class LazyCommands(core.TyperGroup):
    """A group that knows its commands' names, and loads the one that is wanted."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer hides its base class
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> core.TyperCommand | core.TyperGroup | None:  # type: ignore[override]
        """Load the command's file. Return None for a name that is not in the table."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        return load_command(cmd_name, entry)

    def format_commands(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]
        """Write the table itself, without loading anything."""
        with formatter.section("Commands"):  # type: ignore[attr-defined]
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])  # type: ignore[attr-defined]


def load_command(name: str, entry: Entry) -> core.TyperCommand | core.TyperGroup:
    """Import a command's file and return the command; a file with several of the first level names them itself."""
    loaded = typer.main.get_command(import_module(f"mailer.cli.{entry.module}").app)
    if isinstance(loaded, core.TyperGroup) and name in loaded.commands and entry.module != name:
        loaded = loaded.commands[name]
    return loaded  # type: ignore[return-value]


_app = typer.Typer(
    cls=LazyCommands,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _say_version(is_asked: bool) -> None:
    # Before a command is looked for: there is none beside `--version`.
    if is_asked:
        from importlib.metadata import version

        print(f"pressrun {version('pressrun')}")
        raise typer.Exit


@_app.callback()
def _press(
    home: Annotated[str, typer.Option(help="The home folder; $PRESSRUN_HOME, else ./.pressrun.", metavar="DIR")] = "",
    _version: Annotated[
        bool,
        typer.Option("--version", help="Say the version and exit.", is_eager=True, callback=_say_version),
    ] = False,
) -> None:
    """A newsletter press that you run yourself, and that can prove what happened to every recipient."""
    if home:
        # The children of a command, such as the demo's, must find the same folder.
        os.environ["PRESSRUN_HOME"] = home


pressrun = typer.main.get_command(_app)
