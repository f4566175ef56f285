"""A segment: a saved rule over subscribers. A rule is a tree, and has two spellings: an expression and JSON.

    in_list("weekly") and (lang == "zh" or not tagged("vip"))

    {"all": [{"term": "in_list", "arguments": ["weekly"]},
             {"any": [{"field": "language", "is": "==", "value": "zh"},
                      {"not": {"term": "tagged", "arguments": ["vip"]}}]}]}

Both say the same and become the same tree. `subscribers.segments.segmentlanguage` reads and writes the expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from subscribers.errors import RuleError

Value = str | int | float | bool
Values = tuple[Value, ...]

OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains", "starts with", "ends with", "is set")
DEEPEST = 50


@dataclass(frozen=True, slots=True)
class All:
    """Everyone whom all of the rules hold for."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Everyone whom at least one of the rules holds for."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Everyone whom the rule does not hold for."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class Term:
    """A set that has a name, such as `in_list("weekly")`."""

    name: str
    arguments: Values = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field compared with a value; with several for `in` and `not in`, with none for `is set`."""

    field: str
    operator: str
    value: Value | Values | None = None


Rule = All | AnyOf | Not | Term | Comparison


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was saved under a name."""

    slug: str
    expression: str
    name: str = ""


def rule_from_json(tree: object, depth: int = 0) -> Rule:
    """Read a rule's JSON form. Raises RuleError."""
    if depth > DEEPEST:
        raise RuleError(f"The rule has more than {DEEPEST} levels.", "Save a part of it as a segment of its own.")
    match tree:
        case {"all": list(rules), **rest} if not rest and rules:
            return All(tuple(rule_from_json(rule, depth + 1) for rule in rules))
        case {"any": list(rules), **rest} if not rest and rules:
            return AnyOf(tuple(rule_from_json(rule, depth + 1) for rule in rules))
        case {"not": dict(rule), **rest} if not rest:
            return Not(rule_from_json(rule, depth + 1))
        case {"term": str(name), "arguments": list(arguments), **rest} if not rest and all(map(_is_value, arguments)):
            return Term(name, tuple(arguments))
        case {"field": str(), "is": str(), **rest} if rest.keys() <= {"value"}:
            return _comparison_from_json(tree)
    raise _no_rule(tree)


def _comparison_from_json(tree: object) -> Comparison:
    match tree:
        case {"field": str(name), "is": "is set", **rest} if not rest:
            return Comparison(name, "is set")
        case {"field": str(name), "is": ("in" | "not in") as operator, "value": list(values)}:
            if all(map(_is_value, values)):
                return Comparison(name, operator, tuple(values))
        case {"field": str(name), "is": str(operator), "value": value} if _is_value(value):
            if operator in OPERATORS and operator not in ("in", "not in", "is set"):
                return Comparison(name, operator, value)
    raise _no_rule(tree)


def _no_rule(tree: object) -> RuleError:
    return RuleError(f"This is no rule: {str(tree)[:200]}", "See docs/segments.md for the form of rules.")


def rule_to_json(rule: Rule) -> dict[str, Any]:
    """Return a rule's JSON form: dicts, lists and plain values."""
    match rule:
        case All(rules):
            return {"all": [rule_to_json(one) for one in rules]}
        case AnyOf(rules):
            return {"any": [rule_to_json(one) for one in rules]}
        case Not(one):
            return {"not": rule_to_json(one)}
        case Term(name, arguments):
            return {"term": name, "arguments": list(arguments)}
        case Comparison(field, "is set"):
            return {"field": field, "is": "is set"}
        case Comparison(field, operator, value):
            return {"field": field, "is": operator, "value": list(value) if isinstance(value, tuple) else value}


def _is_value(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def flattened(kind: type[All] | type[AnyOf], rules: Sequence[Rule]) -> Rule:
    """Join rules into one `All` or `AnyOf`; those of the same kind within it become part of it."""
    flat: list[Rule] = []
    for rule in rules:
        flat += rule.rules if isinstance(rule, kind) else (rule,)
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
