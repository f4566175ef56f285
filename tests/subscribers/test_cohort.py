from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.cohort import (
    CHUNK_SIZE,
    Cohort,
    SubscriberId,
    bits_from_bytes,
    bits_of,
    bits_to_bytes,
    chunk_of,
    id_at,
    position_of,
    positions_in,
)
from subscribers.storage import Redis

# Near the edges of bytes and chunks, where mistakes live, and anywhere.
ids = st.one_of(st.integers(0, 20), st.integers(CHUNK_SIZE - 10, CHUNK_SIZE + 10), st.integers(0, 5 * CHUNK_SIZE)).map(
    SubscriberId
)
id_sets = st.sets(ids, max_size=60)


@given(ids)
def test_chunk_and_position_make_the_id_again(one: SubscriberId) -> None:
    assert id_at(chunk_of(one), position_of(one)) == one
    assert 0 <= position_of(one) < CHUNK_SIZE


@given(id_sets, id_sets)
def test_cohorts_are_sets(first: set[SubscriberId], second: set[SubscriberId]) -> None:
    one, other = Cohort.of(first), Cohort.of(second)

    assert list(one | other) == sorted(first | second)
    assert list(one & other) == sorted(first & second)
    assert list(one - other) == sorted(first - second)
    assert one.count() == len(one) == len(first)
    assert bool(one) == bool(first)
    assert (one == other) == (first == second)
    assert all((number in one) == (number in first) for number in first | second)


@given(id_sets)
def test_a_cohort_can_be_made_again_from_its_chunks(some: set[SubscriberId]) -> None:
    cohort = Cohort.of(some)

    again = Cohort({chunk: cohort.bits(chunk) for chunk in cohort.chunks()})

    assert again == cohort
    assert hash(again) == hash(cohort)
    assert cohort.chunks() == sorted({chunk_of(one) for one in some})


@given(id_sets, st.integers(0, 70), st.integers(0, 70))
def test_a_slice_is_that_of_the_sorted_ids(some: set[SubscriberId], start: int, count: int) -> None:
    assert list(Cohort.of(some).slice(start, count)) == sorted(some)[start : start + count]


def test_a_full_chunk_is_cut_into_slices_without_loss() -> None:
    everyone = Cohort({0: (1 << CHUNK_SIZE) - 1, 1: 0b111})

    slices = [everyone.slice(start, 1_000) for start in range(0, everyone.count(), 1_000)]

    assert sum(some.count() for some in slices) == CHUNK_SIZE + 3
    assert slices[65].chunks() == [0, 1]


def test_empty_chunks_are_no_chunks() -> None:
    assert Cohort({3: 0}) == Cohort()
    assert not Cohort({3: 0}).chunks()
    assert Cohort().bits(17) == 0


@given(st.sets(st.integers(0, CHUNK_SIZE - 1), max_size=50))
def test_bits_survive_the_bytes_of_redis(positions: set[int]) -> None:
    bits = bits_of(positions)

    assert list(positions_in(bits)) == sorted(positions)
    assert bits_from_bytes(bits_to_bytes(bits)) == bits
    assert bits_from_bytes(bits_to_bytes(bits) + b"\0\0") == bits


@pytest.mark.parametrize("positions", [[0], [7], [8], [65_535], [0, 1, 9, 4_097, 65_535], list(range(0, 65_536, 251))])
async def test_redis_sets_and_finds_the_same_bits(redis: Redis, positions: list[int]) -> None:
    for position in positions:
        await redis.setbit("by-redis", position, 1)
    await redis.set("by-us", bits_to_bytes(bits_of(positions)))

    by_redis = await redis.get("by-redis")

    assert isinstance(by_redis, bytes)
    assert list(positions_in(bits_from_bytes(by_redis))) == positions
    assert [await redis.getbit("by-us", position) for position in positions] == [1] * len(positions)
    assert await redis.bitcount("by-us") == len(positions)
