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

_BUCKETS = 65_536
_BUCKETS_AT_A_TIME = 4_096


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
        self._spare_ids: list[int] = []

    def digest(self, address: Address) -> bytes:
        """Return the digest that stands for the address."""
        return digest(address, self._digest_key)

    async def find(self, digests: Sequence[bytes]) -> list[SubscriberId | None]:
        """Return the id of each, or None."""
        found = await run_all(self._redis, [("HGET", *_place(one)) for one in digests])
        return [SubscriberId(int(reply)) if reply is not None else None for reply in found]

    async def claim(self, digests: Sequence[bytes]) -> list[Claim]:
        """Give each address an id, unless it has one; return the id that it has then.

        Ids that were reserved and turned out not to be needed are kept for the next claim, so that ids stay dense.
        """
        reserved = await self._reserve(len(digests))
        commands: list[Command] = [
            ("HSETNX", *_place(one), number) for one, number in zip(digests, reserved, strict=True)
        ]
        is_won = await run_all(self._redis, commands)
        lost = [place for place, won in enumerate(is_won) if not won]
        holders = dict(zip(lost, await self.find([digests[place] for place in lost]), strict=True))

        claims = []
        for place, (one, number) in enumerate(zip(digests, reserved, strict=True)):
            holder = holders.get(place, number) or number
            # A claim that was sent twice, because the first reply was lost, "loses" to itself: the id is in use.
            if holder != number:
                self._spare_ids.append(number)
            claims.append(Claim(one, SubscriberId(holder), is_ours=holder == number))
        return claims

    async def all_ids(self) -> AsyncIterator[SubscriberId]:
        """Yield every id that an address belongs to, in no particular order."""
        for start in range(0, _BUCKETS, _BUCKETS_AT_A_TIME):
            prefixes = [number.to_bytes(2, "big") for number in range(start, start + _BUCKETS_AT_A_TIME)]
            for reply in await run_all(self._redis, [("HVALS", keys.address_bucket(prefix)) for prefix in prefixes]):
                for one in reply:
                    yield SubscriberId(int(one))

    async def last_id(self) -> int:
        """Return the highest id ever reserved, 0 if none was."""
        reply = await self._redis.get(keys.LAST_ID)
        return int(reply or 0)

    async def _reserve(self, count: int) -> list[int]:
        spare, self._spare_ids = self._spare_ids[:count], self._spare_ids[count:]
        missing = count - len(spare)
        if missing == 0:
            return spare
        last = await self._redis.incrby(keys.LAST_ID, missing)
        return [*spare, *range(last - missing + 1, last + 1)]


def _place(one: bytes) -> tuple[str, bytes]:
    return keys.address_bucket(one), keys.address_field(one)
