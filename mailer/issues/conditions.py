r"""Conditions: the `{% if … %}` with which an editor writes one thing for some people and another for the rest.

    {% if subscriber.language == "zh" %}…{% elif subscriber.fields.city %}…{% else %}…{% endif %}

The whole grammar: a field alone (whether the person has it), `not` before it, `==` and `!=` with words in quotes,
joined by `and` and `or` (`and` binds closer). There are no loops, no calls and no other names than those of the fields,
so a condition costs a comparison or two and can reach nothing. Everything here is pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

import msgspec

from mailer.errors import SourceError

MOST_TESTS = 12
"""Comparisons within one condition."""

_COMPARISON = re.compile(
    r"""[ \t]*(?P<not>not[ \t]+)?(?P<name>[\w-]+(?:\.[\w-]+)*)[ \t]*
        (?:(?P<sign>==|!=)[ \t]*(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)')[ \t]*)?
        (?:(?P<join>and|or)(?=[ \t])|\Z)""",
    re.VERBOSE,
)


class Sign(StrEnum):
    """How a field is compared."""

    IS = "is"
    IS_NOT = "is not"
    IS_SET = "is set"
    IS_EMPTY = "is empty"


class Comparison(msgspec.Struct, frozen=True, array_like=True):
    """One comparison."""

    name: str
    """A field: `subscriber.language`, `subscriber.fields.city`, …"""
    sign: Sign
    words: str = ""


class Condition(msgspec.Struct, frozen=True, array_like=True):
    """True if all tests of any of the groups are true."""

    any_of: tuple[tuple[Comparison, ...], ...]


def read_condition(written: str, *, place: str, check_name: Callable[[str, str], None]) -> Condition:
    """Return the condition that stands after `if`.

    `check_name(name, place)` raises for a field that does not exist. Raises SourceError for anything else than the
    grammar above.
    """
    groups: list[list[Comparison]] = [[]]
    position = count = 0
    while True:
        match = _COMPARISON.match(written, position)
        count += 1
        if match is None or count > MOST_TESTS:
            raise _not_a_condition(written, place)
        check_name(match["name"], place)
        groups[-1].append(_comparison(match))
        if match["join"] is None:
            return Condition(tuple(tuple(group) for group in groups))
        if match["join"] == "or":
            groups.append([])
        position = match.end()


def _comparison(match: re.Match[str]) -> Comparison:
    is_turned = match["not"] is not None
    if match["sign"] is None:
        return Comparison(match["name"], Sign.IS_EMPTY if is_turned else Sign.IS_SET)
    words = match["double"] if match["double"] is not None else match["single"]
    is_same = (match["sign"] == "==") is not is_turned
    return Comparison(match["name"], Sign.IS if is_same else Sign.IS_NOT, words)


def _not_a_condition(written: str, place: str) -> SourceError:
    shown = written.strip() if len(written) <= 60 else f"{written.strip()[:59]}…"
    return SourceError(
        f"“{shown}” is not a condition.",
        place=place,
        fix='Write {% if subscriber.language == "zh" %} or {% if subscriber.fields.city %};'
        f" up to {MOST_TESTS} such tests may be joined by “and” and “or”.",
    )
