"""Conditions on records: reads no more of a packed record than a rule asks for.

Half a million people a second go by here, so a record is decoded only as far as it must be: the columns and fields that
the rule names; everything else is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from subscribers.segments.segment import All, AnyOf, Comparison, Not, Rule, Term, Value
from subscribers.subscriber import Subscriber

FIELDS = "fields."
COLUMNS = ("address", "name", "language", "joined", "domain")

Test = Callable[[Any, int], bool]
"""Whether a rule holds for a record, and the person's position in their chunk."""


def decoder_for(names: set[str]) -> msgspec.msgpack.Decoder[Any]:
    """Return a decoder of records that reads only these columns and fields."""
    columns = {"address" if name == "domain" else name for name in names}
    wanted = sorted(name.removeprefix(FIELDS) for name in names if name.startswith(FIELDS))
    # Attributes have names of their own, since a field may be called whatever an attribute may not.
    places = [(f"f{place}", Any, msgspec.UNSET) for place in range(len(wanted))]
    rename = {f"f{place}": name for place, name in enumerate(wanted)}
    fields = msgspec.defstruct("Fields", places, rename=rename, gc=False) if wanted else msgspec.Raw
    types = {"id": int, "address": str, "name": str, "language": str, "joined": datetime}
    record = msgspec.defstruct(
        "Record",
        [
            (name, fields if name == "fields" else types[name] if name in columns or name == "id" else msgspec.Raw)
            for name in Subscriber.__struct_fields__
        ],
        array_like=True,
        gc=False,
    )
    return msgspec.msgpack.Decoder(record)


def test_for(rule: Rule, names: set[str], bits: Mapping[Rule, bytes], now: datetime) -> Test:
    """Return the test of a rule. `bits` are the sets of the terms, in one chunk, as Redis keeps bitmaps."""
    match rule:
        case All(rules):
            tests = tuple(test_for(one, names, bits, now) for one in rules)
            return lambda record, place: all(test(record, place) for test in tests)
        case AnyOf(rules):
            tests = tuple(test_for(one, names, bits, now) for one in rules)
            return lambda record, place: any(test(record, place) for test in tests)
        case Not(one):
            inner = test_for(one, names, bits, now)
            return lambda record, place: not inner(record, place)
        case Term() | Comparison() if rule in bits:
            return _in_bitmap(bits[rule])
        case Term(_, (int() | float() as days,)):
            since = now - timedelta(days=days)
            return lambda record, _place: bool(record.joined >= since)
        case Comparison(field, operator, value):
            return _compared(_getter(field, names), operator, value)
    raise AssertionError(rule)


def _in_bitmap(bitmap: bytes) -> Test:
    end = len(bitmap) * 8
    return lambda _record, place: place < end and bool(bitmap[place >> 3] & (0x80 >> (place & 7)))


def _getter(field: str, names: set[str]) -> Callable[[Any], Any]:
    if field.startswith(FIELDS):
        wanted = sorted(name.removeprefix(FIELDS) for name in names if name.startswith(FIELDS))
        attribute = f"f{wanted.index(field.removeprefix(FIELDS))}"
        return lambda record: getattr(record.fields, attribute)
    if field == "domain":
        return lambda record: record.address.rpartition("@")[2]
    if field == "joined":
        return lambda record: record.joined.isoformat()
    if field == "language":
        return lambda record: record.language.lower() or msgspec.UNSET
    return lambda record: getattr(record, field) or msgspec.UNSET


def _compared(get: Callable[[Any], Any], operator: str, wanted: Any) -> Test:
    """Return the test of one comparison. Who has no value is different from every value, and in no other relation."""
    if operator == "is set":
        return lambda record, _place: get(record) is not msgspec.UNSET
    if operator in ("==", "!="):
        same = _same(get, wanted)
        return same if operator == "==" else lambda record, place: not same(record, place)
    if operator in ("in", "not in"):
        tests = tuple(_same(get, one) for one in wanted)
        is_in = operator == "in"
        return lambda record, place: any(test(record, place) for test in tests) is is_in
    if operator in _TEXTS:
        needle, holds = str(wanted).casefold(), _TEXTS[operator]
        return lambda record, _place: isinstance(found := get(record), str) and holds(found.casefold(), needle)
    relation, kinds = _RELATIONS[operator], (str,) if isinstance(wanted, str) else (int, float)
    return lambda record, _place: isinstance(found := get(record), kinds) and relation(found, wanted)


def _same(get: Callable[[Any], Any], wanted: Value) -> Test:
    if isinstance(wanted, bool):
        return lambda record, _place: get(record) is wanted
    if isinstance(wanted, str):
        plain = wanted.casefold()
        return lambda record, _place: isinstance(found := get(record), str) and found.casefold() == plain
    return lambda record, _place: not isinstance(found := get(record), bool) and found == wanted


_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, needle: needle in text,
    "starts with": lambda text, needle: text.startswith(needle),
    "ends with": lambda text, needle: text.endswith(needle),
}
_RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda found, wanted: found < wanted,
    "<=": lambda found, wanted: found <= wanted,
    ">": lambda found, wanted: found > wanted,
    ">=": lambda found, wanted: found >= wanted,
}
