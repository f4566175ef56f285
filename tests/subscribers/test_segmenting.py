from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscribers import keys
from subscribers.address import Address, parse_address
from subscribers.cohort import Cohort, SubscriberId
from subscribers.errors import RuleError
from subscribers.fields import Field, FieldKind
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.segmenting import (
    count_segment,
    explain_segment,
    save_segment,
    segment_by_chunk,
    segment_cohort,
)
from subscribers.segments.algebra import Bitmap, Sets
from subscribers.segments.segment import Value
from subscribers.storage import Redis
from subscribers.subscriber import Newcomer, Subscriber
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

PLAN = Field(newsletter="letters", name="plan", kind=FieldKind.CHOICE, choices=("free", "pro"))
AGE = Field(newsletter="letters", name="age", kind=FieldKind.NUMBER)


def newcomers() -> list[Newcomer]:
    """Give 200 people: each second speaks Chinese, each third has the plan pro, each fifth lives in London."""
    return [
        Newcomer(
            Address(f"person{number}@{'example' if number % 4 else 'mail'}.com"),
            f"Person {number}",
            "zh" if number % 2 == 0 else "en-GB",
            {
                "plan": "pro" if number % 3 == 0 else "free",
                "age": number,
                **({"city": "London"} if number % 5 == 0 else {}),
            },
            ("vip",) if number % 7 == 0 else (),
        )
        for number in range(1, 201)
    ]


@pytest.fixture
async def crowd(people: People, weekly: MailingList, now: datetime) -> dict[int, Subscriber]:
    await people.fields.declare(PLAN)
    await people.fields.declare(AGE)
    added = await people.subscribers.add_many(newcomers(), now - timedelta(days=10))
    ids = [person.id for person, _ in added]
    await people.lists.move(weekly.id, ids[:100], SubscriptionState.ACTIVE)
    await people.lists.move(weekly.id, ids[100:120], SubscriptionState.LEFT)
    await people.suppressions.suppress(added[0][0].address, Reason.COMPLAINT, now=now)
    return {number: person for number, (person, _) in enumerate(added, start=1)}


@pytest.mark.parametrize(
    ("expression", "who"),
    [
        ("everyone()", lambda n: True),
        ('in_list("weekly")', lambda n: n <= 100),
        ('in_list("weekly", "left")', lambda n: 100 < n <= 120),
        ('lang == "zh"', lambda n: n % 2 == 0),
        ('lang == "EN-gb"', lambda n: n % 2 == 1),
        ('lang == "fr"', lambda n: False),
        ('lang != "zh"', lambda n: n % 2 == 1),
        ('lang in ["zh", "fr"] and plan == "pro"', lambda n: n % 6 == 0),
        ('not (lang == "zh" or plan == "pro")', lambda n: n % 2 == 1 and n % 3),
        ('tagged("vip")', lambda n: n % 7 == 0),
        ("suppressed()", lambda n: n == 1),
        ('in_list("weekly") and not suppressed("complaint")', lambda n: 1 < n <= 100),
        ("joined_within(11)", lambda n: True),
        ("joined_within(9)", lambda n: False),
        ("age > 150", lambda n: n > 150),
        ("10 <= age < 20", lambda n: 10 <= n < 20),
        ('age > 150 and plan == "pro"', lambda n: n > 150 and n % 3 == 0),
        ('age > 150 or in_list("weekly")', lambda n: n > 150 or n <= 100),
        ('not (age > 150 or in_list("weekly"))', lambda n: 100 < n <= 150),
        ('fields.city == "london"', lambda n: n % 5 == 0),
        ("fields.city is defined", lambda n: n % 5 == 0),
        ('fields.city != "London"', lambda n: n % 5),
        ('"on" in fields.city or fields["city"].startswith("Lo")', lambda n: n % 5 == 0),
        ('domain == "mail.com"', lambda n: n % 4 == 0),
        ('address.startswith("person19")', lambda n: str(n).startswith("19")),
        ('name in ["Person 7", "person 8"]', lambda n: n in (7, 8)),
        ('joined >= "2026-11-01"', lambda n: True),
        ("plan is defined", lambda n: True),
    ],
)
async def test_a_rule_has_exactly_the_people_that_it_says(
    people: People, crowd: dict[int, Subscriber], now: datetime, expression: str, who: object
) -> None:
    assert callable(who)
    expected = {person.id for number, person in crowd.items() if who(number)}

    assert set(await segment_cohort(people, expression, now)) == expected
    assert await count_segment(people, expression, now) == len(expected)
    assert {one async for some in segment_by_chunk(people, expression, now) for one in some} == expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ('in_list("weekl")', "weekly"),
        ('in_lst("weekly")', "in_list"),
        ('plan == "prof"', "pro"),
        ("agee > 3", "“age”"),
        ('tagged("vib")', "vip"),
        ('in_list("weekly", "gone")', "state"),
        ("in_list(3)", 'in_list("weekly")'),
        ('in_segment("reders")', "no segment"),
        ("age >", "cannot be read"),
        ("age | upper", "filter"),
        ("{{ age }}", "cannot"),
        ("1", "cannot stand"),
        ("", "cannot be read"),
    ],
)
async def test_an_unknown_name_is_an_error_with_a_suggestion(
    people: People, crowd: dict[int, Subscriber], now: datetime, expression: str, words: str
) -> None:
    with pytest.raises(RuleError) as caught:
        await count_segment(people, expression, now)

    assert words in str(caught.value)


async def test_a_change_of_a_person_moves_them_between_the_indexed_sets(
    people: People, crowd: dict[int, Subscriber], now: datetime
) -> None:
    person = crowd[2]
    changed = msgspec.structs.replace(person, language="de", fields={"plan": "pro"}, tags=("press",))

    await people.subscribers.update(changed)

    for expression, is_in in (
        ('lang == "zh"', False),
        ('lang == "de"', True),
        ('plan == "free"', False),
        ('plan == "pro"', True),
        ('tagged("press")', True),
    ):
        assert (person.id in await segment_cohort(people, expression, now)) is is_in, expression


async def test_what_mailings_know_comes_from_above(people: People, crowd: dict[int, Subscriber], now: datetime) -> None:
    asked: list[tuple[Value, ...]] = []

    async def opened(arguments: tuple[Value, ...], _now: datetime) -> Sets | None:
        asked.append(arguments)
        return Bitmap(lambda chunk: keys.list_bits(chunk, 1, "left"), "opened")

    found = await count_segment(people, 'opened("2026-w47") and age < 110', now, {"opened": opened})

    assert found == 9
    assert asked == [("2026-w47",)]


async def test_a_saved_segment_can_be_part_of_another_but_not_of_itself(
    people: People, crowd: dict[int, Subscriber], now: datetime
) -> None:
    await save_segment(people, "readers", 'in_list("weekly")', now)
    await save_segment(people, "old-readers", 'in_segment("readers") and age > 90', now)

    assert await count_segment(people, 'in_segment("old-readers")', now) == 10
    with pytest.raises(RuleError, match="within itself"):
        await save_segment(people, "readers", 'in_segment("old-readers")', now)
    assert (await people.segments.find("readers")).expression == 'in_list("weekly")'


async def test_an_explanation_says_what_sets_there_are_and_whose_records_are_read(
    people: People, crowd: dict[int, Subscriber], now: datetime
) -> None:
    told = await explain_segment(people, 'lang == "zh" and in_list("weekly") and age > 50', now)

    assert told.count == 25
    assert dict(told.sets) == {'(lang == "zh")': 100, 'in_list("weekly")': 100}
    assert told.records_read == 50
    assert told.conditions == ["(fields.age > 50)"]


leaves = st.sampled_from(
    ['in_list("weekly")', 'lang == "zh"', 'plan == "pro"', "age > 80", 'fields.city == "London"', 'tagged("vip")']
)
rules = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda one: f"(not {one})"),
    ),
    max_leaves=7,
)
FACTS: dict[str, Callable[[int], object]] = {
    'in_list("weekly")': lambda n: n <= 100,
    'lang == "zh"': lambda n: n % 2 == 0,
    'plan == "pro"': lambda n: n % 3 == 0,
    "age > 80": lambda n: n > 80,
    'fields.city == "London"': lambda n: n % 5 == 0,
    'tagged("vip")': lambda n: n % 7 == 0,
}


def holds(expression: str, number: int) -> bool:
    for leaf, fact in FACTS.items():
        expression = expression.replace(leaf, str(bool(fact(number))))
    return bool(eval(expression, {}))


@given(rules)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_mixture_of_sets_and_conditions_is_answered_like_by_hand(
    people: People, redis: Redis, weekly: MailingList, now: datetime, rule: str
) -> None:
    if not await people.subscribers.last_id():
        await people.fields.declare(PLAN)
        await people.fields.declare(AGE)
        await people.subscribers.add_many(newcomers(), now)
        await people.lists.move(weekly.id, [SubscriberId(one) for one in range(1, 101)], SubscriptionState.ACTIVE)

    found = await segment_cohort(people, rule, now)

    assert found == Cohort.of(number for number in range(1, 201) if holds(rule, number))


async def test_a_field_of_too_many_values_is_searched_in_the_records(people: People, now: datetime) -> None:
    people_of_many = [
        Newcomer(Address(f"p{n}@example.com"), language=f"x{'abcdefghij'[n % 10]}-{n}") for n in range(700)
    ]
    await people.subscribers.add_many(people_of_many, now)

    assert await people.fields.values("language") is None
    assert await count_segment(people, 'lang == "xa-690"', now) == 1
    assert await count_segment(people, 'lang != "xa-690"', now) == 699
    found = await people.subscribers.find(parse_address("p690@example.com"))
    assert found is not None
