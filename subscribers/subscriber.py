"""One person: who they are, apart from what they joined."""

from __future__ import annotations

from datetime import datetime

import msgspec

from subscribers.address import Address
from subscribers.cohort import SubscriberId

FieldValue = str | int | float | bool
"""What a field of a person can hold."""


# Packed as an array. Its first item is the version, which store/update.lua reads there; new items go to the end, with
# defaults, and never beyond fifteen (a longer array has a longer head).
class Subscriber(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A person, as packed in Redis. `version` counts the changes, so that no change is lost to another."""

    version: int = 1
    id: SubscriberId
    address: Address
    name: str = ""
    language: str = ""
    """A language tag such as "zh" or "zh-Hant" (BCP 47), or empty."""
    fields: dict[str, FieldValue] = {}
    joined: datetime
    """Aware, UTC, whole seconds."""
    tags: tuple[str, ...] = ()
    """Words that an operator puts on people, sorted."""

    @property
    def first_name(self) -> str:
        """How the person is greeted: the field `first_name`, else the first word of the name."""
        given = self.fields.get("first_name")
        if isinstance(given, str) and given:
            return given
        _, comma, after = self.name.partition(",")
        words = (after if comma else self.name).split()
        return words[0] if words else ""


class Newcomer(msgspec.Struct, frozen=True):
    """What is known of a person before they have an id."""

    address: Address
    name: str = ""
    language: str = ""
    fields: dict[str, FieldValue] = {}
    tags: tuple[str, ...] = ()


class _Rest(msgspec.Struct, frozen=True, array_like=True):
    """A record without its version and id, in the order of `Subscriber`."""

    address: Address
    name: str
    language: str
    fields: dict[str, FieldValue]
    joined: datetime
    tags: tuple[str, ...]


def pack(subscriber: Subscriber) -> bytes:
    """Return the person as one packed value."""
    return _encoder.encode(subscriber)


def unpack(packed: bytes) -> Subscriber:
    """Return the person that `pack` packed."""
    return _decoder.decode(packed)


def pack_rest(newcomer: Newcomer, joined: datetime) -> bytes:
    """Pack what a first record will hold beside its id, which is not known yet."""
    rest = _Rest(newcomer.address, newcomer.name, newcomer.language, newcomer.fields, joined, newcomer.tags)
    return _encoder.encode(rest)[1:]


def pack_first(subscriber_id: int, rest: bytes) -> bytes:
    """Return the first record of a person: what `pack` would return for it."""
    return _FIRST + _encoder.encode(subscriber_id) + rest


def unpack_rest(rest: bytes) -> Newcomer:
    """Return the newcomer whom `pack_rest` packed."""
    one = _rest_decoder.decode(bytes([_EMPTY_ARRAY + len(_Rest.__struct_fields__)]) + rest)
    return Newcomer(one.address, one.name, one.language, one.fields, one.tags)


_EMPTY_ARRAY = 0x90
_FIRST = bytes([_EMPTY_ARRAY + len(Subscriber.__struct_fields__), 1])
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Subscriber)
_rest_decoder = msgspec.msgpack.Decoder(_Rest)
