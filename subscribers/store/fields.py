"""Declared fields, and a bitmap for each value of those that have few, in Redis.

Keys: `fields` (hash: newsletter and name → packed Field), `values:<field>` (set of the values that have a bitmap),
`{cN}:with:<field>:<value>` (bitmaps). `language` and `tag` are indexed without being declared. A field of more than 500
values is indexed no further: it is searched record by record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import msgspec

from subscribers import keys
from subscribers.cohort import Cohort
from subscribers.errors import FieldError
from subscribers.fields import LANGUAGE, TAG, Field, check_field
from subscribers.storage import Command, Redis, run_all
from subscribers.store.bitmaps import Bitmaps

MOST_VALUES = 500


class FieldStore:
    """The declared fields and their index."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis
        self._bitmaps = Bitmaps(redis)

    async def declare(self, field: Field) -> None:
        """Declare a field of a newsletter, or change its declaration. Raises FieldError.

        What people have already is read anew by `subscribers.quality.declaring`.
        """
        check_field(field)
        for other in await self.all():
            if other.name == field.name and other.kind is not field.kind and other.newsletter != field.newsletter:
                raise FieldError(field.name, f"“{other.newsletter}” declares it as {other.kind}.")
        place = f"{field.newsletter}/{field.name}"
        await run_all(self._redis, [("HSET", keys.FIELDS, place, _encoder.encode(field))])

    async def withdraw(self, newsletter: str, name: str) -> bool:
        """Take a declaration back; return whether there was one. The values that people have stay."""
        (count,) = await run_all(self._redis, [("HDEL", keys.FIELDS, f"{newsletter}/{name}")])
        return bool(count)

    async def all(self, newsletter: str = "") -> list[Field]:
        """Return the declared fields, of one newsletter or of all, by name."""
        (packed,) = await run_all(self._redis, [("HVALS", keys.FIELDS)])
        fields = sorted(map(_decoder.decode, packed), key=lambda field: (field.name, field.newsletter))
        return [field for field in fields if not newsletter or field.newsletter == newsletter]

    async def declared(self) -> dict[str, Field]:
        """Return each declared field by its name; of two newsletters' choices, both."""
        found: dict[str, Field] = {}
        for field in await self.all():
            before = found.get(field.name)
            choices = tuple(dict.fromkeys([*before.choices, *field.choices])) if before else field.choices
            found[field.name] = msgspec.structs.replace(field, choices=choices)
        return found

    async def values(self, name: str) -> list[str] | None:
        """Return the values of an indexed field that have a bitmap; None where not every value has one."""
        (held,) = await run_all(self._redis, [("SMEMBERS", keys.values(name))])
        found = sorted(one.decode() for one in held)
        return None if len(found) > MOST_VALUES else found

    async def indexed_names(self) -> list[str]:
        """Return the names of the indexed fields, `language` and `tag` among them."""
        return [LANGUAGE, TAG, *(name for name, field in (await self.declared()).items() if field.is_indexed)]

    async def admit(self, values: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return which of these values (field and value) have a bitmap, giving one to each new value."""
        wanted: dict[str, set[str]] = {}
        for field, value in values:
            wanted.setdefault(field, set()).add(value)
        known = await run_all(self._redis, [("SMEMBERS", keys.values(field)) for field in wanted])
        admitted: set[tuple[str, str]] = set()
        commands: list[Command] = []
        for (field, some), held in zip(wanted.items(), known, strict=True):
            there = {one.decode() for one in held}
            new = sorted(some - there)[: max(0, MOST_VALUES + 1 - len(there))]
            commands += [("SADD", keys.values(field), *new)] if new else []
            # The one value too many only says that there are too many.
            admitted |= {(field, value) for value in some & (there | set(new))}
        await run_all(self._redis, commands)
        return admitted

    async def index(self, people: Mapping[tuple[str, str], Cohort]) -> None:
        """Put people into the bitmaps of the values that they have."""
        admitted = await self.admit(people)
        await self._bitmaps.add((partial(_bits, *value), people[value]) for value in admitted)

    async def unindex(self, people: Mapping[tuple[str, str], Cohort]) -> None:
        """Take people out of the bitmaps of values that they have no longer."""
        await self._bitmaps.remove((partial(_bits, *value), cohort) for value, cohort in people.items())

    async def forget_index(self, name: str, chunks: Iterable[int]) -> None:
        """Drop the bitmaps of a field that is declared no more."""
        wanted = list(chunks)
        for value in await self.values(name) or ():
            commands: list[Command] = [("DEL", keys.value_bits(chunk, name, value)) for chunk in wanted]
            await run_all(self._redis, commands)
        await run_all(self._redis, [("DEL", keys.values(name))])

    async def cohort(self, field: str, value: str, chunks: Iterable[int]) -> Cohort:
        """Return everyone who has this value, in these chunks."""
        return await self._bitmaps.cohort(partial(_bits, field, value), chunks)


def _bits(field: str, value: str, chunk: int) -> str:
    return keys.value_bits(chunk, field, value)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Field)
