r"""Personal fields: the `{{ … }}` that an editor writes where each recipient's own words go.

The whole grammar is `{{ name }}` and `{{ name | default("words") }}` (or 'words'), on one line. It is no template
language: there are no conditions, no loops and no other filters, and `{%` is refused so that nobody believes there are.
A literal brace is written as in Markdown, `\{`. Everything here is pure; the values are put in by the rendering.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.errors import SourceError
from mailer.issues.suggestion import did_you_mean

KNOWN_FIELDS: tuple[str, ...] = (
    "subscriber.first_name",
    "subscriber.name",
    "subscriber.email",
    "subscriber.language",
    "newsletter.name",
    "issue.title",
    "unsubscribe_url",
    "view_url",
)
"""The names that may be used, besides `subscriber.fields.<name>` for what a list keeps about its people."""

_OWN_FIELD = re.compile(r"subscriber\.fields\.[\w-]+")
_OPENING = re.compile(r"(?<!\\)\{[{%]")
_USE = re.compile(
    r"""\{\{[ \t]*
        (?P<name>[\w-]+(?:\.[\w-]+)*)[ \t]*
        (?:\|[ \t]*default[ \t]*\([ \t]*(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)')[ \t]*\)[ \t]*)?
        \}\}""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class FieldUse:
    """One `{{ … }}` in a text."""

    name: str
    """The field's full name, such as `subscriber.first_name` or `subscriber.fields.city`."""
    default: str | None
    """What stands there for a recipient without a value; None where the editor gave nothing."""
    start: int
    """Offset of the first `{` in the text."""
    end: int
    """Offset after the last `}`."""
    line: int
    """The line, counted as the file counts it."""


def find_fields(text: str, *, place: str, first_line: int = 1) -> list[FieldUse]:
    """Return every field used in the text, in order.

    `place` is the file's name for messages; `first_line` is the number there of the text's first line.
    Raises SourceError, naming file and line, for an unknown name, an opening that is not closed on its line, anything
    that is not of the grammar above, and `{%`.
    """
    uses: list[FieldUse] = []
    position = 0
    while opening := _OPENING.search(text, position):
        line = first_line + text.count("\n", 0, opening.start())
        match = _USE.match(text, opening.start())
        if match is None:
            raise _refusal(text, opening.start(), f"{place}:{line}")
        _check_name(match["name"], f"{place}:{line}")
        default = match["double"] if match["double"] is not None else match["single"]
        uses.append(FieldUse(match["name"], default, match.start(), match.end(), line))
        position = match.end()
    return uses


def is_known_field(name: str) -> bool:
    """Whether a field of this name can be filled in."""
    return name in KNOWN_FIELDS or _OWN_FIELD.fullmatch(name) is not None


def _check_name(name: str, place: str) -> None:
    if is_known_field(name):
        return
    raise SourceError(
        f"There is no field “{name}”.",
        place=place,
        fix=did_you_mean(name, KNOWN_FIELDS)
        or f"There are {', '.join(KNOWN_FIELDS)}, and subscriber.fields.<name> for what is kept about each person.",
    )


def _refusal(text: str, start: int, place: str) -> SourceError:
    written = text[start:].split("\n", 1)[0]
    if written.startswith("{%"):
        return SourceError(
            "“{%” opens a condition or a loop, and an issue has none.",
            place=place,
            fix='Use a field with words for everybody else: {{ subscriber.first_name | default("friend") }}.'
            " For the two characters themselves write \\{%.",
        )
    inner, closing, _ = written[2:].partition("}}")
    if not closing:
        return SourceError(
            f"“{_shortened(written)}” is not closed on its line.",
            place=place,
            fix="End it with }}, or write \\{\\{ for the braces themselves.",
        )
    return SourceError(
        f"“{{{{{_shortened(inner)}}}}}” is not a field.",
        place=place,
        fix='A field is {{ name }} or {{ name | default("words") }}. For the braces themselves write \\{\\{.',
    )


def _shortened(words: str) -> str:
    return words if len(words) <= 40 else f"{words[:39]}…"
