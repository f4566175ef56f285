"""The index of addresses: which id an address has, kept under a keyed digest so that it gives no address away.

Keys: `{a<2 hex>}:addr:<2 hex>` (hash: 8 bytes of digest → id), `people:last-id`. Entries live until the person is
erased.

An id is reserved first, then the address is claimed for it (HSETNX: the first claim wins), then the record is written
by `SubscriberStore`. A crash in between leaves a claim without a record; the next writer of the address writes it.

Addresses are looked up and claimed a shard at a time, so that thousands take one short reply each 30 or so.
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from subscribers import keys
from subscribers.address import Address, digest
from subscribers.cohort import CHUNK_SIZE, Cohort, SubscriberId, chunk_of, id_at
from subscribers.storage import Call, Redis, run_all, script_beside
from subscribers.store.bitmaps import Bitmaps

_CLAIM = script_beside(__file__, "claim.lua")
_SHARD = script_beside(__file__, "shard.lua")
_SHARDS_AT_A_TIME = 16


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose an address is: the id that it has, whether this very claim gave it, and whether it is suppressed."""

    digest: bytes
    id: SubscriberId
    is_ours: bool
    is_suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of some addresses: the id of each (0 for none), and the digests of the suppressed."""

    ids: list[SubscriberId]
    suppressed: frozenset[bytes]


class AddressIndex:
    """The index, seen from one process."""

    def __init__(self, redis: Redis, digest_key: bytes) -> None:
        """Take the key of the digests; with another key, no address is ever found again."""
        self._redis = redis
        self._bitmaps = Bitmaps(redis)
        self.digest_key = digest_key

    def digest(self, address: Address) -> bytes:
        """Return the digest that stands for the address."""
        return digest(address, self.digest_key)

    async def find(self, digests: Sequence[bytes]) -> list[SubscriberId | None]:
        """Return the id of each, or None."""
        return [found or None for found in (await self.look(digests)).ids]

    async def look(self, digests: Sequence[bytes]) -> Looked:
        """Return what is known of each address, in one round trip."""
        return await self._ask(digests, first=None)

    async def claim(self, digests: Sequence[bytes]) -> list[Claim]:
        """Give each address an id, unless it has one; return the id that it has then."""
        # Looking first costs a round trip, and keeps ids dense when a file of known people is imported again.
        looked = await self.look(digests)
        missing = list(dict.fromkeys(one for one, known in zip(digests, looked.ids, strict=True) if not known))
        given = {claim.digest: claim for claim in await self.give_ids(missing)}
        return [
            given.get(one) or Claim(one, known, is_ours=False, is_suppressed=one in looked.suppressed)
            for one, known in zip(digests, looked.ids, strict=True)
        ]

    async def give_ids(self, digests: Sequence[bytes]) -> list[Claim]:
        """Give new ids to addresses that had none when they were looked up; each digest may stand here once."""
        if not digests:
            return []
        first = await self._reserve(len(digests))
        looked = await self._ask(digests, first=first)
        return [
            Claim(one, holder, is_ours=holder == number, is_suppressed=one in looked.suppressed)
            for number, (one, holder) in enumerate(zip(digests, looked.ids, strict=True), start=first)
        ]

    async def all_ids(self) -> AsyncIterator[SubscriberId]:
        """Yield every id that an address belongs to, in no particular order."""
        for start in range(0, len(keys.ADDRESS_SHARDS), _SHARDS_AT_A_TIME):
            shards = keys.ADDRESS_SHARDS[start : start + _SHARDS_AT_A_TIME]
            calls: list[Call] = [(_buckets_of(shard), []) for shard in shards]
            for reply in await _SHARD.run_all(self._redis, calls):
                for one in reply:
                    yield SubscriberId(one)

    async def last_id(self) -> int:
        """Return the highest id ever reserved, 0 if none was."""
        reply = await self._redis.get(keys.LAST_ID)
        return int(reply or 0)

    async def forget(self, one: bytes) -> None:
        """Take an address out of the index."""
        await run_all(self._redis, [("HDEL", keys.address_bucket(one), keys.address_field(one))])

    async def reserve(self, last_id: int) -> None:
        """See to it that no id up to this one is ever given out again."""
        (stands,) = await run_all(self._redis, [("GET", keys.LAST_ID)])
        if int(stands or 0) < last_id:
            await run_all(self._redis, [("SET", keys.LAST_ID, last_id)])

    async def forget_id(self, subscriber_id: SubscriberId) -> None:
        """Take every address that finds this number out of the index; looks through all of it."""
        for shard in keys.ADDRESS_SHARDS:
            names = _buckets_of(shard)
            replies = await run_all(self._redis, [("HGETALL", name) for name in names])
            for name, entries in zip(names, replies, strict=True):
                fields = [field for field, one in entries.items() if int(one) == subscriber_id]
                await run_all(self._redis, [("HDEL", name, *fields)] if fields else [])

    async def assign(self, one: bytes, subscriber_id: SubscriberId) -> bool:
        """Let an address that is nobody's find this person; return whether it does."""
        place = (keys.address_bucket(one), keys.address_field(one))
        _, stands = await run_all(self._redis, [("HSETNX", *place, subscriber_id), ("HGET", *place)])
        return int(stands) == subscriber_id

    async def _reserve(self, count: int) -> int:
        """Reserve so many numbers in a row that nobody has, and return the first.

        The counter is not believed blindly: after a failover to a replica that had not got everything it may stand
        lower than it did, while records on other nodes have the numbers that it gave out since.
        """
        while True:
            last = int(await self._redis.incrby(keys.LAST_ID, count))
            first = last - count + 1
            known = await self._bitmaps.cohort(keys.everyone_bits, range(chunk_of(first), chunk_of(last) + 1))
            if not known & _between(first, last):
                return first
            # Past everybody in these chunks, so that this takes a step a chunk at most.
            highest = max(id_at(chunk, known.bits(chunk).bit_length() - 1) for chunk in known.chunks())
            await self._redis.incrby(keys.LAST_ID, max(highest - last, 0))

    async def _ask(self, digests: Sequence[bytes], *, first: int | None) -> Looked:
        """Look each address up, or claim the ids from `first` on for them."""
        places: dict[int, list[int]] = {}
        for place, one in enumerate(digests):
            places.setdefault(one[0], []).append(place)
        calls: list[Call] = []
        for shard, of_shard in places.items():
            joined = b"".join([digests[place][1:] for place in of_shard])
            ids = b"" if first is None else struct.pack(f">{len(of_shard)}I", *[first + place for place in of_shard])
            # All of them by name: in a slot that is moving to another node, the script must not miss one.
            buckets = {digests[place][1]: keys.address_bucket(digests[place]) for place in of_shard}
            calls.append(([keys.suppressions(shard), *buckets.values()], [joined, bytes([shard]), ids]))
        found = [SubscriberId(0)] * len(digests)
        suppressed: set[bytes] = set()
        replies = await _CLAIM.run_all(self._redis, calls) if calls else []
        for of_shard, (ids_of_shard, suppressed_places) in zip(places.values(), replies, strict=True):
            for place, one in zip(of_shard, ids_of_shard, strict=True):
                found[place] = one
            suppressed.update(digests[of_shard[place - 1]] for place in suppressed_places)
        return Looked(found, frozenset(suppressed))


def _buckets_of(shard: int) -> list[str]:
    return [keys.address_bucket(bytes((shard, byte))) for byte in range(256)]


def _between(first: int, last: int) -> Cohort:
    """Return the people with these numbers and all between."""
    bits = {}
    for chunk in range(chunk_of(first), chunk_of(last) + 1):
        start, end = max(first, chunk * CHUNK_SIZE), min(last, (chunk + 1) * CHUNK_SIZE - 1)
        bits[chunk] = ((1 << end - start + 1) - 1) << start % CHUNK_SIZE
    return Cohort(bits)
