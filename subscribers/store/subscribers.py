"""People in Redis: packed records, 128 to a hash.

Keys: `{cN}:people:<bucket>` (hash: position in the bucket → packed Subscriber); the index's, see `index.py`. A record
lives until the person is erased. Each change goes through compare-and-set on the record's version.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from subscribers import keys
from subscribers.address import Address, parse_address, sameness
from subscribers.cohort import SubscriberId, chunk_of, position_of
from subscribers.errors import AddressError, ConflictError, UnknownSubscriberError
from subscribers.storage import Command, Redis, run_all, script_beside
from subscribers.store.index import AddressIndex, Claim
from subscribers.store.suppression import SuppressionStore
from subscribers.subscriber import FieldValue, Newcomer, Subscriber, pack, unpack

_CREATE = script_beside(__file__, "create.lua")
_UPDATE = script_beside(__file__, "update.lua")
_BUCKETS_AT_A_TIME = 64


class SubscriberStore:
    """Everybody whom this Pressrun knows."""

    def __init__(self, redis: Redis, digest_key: bytes) -> None:
        """Take the key of the address digests."""
        self._redis = redis
        self.index = AddressIndex(redis, digest_key)
        self._suppressions = SuppressionStore(redis, digest_key)

    async def add(
        self,
        address: Address,
        *,
        name: str = "",
        language: str = "",
        fields: Mapping[str, FieldValue] | None = None,
        now: datetime,
    ) -> tuple[Subscriber, bool]:
        """Add a person, unless the address is known already; return the person, and whether they are new."""
        newcomer = Newcomer(address, name, language, dict(fields or {}))
        return (await self.add_many([newcomer], now))[0]

    async def add_many(self, newcomers: Sequence[Newcomer], now: datetime) -> list[tuple[Subscriber, bool]]:
        """Add people, in a few round trips for all; those who are known already stay as they are."""
        claims = await self.index.claim([self.index.digest(newcomer.address) for newcomer in newcomers])
        known = await self.read(claim.id for claim in claims if not claim.is_ours)
        joined = now.replace(microsecond=0)
        new = [
            _first_record(newcomer, claim, joined)
            for newcomer, claim in zip(newcomers, claims, strict=True)
            if claim.id not in known
        ]
        # The bit goes first: after a crash here, the next writer of the address finds no record and comes by again.
        await self._suppressions.mark((claim.digest, claim.id) for claim in claims if claim.id not in known)
        created, fresh = await self._create(new)

        added = []
        for newcomer, claim in zip(newcomers, claims, strict=True):
            subscriber = known.get(claim.id) or created[claim.id]
            is_new = claim.id in fresh
            fresh.discard(claim.id)
            if not is_new:
                _check_same(newcomer.address, subscriber)
            added.append((subscriber, is_new))
        return added

    async def get(self, subscriber_id: SubscriberId) -> Subscriber | None:
        """Return the person with this id, or None if there is none, or no longer."""
        return (await self.read([subscriber_id])).get(subscriber_id)

    async def find(self, address: Address) -> Subscriber | None:
        """Return the person with this address, in whatever case it is written, or None."""
        subscriber_id = (await self.index.find([self.index.digest(address)]))[0]
        found = await self.get(subscriber_id) if subscriber_id is not None else None
        return found if found is not None and sameness(found.address) == sameness(address) else None

    async def read(self, ids: Iterable[SubscriberId]) -> dict[SubscriberId, Subscriber]:
        """Return these people by their ids, bucket by bucket in one round trip; unknown ids are left out."""
        asked = set(ids)
        wanted: dict[str, list[int]] = {}
        for one in asked:
            wanted.setdefault(_bucket(one), []).append(_field(one))
        commands: list[Command] = [
            # The whole bucket is quicker to get than most of it.
            ("HVALS", key) if len(fields) > keys.BUCKET_SIZE // 2 else ("HMGET", key, *fields)
            for key, fields in wanted.items()
        ]
        replies = await run_all(self._redis, commands)
        people = [unpack(packed) for reply in replies for packed in reply if packed is not None]
        return {person.id: person for person in people if person.id in asked}

    async def update(self, changed: Subscriber) -> Subscriber:
        """Write a changed person, as read with this version, and return them with the next version.

        Raises ConflictError if somebody else changed the person since, UnknownSubscriberError if they are gone.
        """
        newer = msgspec.structs.replace(changed, version=changed.version + 1)
        code = await _UPDATE.run(self._redis, [_bucket(newer.id)], [_field(newer.id), changed.version, pack(newer)])
        if code < 0:
            raise UnknownSubscriberError(f"There is no person with the number {changed.id}, or no longer.")
        if code == 0:
            raise ConflictError(f"{changed.address} was changed by somebody else just now. Look again, then change it.")
        return newer

    async def last_id(self) -> int:
        """Return the highest id ever given out, 0 if none was."""
        return await self.index.last_id()

    async def chunk_count(self) -> int:
        """Return how many chunks there are: they are numbered from 0."""
        last = await self.last_id()
        return chunk_of(last) + 1 if last else 0

    async def everyone(self) -> AsyncIterator[Subscriber]:
        """Yield every person in the order of their ids, a few buckets at a time."""
        async for bucket in self._buckets():
            for person in sorted(map(unpack, bucket), key=lambda person: person.id):
                yield person

    async def search(self, text: str, limit: int = 50) -> list[Subscriber]:
        """Return the first people with this address, or with this text in their address, name or fields."""
        exact = await self._exactly(text)
        found = [exact] if exact else []
        needle = text.strip().casefold()
        async for bucket in self._buckets():
            for packed in bucket:
                # Most records are turned away unread; a text in ASCII stands in the packed bytes as it is.
                if needle.isascii() and needle.encode() not in packed.lower():
                    continue
                person = unpack(packed)
                if person != exact and needle in _searchable(person):
                    found.append(person)
            if len(found) >= limit:
                break
        return found[:limit]

    async def _exactly(self, text: str) -> Subscriber | None:
        try:
            return await self.find(parse_address(text))
        except AddressError:
            return None

    async def _create(self, new: Sequence[Subscriber]) -> tuple[dict[SubscriberId, Subscriber], set[SubscriberId]]:
        """Write records where there are none; return what stands there then, and which of it was written now."""
        by_bucket: dict[str, list[Subscriber]] = {}
        for subscriber in new:
            by_bucket.setdefault(_bucket(subscriber.id), []).append(subscriber)
        calls = [
            ([key], [part for one in people for part in (_field(one.id), pack(one))])
            for key, people in by_bucket.items()
        ]
        replies = await _CREATE.run_all(self._redis, calls) if calls else []
        stands: dict[SubscriberId, Subscriber] = {}
        fresh = set()
        for people, reply in zip(by_bucket.values(), replies, strict=True):
            for one, before in zip(people, reply, strict=True):
                stands[one.id] = unpack(before) if before else one
                if not before:
                    fresh.add(one.id)
        return stands, fresh

    async def _buckets(self) -> AsyncIterator[list[bytes]]:
        """Yield the packed people of each bucket, in the order of their ids."""
        count = await self.last_id() // keys.BUCKET_SIZE + 1
        for start in range(0, count, _BUCKETS_AT_A_TIME):
            numbers = range(start, min(start + _BUCKETS_AT_A_TIME, count))
            names = [_bucket(number * keys.BUCKET_SIZE) for number in numbers]
            for reply in await run_all(self._redis, [("HVALS", name) for name in names]):
                yield reply


def _bucket(subscriber_id: int) -> str:
    return keys.people_bucket(chunk_of(subscriber_id), position_of(subscriber_id) // keys.BUCKET_SIZE)


def _field(subscriber_id: int) -> int:
    return subscriber_id % keys.BUCKET_SIZE


def _first_record(newcomer: Newcomer, claim: Claim, joined: datetime) -> Subscriber:
    return Subscriber(
        id=claim.id,
        address=newcomer.address,
        name=newcomer.name,
        language=newcomer.language,
        fields=newcomer.fields,
        joined=joined,
    )


def _check_same(address: Address, subscriber: Subscriber) -> None:
    """Refuse to take two people for one because their digests are alike; it takes 10¹² people to see this happen."""
    if sameness(address) != sameness(subscriber.address):
        raise ConflictError(f"{address} cannot be added: its digest is that of another address here.")


def _searchable(person: Subscriber) -> str:
    values = (value for value in person.fields.values() if isinstance(value, str))
    return "\n".join((person.address, person.name, *values)).casefold()
