"""Holes while an issue is being compiled: marks that pass through every stage as ordinary words.

A personal field or link becomes `q` + six hexadecimal digits + a number + `z` before Markdown is read. Of all spellings
tried, only a plain word survives Markdown, the HTML cleaner, MJML and the inliner, in text and in addresses alike. The
six digits come from the texts themselves and occur nowhere in them, so nobody can write a mark by hand, and the same
issue always gives the same marks.

A condition's beginnings and ends become marks too; between blocks they stand in HTML comments, which go with them.

A mark may also stand for words that are the same for everybody (the newsletter's name): they are put in, escaped for
their place, when the part is cut.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from markupsafe import escape

from mailer.errors import RenderError
from mailer.issues.conditions import Condition
from mailer.issues.fields import TagKind
from mailer.rendering.edition import SEAM, Body, Case, Context, Hole, Line
from mailer.rendering.quoted import encode_last_run, encode_run

UNSUBSCRIBE = "unsubscribe"
VIEW = "view"
PREFERENCES = "preferences"
CONFIRM = "confirm"
TRACK = "track"
LINKS = frozenset({UNSUBSCRIBE, VIEW, PREFERENCES, CONFIRM, TRACK})
"""Names of holes that hold a token."""

_Value = TypeVar("_Value")
_LONG_VALUE = "M" * 60
_LONG_TOKEN = "M" * 48
_ADDRESS_BEGUN = re.compile(r"""(?:href|src|background)\s*=\s*["']?[^"'<>]*\Z""", re.IGNORECASE)


class Control(NamedTuple):
    """A mark that puts nothing in: from here on, another case holds."""

    kind: TagKind
    case: int


class Holes:
    """The marks of one compilation, and the tables of holes, conditions and cases that its parts need."""

    def __init__(self, texts: Iterable[str], *, same_for_all: Mapping[str, str]) -> None:
        """Choose marks that occur in none of the texts. `same_for_all` holds the values that need no hole."""
        self._nonce = _nonce("\x00".join((*texts, *same_for_all.values())))
        self._pattern = re.compile(f"(?:<!--)?q{self._nonce}([0-9]{{3,}})z(?:-->)?")
        self._control_pattern = re.compile(f"q{self._nonce}([0-9]{{3,}})z")
        self._same_for_all = same_for_all
        self._values: list[tuple[str, str] | Control] = []
        self.table: list[Hole] = []
        self.conditions: list[Condition] = []
        self.cases: list[Case] = [()]

    def mark(self, name: str, default: str = "") -> str:
        """Return the mark that stands for a value, to be written where it belongs."""
        return self._mark((name, default))

    def control(self, kind: TagKind, case: Case) -> str:
        """Return the mark after which only those of a case read on."""
        return self._mark(Control(kind, _place_in(self.cases, case)))

    def condition(self, condition: Condition) -> int:
        """Return a condition's place in the table."""
        return _place_in(self.conditions, condition)

    def names(self, marked: str) -> list[str]:
        """Return the names of the values that a marked text has marks for, in order."""
        values = (self._values[int(match[1])] for match in self._pattern.finditer(marked))
        return [value[0] for value in values if not isinstance(value, Control)]

    def controls(self, marked: str) -> list[TagKind]:
        """Return the kinds of the conditions' marks in a text, in order."""
        values = (self._values[int(match[1])] for match in self._pattern.finditer(marked))
        return [value.kind for value in values if isinstance(value, Control)]

    def each_control(self, marked: str, changed: Callable[[str], str]) -> str:
        """Return a text with every mark of a condition changed."""
        return self._control_pattern.sub(
            lambda match: changed(match[0]) if self.is_control(match[0]) else match[0], marked
        )

    def is_control(self, word: str) -> bool:
        """Whether a word is the mark of a condition's beginning, parting or end, and nothing else."""
        match = self._control_pattern.fullmatch(word)
        return match is not None and isinstance(self._values[int(match[1])], Control)

    def shown(self, marked: str) -> str:
        """Return a marked text as its author wrote it, for messages about it."""
        return self._pattern.sub(lambda match: _as_written(self._values[int(match[1])]), marked)

    def longest(self, marked: str) -> int:
        """Return how many bytes a marked text has once long values are put in, in the longest variant."""
        sizes = [0]
        """Of the text so far, and within each open condition of its branch; every other is the longest branch."""
        end = 0
        for match in self._pattern.finditer(marked):
            sizes[-1] += len(marked[end : match.start()].encode())
            end = match.end()
            value = self._values[int(match[1])]
            if not isinstance(value, Control):
                sizes[-1] += len(_LONG_TOKEN if value[0] in LINKS else _LONG_VALUE)
            elif value.kind is TagKind.IF:
                sizes += (0, 0)
            else:
                sizes[-2:] = [max(sizes[-2:]), 0]
                if value.kind is TagKind.ENDIF:
                    sizes[-3:] = [sizes[-3] + sizes[-2]]
        return sum(sizes) + len(marked[end:].encode())

    def cut_line(self, marked: str) -> Line:
        """Cut a header's text."""
        return Line(*self._cut(marked, lambda _: Context.HEADER))

    def cut_text(self, marked: str) -> Body:
        """Cut the text part."""
        return _body(*self._cut(marked, lambda _: Context.TEXT))

    def cut_html(self, marked: str) -> Body:
        """Cut the HTML part; each hole knows whether it stands inside an address."""
        return _body(*self._cut(marked, _context_in_html))

    def _cut(
        self, marked: str, context_after: Callable[[str], Context]
    ) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
        runs, holes, cases, end = [""], list[int](), [0], 0
        for match in self._pattern.finditer(marked):
            value = self._values[int(match[1])]
            runs[-1] += marked[end : match.start()]
            end = match.end()
            if isinstance(value, Control):
                holes.append(SEAM)
                runs.append("")
                cases.append(value.case)
                continue
            name, default = value
            # An address is shorter than this, whatever stands before it.
            context = context_after(marked[max(0, match.start() - 4_000) : match.start()])
            if name in self._same_for_all:
                runs[-1] += escape_for(context, self._same_for_all[name])
            else:
                holes.append(_place_in(self.table, Hole(name, default, context)))
                runs.append("")
                cases.append(cases[-1])
        runs[-1] += marked[end:]
        return tuple(runs), tuple(holes), tuple(cases) if any(cases) else ()

    def _mark(self, value: tuple[str, str] | Control) -> str:
        return f"q{self._nonce}{_place_in(self._values, value):03d}z"


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


def _body(runs: tuple[str, ...], holes: tuple[int, ...], cases: tuple[int, ...]) -> Body:
    return Body((*(encode_run(run) for run in runs[:-1]), encode_last_run(runs[-1])), holes, cases)


def _as_written(value: tuple[str, str] | Control) -> str:
    return f"{{% {value.kind.value} %}}" if isinstance(value, Control) else f"{{{{ {value[0]} }}}}"


def _place_in(table: list[_Value], value: _Value) -> int:
    """Return a value's place in a table, which it is added to if need be."""
    if value not in table:
        table.append(value)
    return table.index(value)
