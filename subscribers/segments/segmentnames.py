"""What the names in a segment's rule stand for: lists, tags, fields, other segments, and what comes from above."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from enum import Enum
from functools import partial, reduce
from typing import TypeVar

from subscribers import keys
from subscribers.errors import RuleError, UnknownListError, UnknownSegmentError
from subscribers.fields import LANGUAGE, TAG, Field, FieldKind, index_value
from subscribers.people import People
from subscribers.segments.algebra import Bitmap, Sets, either, without
from subscribers.segments.outside import Outside
from subscribers.segments.recordrules import COLUMNS, FIELDS
from subscribers.segments.segment import All, AnyOf, Comparison, Not, Rule, Term, Value
from subscribers.segments.segmentlanguage import read_expression
from subscribers.segments.segmentplan import EVERYONE, MaybeSets
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

ALL = Bitmap(keys.everyone_bits, EVERYONE)
_OWN_TERMS = ("everyone", "in_list", "in_segment", "tagged", "joined_within", "suppressed")
_DEEPEST_SEGMENTS = 10


class _Unindexed(Enum):
    UNINDEXED = "unindexed"


UNINDEXED = _Unindexed.UNINDEXED
"""In the place of a set: the records must be read."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Looks names up in one Pressrun, at one time."""

    people: People
    now: datetime
    outside: Outside
    declared: Mapping[str, Field]

    async def resolved(self, rule: Rule, inside: tuple[str, ...] = ()) -> Rule:
        """Return the rule with saved segments put in, and every field by its full name. Raises RuleError."""
        match rule:
            case All(rules):
                return All(tuple([await self.resolved(one, inside) for one in rules]))
            case AnyOf(rules):
                return AnyOf(tuple([await self.resolved(one, inside) for one in rules]))
            case Not(one):
                return Not(await self.resolved(one, inside))
            case Term("in_segment", (str(slug),)):
                return await self._segment(slug, inside)
            case Term():
                return rule
            case Comparison(field, operator, value):
                return Comparison(self._full_name(field), operator, value)

    @staticmethod
    def needs_records(leaf: Term | Comparison) -> bool:
        """Whether nothing but the records can answer this, whatever is declared."""
        return isinstance(leaf, Term) and leaf.name == "joined_within" and len(leaf.arguments) == 1

    async def sets_of(self, leaf: Term | Comparison) -> MaybeSets | _Unindexed:
        """Return the set of a term or comparison, UNINDEXED if it has none. Raises RuleError."""
        match leaf:
            case Comparison():
                return await self._values(leaf)
            case Term(name, arguments) if name in self.outside:
                return await self.outside[name](arguments, self.now)
            case Term(name) if name not in _OWN_TERMS:
                raise _unknown("set", name, [*_OWN_TERMS, *self.outside])
            case Term():
                return await self._own(leaf)

    async def _own(self, term: Term) -> MaybeSets:
        match term:
            case Term("everyone", ()):
                return ALL
            case Term("in_list", (str(slug),)):
                return await self._list(slug, SubscriptionState.ACTIVE)
            case Term("in_list", (str(slug), str(state))):
                return await self._list(slug, _one_of(SubscriptionState, state, "state"))
            case Term("tagged", (str(tag),)):
                return await self._tag(tag)
            case Term("suppressed", ()):
                return Bitmap(keys.suppressed_bits, "suppressed")
            case Term("suppressed", (str(reason),)):
                found = _one_of(Reason, reason, "reason")
                return Bitmap(partial(_suppressed, found), f"suppressed: {found}")
            case _:
                raise RuleError(f"{term.name}(…) does not take these arguments.", _USES[term.name])

    async def _segment(self, slug: str, inside: tuple[str, ...]) -> Rule:
        if slug in inside or len(inside) >= _DEEPEST_SEGMENTS:
            raise RuleError(f"The segment “{slug}” is within itself: {' → '.join([*inside, slug])}.", "Take it out.")
        try:
            found = await self.people.segments.find(slug)
        except UnknownSegmentError as error:
            raise RuleError(str(error), "`pressrun segments list` shows them.") from error
        return await self.resolved(read_expression(found.expression), (*inside, slug))

    async def _list(self, slug: str, state: SubscriptionState) -> Sets:
        try:
            found = await self.people.lists.find(slug)
        except UnknownListError as error:
            raise RuleError(str(error), "`pressrun lists list` shows them.") from error
        return Bitmap(partial(_listed, found.id, state), f"{state} on {slug}")

    async def _tag(self, tag: str) -> MaybeSets:
        known = await self.people.fields.values(TAG)
        if known is None:
            raise RuleError("There are too many different tags to ask for one.", "Use a field instead.")
        if tag not in known:
            raise _unknown("tag", tag, known)
        return Bitmap(partial(_valued, TAG, tag), f"tagged {tag}")

    async def _values(self, leaf: Comparison) -> MaybeSets | _Unindexed:
        """Return the set of a comparison with an indexed field."""
        name = LANGUAGE if leaf.field == LANGUAGE else leaf.field.removeprefix(FIELDS)
        field = self.declared.get(name) if leaf.field.startswith(FIELDS) else None
        if field is not None:
            _check_values(field, leaf)
        if not (name == LANGUAGE or (field and field.is_indexed)) or leaf.operator not in _BY_INDEX:
            return UNINDEXED
        known = await self.people.fields.values(name)
        if known is None:
            return UNINDEXED
        wanted = {_index_value(value) for value in _as_values(leaf)}
        if leaf.operator == "is set":
            wanted = {value.casefold() for value in known}
        have: list[Sets] = [
            Bitmap(partial(_valued, name, one), f"{name} {one}") for one in known if one.casefold() in wanted
        ]
        union: MaybeSets = reduce(either, have) if have else None
        if leaf.operator in ("!=", "not in"):
            return without(ALL, union) if union else ALL
        return union

    def _full_name(self, field: str) -> str:
        if field in COLUMNS or field.startswith(FIELDS):
            return field
        if field in self.declared:
            return FIELDS + field
        known = [*COLUMNS, "lang", "email", *self.declared]
        error = _unknown("field", field, known)
        raise RuleError(error.reason, f"{error.fix} A field that no newsletter declares is fields.{field}.")


_Kind = TypeVar("_Kind", SubscriptionState, Reason)
_BY_INDEX = frozenset({"==", "!=", "in", "not in", "is set"})
_USES = {
    "everyone": "Write everyone().",
    "in_list": 'Write in_list("weekly") or in_list("weekly", "left").',
    "in_segment": 'Write in_segment("readers").',
    "tagged": 'Write tagged("vip").',
    "joined_within": "Write joined_within(30), in days.",
    "suppressed": 'Write suppressed() or suppressed("complaint").',
}


def _as_values(leaf: Comparison) -> tuple[Value, ...]:
    if leaf.value is None:
        return ()
    return leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)


def _index_value(value: Value) -> str:
    return index_value(value).casefold()


def _check_values(field: Field, leaf: Comparison) -> None:
    """Refuse a choice that nobody can have: it is a slip of the pen."""
    if field.kind is not FieldKind.CHOICE or leaf.operator not in _BY_INDEX:
        return
    choices = [choice.casefold() for choice in field.choices]
    for value in _as_values(leaf):
        if _index_value(value) not in choices:
            raise _unknown(f"choice of “{field.name}”", str(value), field.choices)


def _unknown(what: str, name: str, known: Iterable[str]) -> RuleError:
    names = sorted(known)
    near = next(iter(get_close_matches(name, names, n=1, cutoff=0.5)), "")
    hint = f"Did you mean “{near}”?" if near else f"There are {', '.join(names[:20]) or 'none yet'}."
    return RuleError(f"There is no {what} “{name}”.", hint)


def _one_of(kind: type[_Kind], text: str, what: str) -> _Kind:
    try:
        return kind(text)
    except ValueError:
        raise _unknown(what, text, [str(one) for one in kind]) from None


def _listed(list_id: int, state: str, chunk: int) -> str:
    return keys.list_bits(chunk, list_id, state)


def _suppressed(reason: str, chunk: int) -> str:
    return keys.suppressed_bits(chunk, reason)


def _valued(name: str, value: str, chunk: int) -> str:
    return keys.value_bits(chunk, name, value)
