"""The fields that a newsletter keeps of its people: each declared with a kind, so that its values can be trusted.

A field that nobody declared is kept as the text it came as, and `undeclared` names it. All newsletters share one space
of names: "city" of one is "city" of the other, and must be of the same kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import msgspec

from subscribers.errors import FieldError
from subscribers.subscriber import FieldValue, Newcomer, Subscriber

LONGEST_VALUE = 1_000
"""Characters of one value."""
LANGUAGE, TAG = "language", "tag"
"""Not declared, but indexed like fields of few values."""

_NAME = re.compile(r"[^\W\d]\w{0,39}")
_YES = frozenset({"true", "yes", "y", "1", "on", "ja", "oui", "sí", "是"})
_NO = frozenset({"false", "no", "n", "0", "off", "nein", "non", "否"})


class FieldKind(StrEnum):
    """What a field's values are."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    """A day, kept as YYYY-MM-DD, so that texts compare as days do."""
    CHOICE = "choice"
    TIME_ZONE = "time-zone"
    URL = "url"


class Field(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A declared field."""

    newsletter: str
    """The slug of the newsletter that keeps it."""
    name: str
    """How it is called in rules and templates: a word, such as `city` or `birth_year`."""
    kind: FieldKind = FieldKind.TEXT
    label: str = ""
    choices: tuple[str, ...] = ()

    @property
    def is_indexed(self) -> bool:
        """Whether its values are few, so that a bitmap is kept for each."""
        return self.kind in (FieldKind.BOOLEAN, FieldKind.CHOICE, FieldKind.TIME_ZONE)


def check_field(field: Field) -> None:
    """Raise FieldError where a declaration makes no sense."""
    if not _NAME.fullmatch(field.name) or field.name != field.name.casefold():
        raise FieldError(field.name, "a field's name is one word of small letters, digits and underscores.")
    if field.name in RESERVED:
        raise FieldError(field.name, "every person has that; it need not be declared.")
    if (field.kind is FieldKind.CHOICE) != bool(field.choices):
        raise FieldError(field.name, "a choice needs its choices, and nothing else has any.")


RESERVED = frozenset({"id", "address", "email", "name", "language", "lang", "joined", "tags", "domain", "version"})


def read_value(field: Field, text: str) -> FieldValue:
    """Return the value that a text stands for. Raises FieldError with the reason."""
    if len(text) > LONGEST_VALUE:
        raise FieldError(field.name, f"it has {len(text):,} characters; {LONGEST_VALUE:,} are the most.")
    return _READERS[field.kind](field, text.strip())


def undeclared(person: Subscriber | Newcomer, declared: Iterable[str]) -> frozenset[str]:
    """Return the names of the person's fields that no newsletter declared."""
    return frozenset(person.fields).difference(declared)


def indexed_values(person: Subscriber | Newcomer, declared: Mapping[str, Field]) -> set[tuple[str, str]]:
    """Return field and value of everything about a person that a bitmap is kept for."""
    values = {(TAG, tag) for tag in person.tags}
    if person.language:
        values.add((LANGUAGE, person.language.lower()))
    for name, value in person.fields.items():
        if name in declared and declared[name].is_indexed:
            values.add((name, index_value(value)))
    return values


def index_value(value: FieldValue) -> str:
    """Return a value as it stands in the name of its bitmap."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(_field: Field, text: str) -> FieldValue:
    return text


def _number(field: Field, text: str) -> FieldValue:
    try:
        number = float(text)
    except ValueError:
        raise FieldError(field.name, f"“{text[:40]}” is not a number, such as 12 or 3.5.") from None
    if number - number:  # neither infinite nor not-a-number
        raise FieldError(field.name, f"“{text[:40]}” is not a number, such as 12 or 3.5.")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _boolean(field: Field, text: str) -> FieldValue:
    if (plain := text.casefold()) in _YES | _NO:
        return plain in _YES
    raise FieldError(field.name, f"“{text[:40]}” is neither yes nor no.")


def _date(field: Field, text: str) -> FieldValue:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise FieldError(field.name, f"“{text[:40]}” is not a day, such as 2026-11-23.") from None


def _choice(field: Field, text: str) -> FieldValue:
    for choice in field.choices:
        if choice.casefold() == text.casefold():
            return choice
    raise FieldError(field.name, f"“{text[:40]}” is none of {', '.join(field.choices)}.")


def _time_zone(field: Field, text: str) -> FieldValue:
    if text in _time_zones():
        return text
    raise FieldError(field.name, f"“{text[:40]}” is no time zone, such as Europe/Berlin.")


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _url(field: Field, text: str) -> FieldValue:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FieldError(field.name, f"“{text[:40]}” is no address of a page, such as https://example.com/.")
    return text


_READERS: Mapping[FieldKind, Callable[[Field, str], FieldValue]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.DATE: _date,
    FieldKind.CHOICE: _choice,
    FieldKind.TIME_ZONE: _time_zone,
    FieldKind.URL: _url,
}
