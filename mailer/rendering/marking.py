"""From what an author wrote to the same text with marks: one for each personal field, one wherever a condition turns.

Fields become marks before Markdown is read, because Markdown would take a `{{ … }}` within an address apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailer.errors import RenderError
from mailer.issues.conditions import Condition
from mailer.issues.fields import ConditionTag, TagKind, find_tags
from mailer.rendering.edition import Case
from mailer.rendering.holes import Holes

MOST_CONDITIONS = 24
"""Different questions that an issue may ask of a person."""

# XML has no place for these (mrml and libxml2 refuse them), and nobody sees them: controls, lone surrogates,
# non-characters.
_UNUSABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def usable(text: str) -> str:
    """Return the text with LF line ends and without the characters that no mail can show."""
    return _UNUSABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def marked(text: str, holes: Holes, urls: Mapping[str, str], *, place: str) -> str:
    """Return a text with marks. `urls` are the fields whose marks are part of an address, already marked.

    Raises SourceError for a field that does not exist and for a condition that is none, RenderError for too many.
    """
    text = usable(text)
    out: list[str] = []
    path = _Path(holes)
    end = 0
    for tag in find_tags(text, place=place):
        out.append(text[end : tag.start])
        if isinstance(tag, ConditionTag):
            out.append(path.turned(tag))
        else:
            out.append(urls.get(tag.name) or holes.mark(tag.name, usable(tag.default or "")))
        end = tag.end
    if len(holes.conditions) > MOST_CONDITIONS:
        raise RenderError(
            f"The issue asks {len(holes.conditions)} different things of each person; {MOST_CONDITIONS} is the most.",
            place=place,
            fix="Make separate issues for separate audiences.",
        )
    return "".join((*out, text[end:]))


class _Path:
    """Where we stand among open conditions: what held before each of them, and which of its branches were passed."""

    def __init__(self, holes: Holes) -> None:
        self._holes = holes
        self._opened: list[tuple[Case, list[int]]] = []
        self._case: Case = ()

    def turned(self, tag: ConditionTag) -> str:
        """Follow a tag, and return the mark for its place."""
        if tag.kind is TagKind.IF:
            self._opened.append((self._case, []))
        before, passed = self._opened[-1]
        if tag.kind is TagKind.ENDIF:
            self._opened.pop()
            self._case = before
        else:
            self._case = (*before, *((condition, False) for condition in passed), *self._asked(tag.condition, passed))
        return self._holes.control(tag.kind, self._case)

    def _asked(self, condition: Condition | None, passed: list[int]) -> Case:
        if condition is None:
            return ()
        number = self._holes.condition(condition)
        passed.append(number)
        return ((number, True),)
