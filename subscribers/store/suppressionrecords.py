"""The suppressions themselves, in Redis, under keyed digests, so that an erased person can stay suppressed.

Keys: `{a<2 hex>}:suppression` (hash: digest, and newsletter if it is for one → packed Suppression),
`{a<2 hex>}:suppression:removed` (hash: the same and a time → packed RemovedSuppression), `suppression:scopes` (set:
newsletters that have suppressions of their own, and "@" if a domain is suppressed). All kept for ever; what has ended
is passed over by every reader, and goes when the address is suppressed anew or with `pressrun check --repair`.

A scope is written before the first suppression in it, so whoever reads the scopes after claiming an address misses
nothing that was there before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from subscribers import keys
from subscribers.address import DIGEST_BYTES, Address, digest, domain_digests, domain_of
from subscribers.storage import Command, Redis, redis_time, run_all, script_beside
from subscribers.suppression import RemovedSuppression, Suppression

_SWAP = script_beside(__file__, "swap.lua")
_TRIES = 10
_DOMAINS = "@"


class Who(NamedTuple):
    """An address, as suppressions see it."""

    digest: bytes
    domain: str


class SuppressionRecords:
    """What is suppressed, by digest."""

    def __init__(self, redis: Redis, digest_key: bytes) -> None:
        """Take the same digest key as the people's index."""
        self._redis = redis
        self._key = digest_key

    def who(self, address: Address) -> Who:
        """Return the address as suppressions see it."""
        return Who(digest(address, self._key), domain_of(address))

    def domain_digest(self, domain: str) -> bytes:
        """Return the digest that a suppression of the whole domain stands under."""
        return domain_digests(domain, self._key)[0]

    async def scopes(self) -> frozenset[str]:
        """Return where suppressions stand beside those of addresses for all newsletters: mostly nowhere."""
        (found,) = await run_all(self._redis, [("SMEMBERS", keys.SUPPRESSION_SCOPES)])
        return frozenset(one.decode() for one in found)

    async def newsletters(self) -> list[str]:
        """Return the newsletters that have suppressions of their own, "" for all newsletters before them."""
        return ["", *sorted(await self.scopes() - {_DOMAINS})]

    async def has_domains(self) -> bool:
        """Whether any domain is suppressed."""
        return _DOMAINS in await self.scopes()

    async def applying(self, people: Sequence[Who]) -> list[list[Suppression]]:
        """Return every suppression that each of these addresses is under now, in two round trips for all."""
        scopes = await self.scopes()
        suffixes = [b"", *(one.encode() for one in sorted(scopes - {_DOMAINS}))]
        domains = {one.domain for one in people} if _DOMAINS in scopes else set()
        above = {domain: domain_digests(domain, self._key) for domain in domains}
        bases = dict.fromkeys([one.digest for one in people] + [each for some in above.values() for each in some])
        found = await self.read(base + suffix for base in bases for suffix in suffixes)
        return [
            [
                found[base + suffix]
                for base in (one.digest, *above.get(one.domain, ()))
                for suffix in suffixes
                if base + suffix in found
            ]
            for one in people
        ]

    async def read(self, places: Iterable[bytes]) -> dict[bytes, Suppression]:
        """Return the suppressions that stand in these places (digest, and newsletter) and have not ended."""
        wanted: dict[int, list[bytes]] = {}
        for place in places:
            wanted.setdefault(place[0], []).append(place)
        commands: list[Command] = [("HMGET", keys.suppressions(shard), *some) for shard, some in wanted.items()]
        replies = await run_all(self._redis, commands)
        found = {
            place: _decoder.decode(packed)
            for some, values in zip(wanted.values(), replies, strict=True)
            for place, packed in zip(some, values, strict=True)
            if packed is not None
        }
        if not any(one.until for one in found.values()):
            return found
        now = await redis_time(self._redis)
        return {place: one for place, one in found.items() if not one.has_ended(now)}

    async def put(self, base: bytes, wanted: Suppression) -> tuple[bool, Suppression]:
        """Let a suppression stand under a digest, unless one does that lasts as long.

        Return whether it is new, and the one that stands then.
        """
        place = base + wanted.newsletter.encode()
        scope = {wanted.newsletter, _DOMAINS if wanted.domain else ""} - {""}
        if scope:
            await run_all(self._redis, [("SADD", keys.SUPPRESSION_SCOPES, *sorted(scope))])
        packed = _encoder.encode(wanted)
        for _ in range(_TRIES):
            before = await self._at(place)
            stands = _decoder.decode(before) if before else None
            if stands is not None and not (stands.has_ended(wanted.since) or stands.gives_way_to(wanted)):
                return False, stands
            if await self._swap(place, before, packed):
                return stands is None or stands.has_ended(wanted.since), wanted
        raise RuntimeError("the suppression of one address was changed ten times within a moment")

    async def make_bare(self, base: bytes) -> None:
        """Take the address and the evidence out of every suppression under this digest, and out of its traces."""
        for newsletter in await self.newsletters():
            place = base + newsletter.encode()
            while (before := await self._at(place)) and (stands := _decoder.decode(before)).address is not None:
                bare = msgspec.structs.replace(stands, address=None, evidence="")
                await self._swap(place, before, _encoder.encode(bare))
        name = keys.removed_suppressions(base[0])
        (fields,) = await run_all(self._redis, [("HKEYS", name)])
        own = [field for field in fields if field.startswith(base)]
        await run_all(self._redis, [("HDEL", name, *own)] if own else [])

    async def take_away(self, base: bytes, newsletter: str, why: str, now: datetime) -> bool:
        """Take a suppression away and keep a trace of it; return whether there was one."""
        place = base + newsletter.encode()
        for _ in range(_TRIES):
            before = await self._at(place)
            if not before:
                return False
            trace = RemovedSuppression(was=_decoder.decode(before), why=why, when=now)
            await self.put_trace(place, trace)
            if await self._swap(place, before, b""):
                return True
        raise RuntimeError("the suppression of one address was changed ten times within a moment")

    async def put_trace(self, place: bytes, trace: RemovedSuppression) -> None:
        """Keep the trace of a suppression that stood in this place."""
        field = place + trace.when.astimezone(UTC).isoformat().encode()
        await run_all(self._redis, [("HSET", keys.removed_suppressions(place[0]), field, _encoder.encode(trace))])

    async def all(self) -> AsyncIterator[tuple[bytes, Suppression]]:
        """Yield every suppression that has not ended, with its digest, in no particular order."""
        now = await redis_time(self._redis)
        for key in map(keys.suppressions, keys.ADDRESS_SHARDS):
            async for place, packed in self._redis.hscan_iter(key, count=500):
                if not (found := _decoder.decode(packed)).has_ended(now):
                    yield place[:DIGEST_BYTES], found

    async def traces(self) -> AsyncIterator[tuple[bytes, RemovedSuppression]]:
        """Yield the trace of every suppression that was taken away, with its digest, in no particular order."""
        for key in map(keys.removed_suppressions, keys.ADDRESS_SHARDS):
            async for place, packed in self._redis.hscan_iter(key, count=500):
                yield place[:DIGEST_BYTES], _trace_decoder.decode(packed)

    async def traces_of(self, base: bytes) -> list[RemovedSuppression]:
        """Return the traces of suppressions under this digest, the oldest first."""
        (entries,) = await run_all(self._redis, [("HGETALL", keys.removed_suppressions(base[0]))])
        traces = [_trace_decoder.decode(packed) for place, packed in entries.items() if place.startswith(base)]
        return sorted(traces, key=lambda trace: trace.when)

    async def drop_ended(self) -> int:
        """Take away what has ended, with a trace; return how many that was."""
        now, count = await redis_time(self._redis), 0
        for key in map(keys.suppressions, keys.ADDRESS_SHARDS):
            async for place, packed in self._redis.hscan_iter(key, count=500):
                one = _decoder.decode(packed)
                if one.has_ended(now) and await self._swap(place, packed, b""):
                    await self.put_trace(place, RemovedSuppression(was=one, why="its time was over", when=now))
                    count += 1
        return count

    async def _at(self, place: bytes) -> bytes:
        (packed,) = await run_all(self._redis, [("HGET", keys.suppressions(place[0]), place)])
        return packed or b""

    async def _swap(self, place: bytes, before: bytes, after: bytes) -> bool:
        return bool(await _SWAP.run(self._redis, [keys.suppressions(place[0])], [place, before, after]))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Suppression)
_trace_decoder = msgspec.msgpack.Decoder(RemovedSuppression)
