"""The index of addresses: which id an address has, kept under a keyed digest so that it gives no address away.

Keys: `addr:<4 hex>` (hash: 8 bytes of digest → id), `people:last-id`. Entries live until the person is erased.

An id is reserved first, then the address is claimed for it (HSETNX: the first claim wins), then the record is written
by `SubscriberStore`. A crash in between leaves a claim without a record; the next writer of the address writes it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from subscribers import keys
from subscribers.address import Address, digest
from subscribers.cohort import SubscriberId
from subscribers.storage import Command, Redis, run_all

_BUCKETS_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose an address is: the id that it has, and whether this very claim gave it."""

    digest: bytes
    id: SubscriberId
    is_ours: bool


class AddressIndex:
    """The index, seen from one process."""

    def __init__(self, redis: Redis, digest_key: bytes) -> None:
        """Take the key of the digests; with another key, no address is ever found again."""
        self._redis = redis
        self._digest_key = digest_key

    def digest(self, address: Address) -> bytes:
        """Return the digest that stands for the address."""
        return digest(address, self._digest_key)

    async def find(self, digests: Sequence[bytes]) -> list[SubscriberId | None]:
        """Return the id of each, or None."""
        found = await run_all(self._redis, [("HGET", *_place(one)) for one in digests])
        return [SubscriberId(int(reply)) if reply is not None else None for reply in found]

    async def claim(self, digests: Sequence[bytes]) -> list[Claim]:
        """Give each address an id, unless it has one; return the id that it has then."""
        found = await self.find(digests)
        # Looking first costs a round trip, and keeps ids dense when a file of known people is imported again.
        missing = list(dict.fromkeys(one for one, known in zip(digests, found, strict=True) if known is None))
        given = await self._give_ids(missing)
        return [
            Claim(one, known, is_ours=False) if known is not None else given[one]
            for one, known in zip(digests, found, strict=True)
        ]

    async def _give_ids(self, digests: list[bytes]) -> dict[bytes, Claim]:
        if not digests:
            return {}
        last = await self._redis.incrby(keys.LAST_ID, len(digests))
        reserved = range(last - len(digests) + 1, last + 1)
        commands: list[Command] = [
            ("HSETNX", *_place(one), number) for one, number in zip(digests, reserved, strict=True)
        ]
        is_won = await run_all(self._redis, commands)
        lost = [one for one, won in zip(digests, is_won, strict=True) if not won]
        holders = dict(zip(lost, await self.find(lost), strict=True))
        # A claim that was made twice, because the first reply was lost, "loses" to itself: it is ours all the same.
        return {
            one: Claim(one, holders.get(one) or SubscriberId(number), is_ours=(holders.get(one) or number) == number)
            for one, number in zip(digests, reserved, strict=True)
        }

    async def all_ids(self) -> AsyncIterator[SubscriberId]:
        """Yield every id that an address belongs to, in no particular order."""
        names: list[str | bytes] = []
        async for name in self._redis.scan_iter(keys.ALL_ADDRESS_BUCKETS, count=_BUCKETS_AT_A_TIME):
            names.append(name)
            if len(names) == _BUCKETS_AT_A_TIME:
                for one in await self._ids_in(names):
                    yield one
                names = []
        for one in await self._ids_in(names):
            yield one

    async def last_id(self) -> int:
        """Return the highest id ever reserved, 0 if none was."""
        reply = await self._redis.get(keys.LAST_ID)
        return int(reply or 0)

    async def _ids_in(self, buckets: list[str | bytes]) -> list[SubscriberId]:
        replies = await run_all(self._redis, [("HVALS", name) for name in buckets])
        return [SubscriberId(int(one)) for reply in replies for one in reply]


def _place(one: bytes) -> tuple[str, bytes]:
    return keys.address_bucket(one), keys.address_field(one)
