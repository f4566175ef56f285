"""Holes while an issue is being compiled: marks that pass through every stage as ordinary words.

A personal field or link becomes `q` + six hexadecimal digits + a number + `z` before Markdown is read. Of all spellings
tried, only a plain word survives Markdown, the HTML cleaner, MJML and the inliner, in text and in addresses alike. The
six digits come from the texts themselves and occur nowhere in them, so nobody can write a mark by hand, and the same
issue always gives the same marks.

A mark may also stand for words that are the same for everybody (the newsletter's name): they are put in, escaped for
their place, when the part is cut.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote

from markupsafe import escape

from mailer.errors import RenderError
from mailer.rendering.edition import Body, Context, Hole, Line
from mailer.rendering.quoted import encode_last_run, encode_run

UNSUBSCRIBE = "unsubscribe"
VIEW = "view"

_LONG_VALUE = "M" * 60
_LONG_TOKEN = "M" * 48
_ADDRESS_BEGUN = re.compile(r"""(?:href|src|background)\s*=\s*["']?[^"'<>]*\Z""", re.IGNORECASE)


class Holes:
    """The marks of one compilation, and the table of holes that grows as its parts are cut."""

    def __init__(self, texts: Iterable[str], *, same_for_all: Mapping[str, str]) -> None:
        """Choose marks that occur in none of the texts. `same_for_all` holds the values that need no hole."""
        self._nonce = _nonce("\x00".join((*texts, *same_for_all.values())))
        self._pattern = re.compile(f"q{self._nonce}([0-9]{{3,}})z")
        self._same_for_all = same_for_all
        self._values: list[tuple[str, str]] = []
        self.table: list[Hole] = []

    def mark(self, name: str, default: str = "") -> str:
        """Return the mark that stands for a value, to be written where it belongs."""
        value = (name, default)
        if value not in self._values:
            self._values.append(value)
        return f"q{self._nonce}{self._values.index(value):03d}z"

    def names(self, marked: str) -> list[str]:
        """Return the names of the values that a marked text has marks for, in order."""
        return [self._values[int(match[1])][0] for match in self._pattern.finditer(marked)]

    def shown(self, marked: str) -> str:
        """Return a marked text as its author wrote it, for messages about it."""
        return self._pattern.sub(lambda match: "{{ " + self._values[int(match[1])][0] + " }}", marked)

    def longest(self, marked: str) -> int:
        """Return how many bytes a marked text has once long values are put in."""
        lengths = {UNSUBSCRIBE: _LONG_TOKEN, VIEW: _LONG_TOKEN}
        filled = self._pattern.sub(lambda match: lengths.get(self._values[int(match[1])][0], _LONG_VALUE), marked)
        return len(filled.encode())

    def cut_line(self, marked: str) -> Line:
        """Cut a header's text."""
        runs, holes = self._cut(marked, lambda _: Context.HEADER)
        return Line(tuple(runs), tuple(holes))

    def cut_text(self, marked: str) -> Body:
        """Cut the text part."""
        return _body(*self._cut(marked, lambda _: Context.TEXT))

    def cut_html(self, marked: str) -> Body:
        """Cut the HTML part; each hole knows whether it stands inside an address."""
        return _body(*self._cut(marked, _context_in_html))

    def _cut(self, marked: str, context_after: Callable[[str], Context]) -> tuple[list[str], list[int]]:
        runs, holes, end = [""], [], 0
        for match in self._pattern.finditer(marked):
            name, default = self._values[int(match[1])]
            # An address is shorter than this, whatever stands before it.
            context = context_after(marked[max(0, match.start() - 4_000) : match.start()])
            runs[-1] += marked[end : match.start()]
            if name in self._same_for_all:
                runs[-1] += escape_for(context, self._same_for_all[name])
            else:
                holes.append(self._hole(Hole(name, default, context)))
                runs.append("")
            end = match.end()
        runs[-1] += marked[end:]
        return runs, holes

    def _hole(self, hole: Hole) -> int:
        if hole not in self.table:
            self.table.append(hole)
        return self.table.index(hole)


def escape_for(context: Context, value: str) -> str:
    """Return a value as it must be written in its place, so that it is that value there and nothing else."""
    if context is Context.HTML:
        return str(escape(value))
    if context is Context.URL:
        return quote(value, safe="")
    return value


def _nonce(everything: str) -> str:
    seed = everything.encode("utf-8", "replace")
    for attempt in range(1_000):
        nonce = hashlib.sha256(b"%d " % attempt + seed).hexdigest()[:6]
        if f"q{nonce}" not in everything.lower():
            return nonce
    raise RenderError("The text contains every mark that could be chosen for its personal fields.")


def _context_in_html(before: str) -> Context:
    is_in_address = _ADDRESS_BEGUN.search(before) is not None
    return Context.URL if is_in_address else Context.HTML


def _body(runs: list[str], holes: list[int]) -> Body:
    return Body((*(encode_run(run) for run in runs[:-1]), encode_last_run(runs[-1])), tuple(holes))
