"""How commands answer: lines for people, or one JSON value for programs; never both.

A command collects its facts once, as plain values. With `--json` they are printed as they are; without it, its own
lines are. Progress and remarks go to standard error, so that an answer can be piped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated
from unicodedata import combining, east_asian_width

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON value.")]


def answer(facts: object, lines: Iterable[str], *, as_json: bool) -> None:
    """Print the facts (lists, dicts, texts, numbers, times, paths, enums) as JSON, or the lines."""
    if as_json:
        print(json.dumps(facts, ensure_ascii=False, indent=2, default=_plain))
        return
    for line in lines:
        print(line)


def remark(sentence: str) -> None:
    """Say something that is not the answer."""
    print(sentence, file=sys.stderr)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> Iterator[str]:
    """Yield aligned lines with a heading, or the sentence `empty` if there are no rows."""
    cells = [[_shown(value) for value in row] for row in rows]
    if not cells:
        yield empty
        return
    widths = [max(map(_width, column)) for column in zip(headings, *cells, strict=True)]
    is_number = [all(_is_number(row[place]) for row in cells) for place in range(len(headings))]
    for row in [list(headings), *cells]:
        yield "  ".join(map(_aligned, row, widths, is_number)).rstrip()


def described(pairs: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Yield one line a fact: its name, then its value, aligned; what is empty is left out."""
    shown = [(name, _shown(value)) for name, value in pairs]
    width = max((_width(name) for name, _ in shown), default=0)
    for name, value in shown:
        if value:
            yield f"{name:<{width}}  {value}"


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how much is done so far; it draws a bar on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case Enum():
            return str(value.value)
        case list() | tuple() | frozenset() | set():
            return ", ".join(map(_shown, value))
        case _:
            return " ".join(str(value).split())


def _is_number(text: str) -> bool:
    return text.replace(",", "").isdecimal() or not text


def _aligned(text: str, width: int, is_number: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if is_number else text + space


def _width(text: str) -> int:
    """Return how many columns a terminal needs; Chinese characters take two."""
    return sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in text)
