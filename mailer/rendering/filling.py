"""What goes into a hole for one person, escaped for the place where it stands.

A value is one line of at most 200 characters without control characters, whatever an import brought in: it can end no
header, no attribute and no paragraph.
"""

from __future__ import annotations

from collections.abc import Callable

from mailer.rendering.edition import Hole, Line
from mailer.rendering.headers import one_line
from mailer.rendering.holes import escape_for
from mailer.rendering.quoted import encode_value
from subscribers.subscriber import Subscriber

LONGEST_VALUE = 200
"""Characters. A longer value is cut: one person's record must not break everybody's layout, nor Gmail's limit."""

Filler = Callable[[Subscriber], bytes]
_OWN = "subscriber.fields."


def value_of(subscriber: Subscriber, name: str) -> str:
    """Return a person's value of a field; empty where they have none."""
    match name:
        case "subscriber.first_name":
            return _tidy(subscriber.first_name)
        case "subscriber.name":
            return _tidy(subscriber.name)
        case "subscriber.email":
            return subscriber.address
        case "subscriber.language":
            return _tidy(subscriber.language)
    value = subscriber.fields.get(name.removeprefix(_OWN), "") if name.startswith(_OWN) else ""
    return _tidy(str(value))


def filler_of(hole: Hole) -> Filler:
    """Return the function that gives a person's bytes for a hole of a body: escaped, and quoted-printable."""
    name, default, context = hole.name, hole.default, hole.context

    def fill(subscriber: Subscriber) -> bytes:
        return encode_value(escape_for(context, value_of(subscriber, name) or default))

    return fill


def fill_line(line: Line, holes: tuple[Hole, ...], subscriber: Subscriber) -> str:
    """Return a header's text for a person."""
    out = [line.runs[0]]
    for index, run in zip(line.holes, line.runs[1:], strict=True):
        hole = holes[index]
        out += (value_of(subscriber, hole.name) or hole.default, run)
    return "".join(out)


def _tidy(value: str) -> str:
    if not value.isprintable():
        value = one_line(value)
    return value[:LONGEST_VALUE]
