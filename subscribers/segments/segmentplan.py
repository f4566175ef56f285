"""How a rule is answered: by sets as far as sets reach, by reading records for the rest.

Every rule has two bounds, both sets: who is in it for certain, and who may be. A set term has itself for both; a
condition on a field without an index has nobody and everybody. `and`, `or` and `not` combine bounds as they combine
sets. Where both bounds are the same, the sets are the answer; else only the records of people between them are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from subscribers.segments.algebra import Bitmap, Sets, both, either, without
from subscribers.segments.segment import All, AnyOf, Comparison, Not, Rule, Term

MaybeSets = Sets | None
"""A set; None is nobody."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Who is in a rule for certain, and who may be. Equal where sets alone answer the rule."""

    certain: MaybeSets
    possible: MaybeSets

    @property
    def is_exact(self) -> bool:
        """Whether no record need be read."""
        return self.certain == self.possible


def bounds_of(rule: Rule, sets: Mapping[Rule, MaybeSets], everyone: Bitmap) -> Bounds:
    """Return a rule's bounds; `sets` says what each term and comparison is, those that need records left out."""
    match rule:
        case Term() | Comparison():
            return Bounds(sets[rule], sets[rule]) if rule in sets else Bounds(None, everyone)
        case Not(one):
            inner = bounds_of(one, sets, everyone)
            return Bounds(_without(everyone, inner.possible), _without(everyone, inner.certain))
        case All(rules):
            return _combined([bounds_of(one, sets, everyone) for one in rules], _both)
        case AnyOf(rules):
            return _combined([bounds_of(one, sets, everyone) for one in rules], _either)


def leaves(rule: Rule) -> list[Term | Comparison]:
    """Return the terms and comparisons of a rule, each once."""
    match rule:
        case Term() | Comparison():
            return [rule]
        case Not(one):
            return leaves(one)
        case All(rules) | AnyOf(rules):
            return list(dict.fromkeys(leaf for one in rules for leaf in leaves(one)))


def between(bounds: Bounds) -> MaybeSets:
    """Return whose records must be read."""
    return None if bounds.is_exact else _without(bounds.possible, bounds.certain)


def _combined(all_bounds: list[Bounds], combine: Callable[[MaybeSets, MaybeSets], MaybeSets]) -> Bounds:
    first, *rest = all_bounds
    for one in rest:
        first = Bounds(combine(first.certain, one.certain), combine(first.possible, one.possible))
    return first


def _both(first: MaybeSets, second: MaybeSets) -> MaybeSets:
    if first is None or second is None:
        return None
    if first == second or _is_everyone(second):
        return first
    return second if _is_everyone(first) else both(first, second)


def _either(first: MaybeSets, second: MaybeSets) -> MaybeSets:
    if first is None or first == second or (second is not None and _is_everyone(second)):
        return second
    return first if second is None or _is_everyone(first) else either(first, second)


def _without(first: MaybeSets, second: MaybeSets) -> MaybeSets:
    if first is None or first == second:
        return None
    return first if second is None else without(first, second)


def _is_everyone(sets: Sets) -> bool:
    return isinstance(sets, Bitmap) and sets.title == EVERYONE


EVERYONE = "everyone"
