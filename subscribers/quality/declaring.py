"""How a field is declared, changed and withdrawn, while people have values of it already.

What people have is read anew: a text that is a value of the declared kind becomes that value. What is none stays as it
is, and is counted, so that nothing is lost to a wrong declaration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from subscribers.address import Address
from subscribers.cohort import Cohort
from subscribers.errors import FieldError
from subscribers.fields import Field, index_value, read_value
from subscribers.people import People
from subscribers.subscriber import Subscriber

_SHOWN = 20
_TRIES = 5


@dataclass(slots=True)
class Declared:
    """What became of the values that people had."""

    people: int = 0
    """Those who have a value of the field."""
    converted: int = 0
    unreadable: int = 0
    """Values that are none of the declared kind, and were left as they are."""
    examples: list[tuple[Address, str]] = field(default_factory=list)
    """The first of those, with the reason."""


async def declare_field(people: People, wanted: Field) -> Declared:
    """Declare a field, or change its declaration, and read the values anew that people have. May be repeated.

    Raises FieldError for a declaration that makes no sense, or that another newsletter contradicts.
    """
    await people.fields.declare(wanted)
    # With the choices of all newsletters that declare it.
    whole = (await people.fields.declared())[wanted.name]
    done = Declared()
    async for person in people.subscribers.everyone():
        if wanted.name in person.fields:
            await _read_anew(people, person, whole, done)
    if whole.is_indexed:
        await _index_anew(people, whole)
    return done


async def withdraw_field(people: People, newsletter: str, name: str) -> bool:
    """Take a declaration back; return whether there was one. The values that people have stay, undeclared."""
    before = (await people.fields.declared()).get(name)
    was_there = await people.fields.withdraw(newsletter, name)
    if before is not None and before.is_indexed and name not in await people.fields.declared():
        await people.fields.forget_index(name, range(await people.subscribers.chunk_count()))
    return was_there


async def _read_anew(people: People, person: Subscriber, whole: Field, done: Declared) -> None:
    done.people += 1
    for _ in range(_TRIES):
        before = person.fields.get(whole.name)
        if before is None:
            return
        try:
            after = read_value(whole, index_value(before))
        except FieldError as error:
            done.unreadable += 1
            if len(done.examples) < _SHOWN:
                done.examples.append((person.address, error.reason))
            return
        if after == before and type(after) is type(before):
            return
        changed = msgspec.structs.replace(person, fields={**person.fields, whole.name: after})
        (code,) = await people.subscribers.update_many([(person, changed)])
        if code > 0:
            done.converted += 1
            return
        # Somebody else changed the person just now: read again.
        stands = await people.subscribers.get(person.id)
        if stands is None:
            return
        person = stands


async def _index_anew(people: People, whole: Field) -> None:
    """Put everyone with a value into its bitmap, and take out whoever has another now."""
    wanted: dict[tuple[str, str], list[int]] = {}
    async for person in people.subscribers.everyone():
        if whole.name in person.fields:
            wanted.setdefault((whole.name, index_value(person.fields[whole.name])), []).append(person.id)
    cohorts: Mapping[tuple[str, str], Cohort] = {value: Cohort.of(ids) for value, ids in wanted.items()}
    await people.fields.index(cohorts)
    chunks = range(await people.subscribers.chunk_count())
    for value in await people.fields.values(whole.name) or ():
        stands = await people.fields.cohort(whole.name, value, chunks)
        gone = stands - cohorts.get((whole.name, value), Cohort())
        await people.fields.unindex({(whole.name, value): gone})
