"""What goes into a hole for one person, escaped for the place where it stands, and what is shown to them at all.

A value is one line of at most 200 characters without control characters, whatever an import brought in: it can end no
header, no attribute and no paragraph.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mailer.issues.conditions import Comparison, Condition, Sign
from mailer.rendering.edition import SEAM, Case, Context, Hole, Line
from mailer.rendering.headers import one_line
from mailer.rendering.holes import escape_for
from mailer.rendering.quoted import encode_value
from mailer.rendering.words import primary_language, written_date
from subscribers.subscriber import Subscriber

LONGEST_VALUE = 200
"""Characters. A longer value is cut: one person's record must not break everybody's layout, nor Gmail's limit."""

Facts = Mapping[str, str]
"""Fields that are the same for everybody in a mailing, and known only then: `list.name`."""
Filler = Callable[[Subscriber, dict[bytes, bytes]], None]
"""Puts what a person has for one field into all of its holes."""
_OWN = "subscriber.fields."
_PLAIN_LENGTH = 70


def value_of(subscriber: Subscriber, name: str, language: str = "en") -> str:
    """Return a person's value of a field; empty where they have none. `language` is what dates are written in."""
    match name:
        case "subscriber.first_name":
            return _tidy(subscriber.first_name)
        case "subscriber.name":
            return _tidy(subscriber.name)
        case "subscriber.email":
            return subscriber.address
        case "subscriber.language":
            return _tidy(subscriber.language)
        case "subscriber.lang":
            return _tidy(primary_language(subscriber.language))
        case "subscriber.joined":
            return written_date(subscriber.joined.date(), language)
    value = subscriber.fields.get(name.removeprefix(_OWN), "") if name.startswith(_OWN) else ""
    return _tidy(str(value))


def fillers_of(holes: Sequence[tuple[bytes, Hole]], facts: Facts, language: str) -> list[Filler]:
    """Return what fills the holes of bodies, each known by its name in the template: escaped, and quoted-printable."""
    by_name: dict[str, list[tuple[bytes, Hole]]] = {}
    for index, hole in holes:
        by_name.setdefault(hole.name, []).append((index, hole))
    return [_filler(name, of_name, facts, language) for name, of_name in by_name.items()]


def _filler(name: str, holes: Sequence[tuple[bytes, Hole]], facts: Facts, language: str) -> Filler:
    ready = [(index, hole.context, _encoded(hole.context, hole.default)) for index, hole in holes]

    def fill(subscriber: Subscriber, values: dict[bytes, bytes]) -> None:
        value = _tidy(facts[name]) if name in facts else value_of(subscriber, name, language)
        if value.isalnum() and value.isascii() and len(value) < _PLAIN_LENGTH:
            # The same in every context, and in quoted-printable.
            plain = value.encode()
            for index, _, _ in ready:
                values[index] = plain
            return
        for index, context, default in ready:
            values[index] = _encoded(context, value) if value else default

    return fill


def _encoded(context: Context, value: str) -> bytes:
    return encode_value(escape_for(context, value))


def fill_line(
    line: Line, holes: Sequence[Hole], subscriber: Subscriber, shown: Sequence[bool], facts: Facts, language: str
) -> str:
    """Return a header's text for a person. `shown` says which cases hold for them."""
    out: list[str] = []
    cases = line.cases or (0,) * len(line.runs)
    for run, hole_number, case in zip(line.runs, (*line.holes, SEAM), cases, strict=True):
        if shown[case]:
            out.append(run)
            if hole_number != SEAM:
                hole = holes[hole_number]
                out.append(facts.get(hole.name) or value_of(subscriber, hole.name, language) or hole.default)
    return "".join(out)


def answers_of(subscriber: Subscriber, conditions: Sequence[Condition]) -> int:
    """Return how a person answers the conditions of an edition, as bits: the first is the lowest."""
    answers = 0
    for number, condition in enumerate(conditions):
        if any(all(_holds(subscriber, test) for test in group) for group in condition.any_of):
            answers |= 1 << number
    return answers


def shown_cases(cases: Sequence[Case], answers: int) -> tuple[bool, ...]:
    """Return, case by case, whether it holds for whoever answers so."""
    return tuple(all((answers >> number & 1 == 1) is wanted for number, wanted in case) for case in cases)


def _holds(subscriber: Subscriber, test: Comparison) -> bool:
    value = value_of(subscriber, test.name)
    match test.sign:
        case Sign.IS:
            return value.casefold() == test.words.casefold()
        case Sign.IS_NOT:
            return value.casefold() != test.words.casefold()
        case Sign.IS_SET:
            return value not in _EMPTY
        case Sign.IS_EMPTY:
            return value in _EMPTY


# A field that says no is not there, as far as "if" is concerned.
_EMPTY = frozenset({"", "False", "0", "0.0"})


def _tidy(value: str) -> str:
    if "  " in value or not value.isprintable():
        value = one_line(value)
    return value[:LONGEST_VALUE]
