"""Suppressions in Redis, under the digest of the address, so that an erased person can stay suppressed.

Keys: `{a<2 hex>}:suppression` (hash: digest → packed Suppression), `{a<2 hex>}:suppression:removed` (hash: digest and
time → packed RemovedSuppression), `{cN}:suppressed` and `{cN}:suppressed:<reason>` (bitmaps of the suppressed who have
a record). All kept for ever.

The hash is the truth; the bitmaps make it set algebra. Whoever comes second sets the bit: `suppress` writes the
suppression and then looks for the person, `SubscriberStore` claims the address and then looks for a suppression.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

import msgspec

from subscribers import keys
from subscribers.address import Address
from subscribers.cohort import SubscriberId, bits_from_bytes, chunk_of, position_of
from subscribers.storage import Command, Redis, run_all
from subscribers.store.index import AddressIndex
from subscribers.suppression import LONGEST_EVIDENCE, Reason, RemovedSuppression, Suppression


class SuppressionStore:
    """Who must never be mailed."""

    def __init__(self, redis: Redis, digest_key: bytes) -> None:
        """Take the same digest key as the people's index."""
        self._redis = redis
        self._index = AddressIndex(redis, digest_key)

    async def suppress(
        self,
        address: Address,
        reason: Reason,
        *,
        evidence: str = "",
        now: datetime,
        subscriber_id: SubscriberId | None = None,
    ) -> bool:
        """Suppress the address, and return whether it was not before. The first reason stays.

        Erasing also takes the address and the evidence out of a suppression that is there already.
        """
        digest = self._index.digest(address)
        is_erased = reason is Reason.ERASED
        wanted = Suppression(
            address=None if is_erased else address,
            reason=reason,
            since=now,
            evidence="" if is_erased else evidence[:LONGEST_EVIDENCE],
        )
        key = keys.suppressions(digest[0])
        is_new, packed = await run_all(
            self._redis, [("HSETNX", key, digest, _encoder.encode(wanted)), ("HGET", key, digest)]
        )
        stands = _decoder.decode(packed)
        if is_erased and stands.address is not None:
            bare = msgspec.structs.replace(stands, address=None, evidence="")
            await run_all(self._redis, [("HSET", key, digest, _encoder.encode(bare))])
        person = subscriber_id or (await self._index.find([digest]))[0]
        if person is not None:
            await run_all(self._redis, _bits_set(person, stands.reason))
        return bool(is_new)

    async def find(self, address: Address) -> Suppression | None:
        """Return the suppression of this address, or None."""
        return (await self.find_many([address]))[0]

    async def find_many(self, addresses: Sequence[Address]) -> list[Suppression | None]:
        """Return the suppression of each address, or None, in one round trip."""
        digests = [self._index.digest(address) for address in addresses]
        found = await self.by_digest(digests)
        return [found.get(digest) for digest in digests]

    async def by_digest(self, digests: Iterable[bytes]) -> dict[bytes, Suppression]:
        """Return the suppressions among these digests."""
        wanted: dict[str, list[bytes]] = {}
        for digest in digests:
            wanted.setdefault(keys.suppressions(digest[0]), []).append(digest)
        replies = await run_all(self._redis, [("HMGET", key, *fields) for key, fields in wanted.items()])
        return {
            digest: _decoder.decode(packed)
            for fields, values in zip(wanted.values(), replies, strict=True)
            for digest, packed in zip(fields, values, strict=True)
            if packed is not None
        }

    async def mark(self, people: Iterable[tuple[bytes, SubscriberId]]) -> None:
        """Set the bits of those among these people (digest and id) whose address is suppressed."""
        ids = dict(people)
        found = await self.by_digest(ids)
        await run_all(
            self._redis,
            [command for digest, one in found.items() for command in _bits_set(ids[digest], one.reason)],
        )

    async def restore(self, digest: bytes, suppression: Suppression) -> None:
        """Put a suppression back under its digest, as a backup has it; one that stands there stays."""
        key = keys.suppressions(digest[0])
        await run_all(self._redis, [("HSETNX", key, digest, _encoder.encode(suppression))])
        person = (await self._index.find([digest]))[0]
        if person is not None:
            await self.mark([(digest, person)])

    async def unmark(self, subscriber_id: SubscriberId) -> None:
        """Clear a person's bits, because their number no longer stands for the suppressed address."""
        await run_all(self._redis, _bits_cleared(subscriber_id))

    async def forget_removed(self, address: Address) -> None:
        """Delete the traces of removed suppressions of an erased person: they hold the address."""
        digest = self._index.digest(address)
        name = keys.removed_suppressions(digest)
        (fields,) = await run_all(self._redis, [("HKEYS", name)])
        own = [field for field in fields if field.startswith(digest)]
        await run_all(self._redis, [("HDEL", name, *own)] if own else [])

    async def remove(self, address: Address, why: str, now: datetime) -> bool:
        """Take the suppression away, keep a trace of it with the reason, and return whether there was one."""
        digest = self._index.digest(address)
        was = (await self.by_digest([digest])).get(digest)
        if was is None:
            return False
        trace = RemovedSuppression(was=was, why=why, when=now)
        await run_all(
            self._redis,
            [
                ("HSET", keys.removed_suppressions(digest), digest + now.isoformat().encode(), _encoder.encode(trace)),
                ("HDEL", keys.suppressions(digest[0]), digest),
            ],
        )
        person = (await self._index.find([digest]))[0]
        if person is not None:
            await run_all(self._redis, _bits_cleared(person))
            # Somebody may have suppressed the address again before its bits were cleared.
            await self.mark([(digest, person)])
        return True

    async def removed(self, address: Address) -> list[RemovedSuppression]:
        """Return the traces of suppressions of this address that were taken away, the oldest first."""
        digest = self._index.digest(address)
        (entries,) = await run_all(self._redis, [("HGETALL", keys.removed_suppressions(digest))])
        traces = [_trace_decoder.decode(packed) for field, packed in entries.items() if field.startswith(digest)]
        return sorted(traces, key=lambda trace: trace.when)

    async def all(self) -> AsyncIterator[Suppression]:
        """Yield every suppression, in no particular order."""
        async for _, suppression in self.all_by_digest():
            yield suppression

    async def all_by_digest(self) -> AsyncIterator[tuple[bytes, Suppression]]:
        """Yield every suppression with its digest, in no particular order."""
        for key in map(keys.suppressions, keys.ADDRESS_SHARDS):
            async for digest, packed in self._redis.hscan_iter(key, count=500):
                yield digest, _decoder.decode(packed)

    async def bits(self, chunk: int) -> int:
        """Return who of this chunk must not be mailed: bit p is position p."""
        (reply,) = await run_all(self._redis, [("GET", keys.suppressed_bits(chunk))])
        return bits_from_bytes(reply or b"")

    async def bits_for(self, reason: Reason, chunk: int) -> int:
        """Return who of this chunk must not be mailed for this reason."""
        (reply,) = await run_all(self._redis, [("GET", keys.suppressed_bits(chunk, reason))])
        return bits_from_bytes(reply or b"")

    async def count(self) -> int:
        """Return how many addresses are suppressed, whether their people are known here or not."""
        return sum(await run_all(self._redis, [("HLEN", key) for key in map(keys.suppressions, keys.ADDRESS_SHARDS)]))


def _bits_set(person: SubscriberId, reason: Reason) -> list[Command]:
    chunk, position = chunk_of(person), position_of(person)
    return [("SETBIT", key, position, 1) for key in (keys.suppressed_bits(chunk), keys.suppressed_bits(chunk, reason))]


def _bits_cleared(person: SubscriberId) -> list[Command]:
    chunk, position = chunk_of(person), position_of(person)
    return [
        ("SETBIT", key, position, 0)
        for key in (keys.suppressed_bits(chunk), *(keys.suppressed_bits(chunk, reason) for reason in Reason))
    ]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Suppression)
_trace_decoder = msgspec.msgpack.Decoder(RemovedSuppression)
