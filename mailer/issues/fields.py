r"""Personal fields: `{{ … }}` where each recipient's own words go, and `{% if … %}` around what only some people get.

The whole grammar is `{{ name }}` and `{{ name | default("words") }}` (or 'words'), and `{% if … %}`, `{% elif … %}`,
`{% else %}`, `{% endif %}` (see `conditions`), each on one line. It is no template language: there are no loops, no
calls and no other filters. A literal brace is written as in Markdown, `\{`. Everything here is pure; the values are put
in by the rendering.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from mailer.errors import SourceError
from mailer.issues.conditions import Condition, read_condition
from mailer.issues.suggestion import did_you_mean

KNOWN_FIELDS: tuple[str, ...] = (
    "subscriber.first_name",
    "subscriber.name",
    "subscriber.email",
    "subscriber.language",
    "subscriber.lang",
    "subscriber.joined",
    "newsletter.name",
    "newsletter.sender_name",
    "newsletter.postal_address",
    "list.name",
    "issue.title",
    "issue.slug",
    "issue.date",
    "issue.year",
    "unsubscribe_url",
    "preferences_url",
    "view_url",
    "confirm_url",
)
"""The names that may be used, besides `subscriber.fields.<name>` for what a list keeps about its people.

`subscriber.language` is the whole tag (`zh-Hant`), `subscriber.lang` its first part (`zh`).
"""

MOST_TAGS = 200
"""Conditions in one text. Every one costs a seam in the message."""
DEEPEST_CONDITION = 8

_OWN_FIELD = re.compile(r"subscriber\.fields\.[\w-]+")
_OPENING = re.compile(r"(?<!\\)\{[{%]")
_USE = re.compile(
    r"""\{\{[ \t]*
        (?P<name>[\w-]+(?:\.[\w-]+)*)[ \t]*
        (?:\|[ \t]*default[ \t]*\([ \t]*(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)')[ \t]*\)[ \t]*)?
        \}\}""",
    re.VERBOSE,
)
_TAG = re.compile(
    r"""\{%-?[ \t]*(?:(?P<kind>if|elif)[ \t]+(?P<condition>(?:"[^"\n]*"|'[^'\n]*'|[^"'\n%])+?)
        |(?P<bare>else|endif))[ \t]*-?%\}""",
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


class TagKind(StrEnum):
    """What a `{% … %}` does."""

    IF = "if"
    ELIF = "elif"
    ELSE = "else"
    ENDIF = "endif"


@dataclass(frozen=True, slots=True)
class ConditionTag:
    """One `{% … %}` in a text."""

    kind: TagKind
    condition: Condition | None
    """What `if` and `elif` ask; None for the others."""
    start: int
    end: int
    line: int


def find_fields(text: str, *, place: str, first_line: int = 1) -> list[FieldUse]:
    """Return every field used in the text, in order, its conditions checked and left out.

    `place` is the file's name for messages; `first_line` is the number there of the text's first line.
    Raises SourceError, naming file and line, for an unknown name, an opening that is not closed on its line, anything
    that is not of the grammar above, and a condition that does not end.
    """
    return [found for found in find_tags(text, place=place, first_line=first_line) if isinstance(found, FieldUse)]


def find_tags(text: str, *, place: str, first_line: int = 1) -> list[FieldUse | ConditionTag]:
    """Return every field and every part of a condition, in order. Raises as `find_fields` does."""
    found: list[FieldUse | ConditionTag] = []
    position, line, counted = 0, first_line, 0
    while opening := _OPENING.search(text, position):
        line += text.count("\n", counted, opening.start())
        counted = opening.start()
        where = f"{place}:{line}"
        if opening[0] == "{{":
            found.append(_field(text, opening.start(), where, line))
        else:
            found.append(_tag(text, opening.start(), where, line))
        position = found[-1].end
    _check_pairs([one for one in found if isinstance(one, ConditionTag)], place)
    return found


def is_known_field(name: str) -> bool:
    """Whether a field of this name can be filled in."""
    return name in KNOWN_FIELDS or _OWN_FIELD.fullmatch(name) is not None


def _field(text: str, start: int, where: str, line: int) -> FieldUse:
    match = _USE.match(text, start)
    if match is None:
        raise _refusal(text, start, where)
    _check_name(match["name"], where)
    default = match["double"] if match["double"] is not None else match["single"]
    return FieldUse(match["name"], default, match.start(), match.end(), line)


def _tag(text: str, start: int, where: str, line: int) -> ConditionTag:
    match = _TAG.match(text, start)
    if match is None:
        raise _refusal(text, start, where)
    kind = TagKind(match["kind"] or match["bare"])
    condition = None
    if match["condition"] is not None:
        condition = read_condition(match["condition"], place=where, check_name=_check_tested_name)
    return ConditionTag(kind, condition, match.start(), match.end(), line)


def _check_pairs(tags: list[ConditionTag], place: str) -> None:
    """Raise SourceError unless every condition is opened, parted and closed in order."""
    if len(tags) > MOST_TAGS:
        raise SourceError(
            f"There are {len(tags)} “{{%”, and {MOST_TAGS} is the most.", place=place, fix="Write separate issues."
        )
    opened: list[ConditionTag] = []
    for tag in tags:
        if tag.kind is TagKind.IF:
            opened.append(tag)
            if len(opened) > DEEPEST_CONDITION:
                raise SourceError(
                    f"Conditions within conditions, {len(opened)} deep; {DEEPEST_CONDITION} is the most.",
                    place=f"{place}:{tag.line}",
                    fix="Join them with “and”.",
                )
        elif not opened or (opened[-1].kind is TagKind.ELSE and tag.kind is not TagKind.ENDIF):
            raise SourceError(
                f"“{{% {tag.kind.value} %}}” has no “{{% if … %}}” before it.",
                place=f"{place}:{tag.line}",
                fix="A condition is {% if … %} … {% elif … %} … {% else %} … {% endif %}.",
            )
        elif tag.kind is TagKind.ENDIF:
            opened.pop()
        else:
            opened[-1] = tag
    if opened:
        raise SourceError(
            f"“{{% {opened[-1].kind.value} %}}” is never closed.",
            place=f"{place}:{opened[-1].line}",
            fix="Write {% endif %} where it ends.",
        )


def _check_tested_name(name: str, place: str) -> None:
    _check_name(name, place)
    if not name.startswith("subscriber."):
        raise SourceError(
            f"“{name}” is the same for everybody, so no condition can ask for it.",
            place=place,
            fix="A condition asks for something of the person, such as subscriber.language.",
        )


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
            f"“{_shortened(written)}” is no condition that an issue can have; there are no loops and no other tags.",
            place=place,
            fix='Write {% if subscriber.language == "zh" %} … {% else %} … {% endif %}.'
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
