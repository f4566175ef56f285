from __future__ import annotations

import pytest

from subscribers.errors import FieldError
from subscribers.fields import Field, FieldKind, check_field, indexed_values, read_value, undeclared
from subscribers.people import People
from subscribers.subscriber import FieldValue, Newcomer


def field(kind: FieldKind, *choices: str, name: str = "plan", newsletter: str = "letters") -> Field:
    return Field(newsletter=newsletter, name=name, kind=kind, choices=choices)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (FieldKind.TEXT, " London ", "London"),
        (FieldKind.NUMBER, "12", 12),
        (FieldKind.NUMBER, "-3.5", -3.5),
        (FieldKind.NUMBER, "1e300", 1e300),
        (FieldKind.BOOLEAN, "Yes", True),
        (FieldKind.BOOLEAN, "否", False),
        (FieldKind.DATE, "2026-11-23", "2026-11-23"),
        (FieldKind.DATE, "2026-11-23T10:00:00", "2026-11-23"),
        (FieldKind.TIME_ZONE, "Europe/Berlin", "Europe/Berlin"),
        (FieldKind.URL, "https://example.com/x", "https://example.com/x"),
    ],
)
def test_a_text_becomes_a_value_of_its_kind(kind: FieldKind, text: str, value: FieldValue) -> None:
    found = read_value(field(kind), text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FieldKind.TEXT, "x" * 1_001),
        (FieldKind.NUMBER, "twelve"),
        (FieldKind.NUMBER, "nan"),
        (FieldKind.NUMBER, "inf"),
        (FieldKind.BOOLEAN, "perhaps"),
        (FieldKind.DATE, "23.11.2026"),
        (FieldKind.DATE, "2026-02-30"),
        (FieldKind.TIME_ZONE, "Berlin"),
        (FieldKind.URL, "javascript:alert(1)"),
        (FieldKind.URL, "https://"),
        (FieldKind.URL, "https://[::1"),
    ],
)
def test_a_text_that_is_no_such_value_is_refused(kind: FieldKind, text: str) -> None:
    with pytest.raises(FieldError):
        read_value(field(kind), text)


def test_a_choice_is_one_of_its_choices_in_any_case() -> None:
    choice = field(FieldKind.CHOICE, "Free", "Pro")

    assert read_value(choice, "pro") == "Pro"
    with pytest.raises(FieldError, match="none of Free, Pro"):
        read_value(choice, "gold")


@pytest.mark.parametrize(
    "wrong",
    [
        field(FieldKind.TEXT, name="two words"),
        field(FieldKind.TEXT, name="City"),
        field(FieldKind.TEXT, name="email"),
        field(FieldKind.TEXT, "a", name="x"),
        field(FieldKind.CHOICE, name="x"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(wrong: Field) -> None:
    with pytest.raises(FieldError):
        check_field(wrong)


async def test_newsletters_share_a_field_if_they_mean_the_same(people: People) -> None:
    await people.fields.declare(field(FieldKind.CHOICE, "free", "pro"))
    await people.fields.declare(field(FieldKind.CHOICE, "pro", "gold", newsletter="other"))
    with pytest.raises(FieldError, match="letters"):
        await people.fields.declare(field(FieldKind.NUMBER, newsletter="other"))

    declared = await people.fields.declared()

    assert declared["plan"].choices == ("free", "pro", "gold")
    assert await people.fields.withdraw("other", "plan")
    assert [one.newsletter for one in await people.fields.all()] == ["letters"]


def test_few_valued_fields_are_indexed_and_others_not() -> None:
    declared = {"plan": field(FieldKind.CHOICE, "pro"), "vip": field(FieldKind.BOOLEAN, name="vip")}
    declared["age"] = field(FieldKind.NUMBER, name="age")
    person = Newcomer(
        address="a@example.com",  # type: ignore[arg-type]  # a text is an address here
        language="zh-Hant",
        fields={"plan": "pro", "vip": True, "age": 3, "city": "Oslo"},
        tags=("press",),
    )

    assert indexed_values(person, declared) == {
        ("plan", "pro"),
        ("vip", "true"),
        ("language", "zh-hant"),
        ("tag", "press"),
    }
    assert undeclared(person, declared) == {"city"}
