from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscribers import keys
from subscribers.cohort import CHUNK_SIZE, Cohort, SubscriberId
from subscribers.errors import UnknownListError
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.storage import Redis
from subscribers.subscription import Mover, SubscriptionState, may_move

PENDING, ACTIVE, PAUSED, LEFT = SubscriptionState


def ids(*numbers: int) -> list[SubscriberId]:
    return [SubscriberId(number) for number in numbers]


async def give_out_ids(redis: Redis, last: int) -> None:
    await redis.set(keys.LAST_ID, last)


async def test_a_list_that_exists_is_returned_as_it_is(people: People, weekly: MailingList) -> None:
    again = await people.lists.create("weekly", name="Another name", newsletter="other")
    other = await people.lists.create("daily", name="Daily", newsletter="letters", is_double_opt_in=False)

    assert again == weekly
    assert weekly.is_double_opt_in
    assert await people.lists.find("daily") == await people.lists.get(other.id) == other
    assert await people.lists.all() == [weekly, other]


async def test_many_who_create_one_list_at_once_get_the_same(people: People) -> None:
    made = await asyncio.gather(*(people.lists.create("new", name="New", newsletter="n") for _ in range(20)))

    assert len({mailing_list.id for mailing_list in made}) == 1


async def test_an_unknown_list_comes_with_a_suggestion(people: People, weekly: MailingList) -> None:
    with pytest.raises(UnknownListError, match="Did you mean “weekly”"):
        await people.lists.find("weekyl")


async def test_people_move_and_are_counted_over_all_chunks(people: People, weekly: MailingList, redis: Redis) -> None:
    await give_out_ids(redis, 3 * CHUNK_SIZE)
    everyone = Cohort.of(ids(1, 2, 65_535, 65_536, 65_537, 150_000))

    first = await people.lists.move(weekly.id, everyone, PENDING)
    second = await people.lists.move(weekly.id, ids(2, 65_536), ACTIVE)

    assert first.moved == everyone
    assert second.moved == Cohort.of(ids(2, 65_536))
    assert await people.lists.cohort(weekly.id, ACTIVE) == Cohort.of(ids(2, 65_536))
    assert await people.lists.counts(weekly.id) == {PENDING: 4, ACTIVE: 2, PAUSED: 0, LEFT: 0}
    assert await people.lists.bits(weekly.id, ACTIVE, 0) == 0b100
    assert await people.lists.state_of(weekly.id, SubscriberId(2)) is ACTIVE
    assert await people.lists.state_of(weekly.id, SubscriberId(3)) is None
    assert await people.lists.lists_of(SubscriberId(150_000)) == {weekly.id: PENDING}
    assert await people.lists.among(weekly.id, Cohort.of(ids(2, 3)), [ACTIVE]) == {ACTIVE: Cohort.of(ids(2))}
    assert not [key async for key in redis.scan_iter("*scratch*")]


async def test_a_move_that_was_made_changes_nothing_again(people: People, weekly: MailingList) -> None:
    await people.lists.move(weekly.id, ids(5), ACTIVE)

    again = await people.lists.move(weekly.id, ids(5), ACTIVE)

    assert not again.moved
    assert not any(again.stayed.values())


async def test_those_who_may_not_be_moved_stay_and_are_named(people: People, weekly: MailingList) -> None:
    await people.lists.move(weekly.id, ids(1), LEFT)
    await people.lists.move(weekly.id, ids(2), PENDING)

    done = await people.lists.move(weekly.id, ids(1, 2, 3), ACTIVE, by=Mover.OPERATOR)

    assert done.moved == Cohort.of(ids(2, 3))
    assert done.stayed == {PENDING: Cohort(), PAUSED: Cohort(), LEFT: Cohort.of(ids(1))}
    assert await people.lists.state_of(weekly.id, SubscriberId(1)) is LEFT


async def test_a_move_that_is_nobodys_to_make_is_a_mistake(people: People, weekly: MailingList) -> None:
    with pytest.raises(ValueError, match="form can move nobody to left"):
        await people.lists.move(weekly.id, ids(1), LEFT, by=Mover.FORM)


moves = st.tuples(
    st.sets(st.integers(1, 40).map(lambda number: SubscriberId(number * 4_000)), max_size=12),
    st.sampled_from(SubscriptionState),
    st.sampled_from([Mover.PERSON, Mover.OPERATOR]),
).filter(lambda move: move[1:] != (PAUSED, Mover.OPERATOR))


@given(st.lists(moves, max_size=6))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_moves_end_as_the_table_of_moves_says(
    people: People, redis: Redis, story: list[tuple[set[SubscriberId], SubscriptionState, Mover]]
) -> None:
    await redis.flushall()
    await give_out_ids(redis, 40 * 4_000)
    one = await people.lists.create("one", name="One", newsletter="n")
    expected: dict[SubscriberId, SubscriptionState] = {}

    for some, to, mover in story:
        done = await people.lists.move(one.id, some, to, by=mover)
        movable = {person for person in some if may_move(expected.get(person), to, mover)}
        assert set(done.moved) == movable
        expected |= dict.fromkeys(movable, to)

    for state in SubscriptionState:
        assert set(await people.lists.cohort(one.id, state)) == {who for who, at in expected.items() if at is state}


async def test_leaving_wins_against_imports_at_the_same_time(people: People, weekly: MailingList) -> None:
    some = ids(*range(1, 200))

    await asyncio.gather(
        *(people.lists.move(weekly.id, some, ACTIVE, by=Mover.OPERATOR) for _ in range(5)),
        people.lists.move(weekly.id, some, LEFT, by=Mover.PERSON),
        *(people.lists.move(weekly.id, some, ACTIVE, by=Mover.OPERATOR) for _ in range(5)),
    )

    assert await people.lists.among(weekly.id, Cohort.of(some), [ACTIVE, LEFT]) == {
        ACTIVE: Cohort(),
        LEFT: Cohort.of(some),
    }
