from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec
import pytest

from subscribers import keys
from subscribers.address import Address, parse_address
from subscribers.checking import check
from subscribers.cohort import SubscriberId
from subscribers.errors import ConflictError, UnknownSubscriberError
from subscribers.people import People
from subscribers.storage import Redis, run_all
from subscribers.subscriber import Newcomer
from subscribers.suppression import Reason

ADA = parse_address("Ada@example.com")


def newcomers(*numbers: int) -> list[Newcomer]:
    return [Newcomer(Address(f"person{number}@example.com"), f"Person {number}") for number in numbers]


async def test_a_person_is_added_once_and_found_in_any_case(people: People, now: datetime) -> None:
    ada, is_new = await people.subscribers.add(ADA, name="Ada", language="en", fields={"city": "London"}, now=now)
    again, is_new_again = await people.subscribers.add(parse_address("ada@EXAMPLE.com"), name="Somebody", now=now)

    assert (is_new, is_new_again) == (True, False)
    assert again == ada
    assert ada.id == 1
    assert ada.joined == now.replace(microsecond=0)
    assert await people.subscribers.find(parse_address("ADA@example.com")) == ada
    assert await people.subscribers.find(parse_address("bob@example.com")) is None
    assert await people.subscribers.get(SubscriberId(2)) is None


async def test_a_hundred_at_once_make_one_person(people: People, redis: Redis, now: datetime) -> None:
    stores = [People.at(redis, b"a key for tests, of 32 bytes....").subscribers for _ in range(10)]

    added = await asyncio.gather(*(stores[i % 10].add(ADA, name=f"Ada {i}", now=now) for i in range(100)))

    assert sum(is_new for _, is_new in added) == 1
    assert len({(person.id, person.name) for person, _ in added}) == 1
    assert not await check(people)


async def test_ids_stay_dense_when_known_people_come_again(people: People, now: datetime) -> None:
    await people.subscribers.add_many(newcomers(1, 2, 3), now)

    added = await people.subscribers.add_many(newcomers(1, 4, 2, 4, 5), now)
    more = await people.subscribers.add_many(newcomers(6, 7, 8), now)

    assert [is_new for _, is_new in added] == [False, True, False, False, True]
    assert [person.name for person, _ in added] == ["Person 1", "Person 4", "Person 2", "Person 4", "Person 5"]
    assert sorted({person.id for person, _ in added + more}) == [1, 2, 4, 5, 6, 7, 8]
    assert await people.subscribers.last_id() == 8
    assert await people.subscribers.add_many([], now) == []


async def test_people_are_read_by_the_bucket(people: People, now: datetime) -> None:
    added = await people.subscribers.add_many(newcomers(*range(300)), now)
    everyone = {person.id: person for person, _ in added}

    few = await people.subscribers.read([SubscriberId(1), SubscriberId(299), SubscriberId(5_000)])

    assert await people.subscribers.read(everyone) == everyone
    assert set(few) == {1, 299}
    assert [person.id async for person in people.subscribers.everyone()] == sorted(everyone)
    assert (await people.subscribers.last_id(), await people.subscribers.chunk_count()) == (300, 1)


async def test_a_claim_without_a_record_is_mended_by_the_next_writer(people: People, now: datetime) -> None:
    index = people.subscribers.index
    (claim,) = await index.claim([index.digest(ADA)])  # and here the writer dies
    assert [problem.subscriber_id for problem in await check(people)] == [claim.id]
    assert await people.subscribers.find(ADA) is None

    ada, is_new = await people.subscribers.add(ADA, name="Ada", now=now)

    assert (ada.id, is_new) == (claim.id, True)
    assert not await check(people)


async def test_a_claim_whose_reply_was_lost_is_still_ours(people: People, redis: Redis) -> None:
    index = people.subscribers.index
    digest = index.digest(ADA)
    # The first try is in, nobody heard of it, and the second one loses to it.
    await run_all(redis, [("HSET", keys.address_bucket(digest), keys.address_field(digest), 1)])

    (claim,) = await index.give_ids([digest])

    assert (claim.id, claim.is_ours) == (1, True)


async def test_of_two_changes_to_one_reading_the_second_is_refused(people: People, now: datetime) -> None:
    ada, _ = await people.subscribers.add(ADA, name="Ada", now=now)

    changed = await people.subscribers.update(msgspec.structs.replace(ada, name="Ada Lovelace"))

    assert (changed.version, changed.name) == (2, "Ada Lovelace")
    assert await people.subscribers.get(ada.id) == changed
    assert await people.subscribers.update(msgspec.structs.replace(ada, name="Ada Lovelace")) == changed
    with pytest.raises(ConflictError):
        await people.subscribers.update(msgspec.structs.replace(ada, name="Ada King"))
    with pytest.raises(UnknownSubscriberError):
        await people.subscribers.update(msgspec.structs.replace(ada, id=SubscriberId(99)))


async def test_versions_of_any_size_are_compared(people: People, redis: Redis, now: datetime) -> None:
    ada, _ = await people.subscribers.add(ADA, now=now)
    for version in (1, 127, 128, 255, 256, 65_536, 2**31):
        ada = msgspec.structs.replace(ada, version=version)
        await redis.hset("{c0}:people:0", "1", msgspec.msgpack.encode(ada))

        assert (await people.subscribers.update(ada)).version == version + 1


async def test_search_finds_the_exact_address_first_and_text_anywhere(people: People, now: datetime) -> None:
    await people.subscribers.add_many(newcomers(*range(20)), now)
    await people.subscribers.add(parse_address("li@example.com"), name="李雷", fields={"city": "Ürümqi"}, now=now)

    async def found(text: str) -> list[str]:
        return [str(person.address) for person in await people.subscribers.search(text)]

    assert await found("PERSON1@example.com") == ["person1@example.com"]
    assert await found("person 7") == ["person7@example.com"]
    assert await found("李") == await found("ürümqi") == ["li@example.com"]
    assert await found("nobody at all") == []
    assert len(await people.subscribers.search("example.com", limit=5)) == 5


async def test_a_suppressed_address_that_comes_in_has_its_bit(people: People, now: datetime) -> None:
    await people.suppressions.suppress(ADA, Reason.LEGAL, now=now)

    ada, _ = await people.subscribers.add(ADA, now=now)

    assert await people.suppressions.bits(0) == 1 << ada.id
    assert not await check(people)


async def test_suppressing_and_adding_at_once_never_miss_each_other(people: People, now: datetime) -> None:
    addresses = [Address(f"person{number}@example.com") for number in range(60)]

    await asyncio.gather(
        *(people.subscribers.add(address, now=now) for address in addresses),
        *(people.suppressions.suppress(address, Reason.COMPLAINT, now=now) for address in addresses),
    )

    assert (await people.suppressions.bits(0)).bit_count() == 60
    assert not await check(people)


@pytest.mark.parametrize("counter", [0, 1, 65_534])
async def test_no_number_is_given_twice_though_the_counter_went_back(
    people: People, redis: Redis, now: datetime, counter: int
) -> None:
    await redis.set(keys.LAST_ID, counter)
    before = await people.subscribers.add_many(newcomers(*range(40)), now)
    # What a failover leaves that lost the newest writes to the counter, and none of those to the records.
    await redis.set(keys.LAST_ID, counter + 7)

    after = await people.subscribers.add_many(newcomers(*range(100, 105)), now)

    assert not {person.id for person, _ in before} & {person.id for person, _ in after}
    assert all(is_new for _, is_new in after)
    assert len({person.id for person, _ in [*before, *after]}) == 45
    assert not await check(people)
