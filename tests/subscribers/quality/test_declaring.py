"""Declaring a field reads anew what people have of it, and loses nothing."""

from __future__ import annotations

from datetime import datetime

import pytest

from subscribers.address import Address
from subscribers.checking import check
from subscribers.errors import FieldError
from subscribers.fields import Field, FieldKind, undeclared
from subscribers.people import People
from subscribers.quality.declaring import declare_field, withdraw_field
from subscribers.segmenting import count_segment
from subscribers.subscriber import FieldValue, Subscriber

AGE = Field(newsletter="letters", name="age", kind=FieldKind.NUMBER)
PLAN = Field(newsletter="letters", name="plan", kind=FieldKind.CHOICE, choices=("free", "pro"))


async def add(people: People, now: datetime, **values: FieldValue) -> Subscriber:
    count = await people.subscribers.last_id()
    person, _ = await people.subscribers.add(Address(f"p{count}@example.com"), fields=values, now=now)
    return person


async def value_of(people: People, person: Subscriber, name: str) -> object:
    found = await people.subscribers.get(person.id)
    assert found is not None
    return found.fields.get(name)


async def test_texts_become_values_of_the_declared_kind_and_the_rest_stays(people: People, now: datetime) -> None:
    one, other, _ = [await add(people, now, age="42"), await add(people, now, age="old"), await add(people, now)]

    done = await declare_field(people, AGE)
    again = await declare_field(people, AGE)

    assert (done.people, done.converted, done.unreadable) == (2, 1, 1)
    assert (again.converted, again.unreadable) == (0, 1)
    assert done.examples[0][0] == other.address
    assert [await value_of(people, person, "age") for person in (one, other)] == [42, "old"]


async def test_a_choice_is_indexed_for_those_who_have_it_already(people: People, now: datetime) -> None:
    await add(people, now, plan="PRO")
    await add(people, now, plan="free")
    await add(people, now, plan="gold")

    await declare_field(people, PLAN)

    assert await count_segment(people, 'plan == "pro"', now) == 1
    assert not await check(people)


async def test_a_changed_declaration_reads_and_indexes_anew(people: People, now: datetime) -> None:
    person = await add(people, now, age="1")
    await declare_field(people, AGE)

    await declare_field(people, Field(newsletter="letters", name="age", kind=FieldKind.BOOLEAN))

    assert await value_of(people, person, "age") is True
    assert await count_segment(people, "age == true", now) == 1
    assert not await check(people)


async def test_a_withdrawn_field_leaves_its_values_and_no_index(people: People, now: datetime) -> None:
    person = await add(people, now, plan="pro")
    await declare_field(people, PLAN)

    assert await withdraw_field(people, "letters", "plan")
    assert not await withdraw_field(people, "letters", "plan")

    assert await value_of(people, person, "plan") == "pro"
    assert undeclared(person, await people.fields.declared()) == {"plan"}
    assert await people.fields.values("plan") == []
    assert not await check(people)


async def test_two_newsletters_agree_on_a_kind(people: People) -> None:
    await declare_field(people, AGE)

    with pytest.raises(FieldError, match="declares it as number"):
        await declare_field(people, Field(newsletter="others", name="age"))
