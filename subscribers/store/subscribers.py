"""People in Redis: packed records, 128 to a hash.

Keys: `{cN}:people:<bucket>` (hash: position in the bucket → packed Subscriber), `{cN}:everyone` (bitmap of who has a
record); the address index's, see `index.py`; the values', see `fields.py`. A record lives until the person is erased.
Each change goes through compare-and-set on the record's version, and keeps the values' bitmaps with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from subscribers import keys
from subscribers.address import Address, domain_of, is_within, parse_address, sameness
from subscribers.cohort import CHUNK_SIZE, Cohort, SubscriberId, chunk_of, position_of
from subscribers.errors import AddressError, ConflictError, UnknownSubscriberError
from subscribers.fields import indexed_values
from subscribers.storage import Call, Command, Redis, run_all, script_beside
from subscribers.store.ahead import ahead
from subscribers.store.bitmaps import Bitmaps
from subscribers.store.fields import FieldStore
from subscribers.store.index import AddressIndex, Claim
from subscribers.store.suppression import SuppressionStore
from subscribers.subscriber import FieldValue, Newcomer, Subscriber, pack, pack_first, pack_rest, unpack, unpack_rest

_CREATE = script_beside(__file__, "create.lua")
_UPDATE = script_beside(__file__, "update.lua")
_BUCKETS_AT_A_TIME = 64
_BUCKET_BITS = keys.BUCKET_SIZE.bit_length() - 1


class SubscriberStore:
    """Everybody whom this Pressrun knows."""

    def __init__(self, redis: Redis, digest_key: bytes) -> None:
        """Take the key of the address digests."""
        self._redis = redis
        self.index = AddressIndex(redis, digest_key)
        self._suppressions = SuppressionStore(redis, digest_key)
        self._bitmaps = Bitmaps(redis)
        self.fields = FieldStore(redis)

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
        digests = [self.index.digest(newcomer.address) for newcomer in newcomers]
        claims = await self.index.claim(digests)
        first = dict(zip(reversed(claims), reversed(newcomers), strict=True))
        known = await self.read(claim.id for claim in first if not claim.is_ours)
        joined = now.replace(microsecond=0)
        new = {claim: pack_rest(first[claim], joined) for claim in claims if claim.id not in known}
        values = await self._values((claim.id, first[claim]) for claim in new)
        # The bits of values go before the record too: a repeat of this finds no record, and does it all again.
        await self.fields.index(values)
        before = await self.write_new(new)

        is_new = {claim.id for claim in new} - before.keys()
        known |= before
        made = {one: _first_record(first[claim], claim, joined) for claim in new if (one := claim.id) in is_new}
        added = []
        for newcomer, claim in zip(newcomers, claims, strict=True):
            subscriber = made.get(claim.id) or known[claim.id]
            if claim.id not in made:
                check_same(newcomer.address, subscriber)
            added.append((subscriber, claim.id in is_new))
            is_new.discard(claim.id)
        return added

    async def write_new(self, new: Mapping[Claim, bytes], import_id: str = "") -> dict[SubscriberId, Subscriber]:
        """Write the first records of claims, from what `pack_rest` packed; return those that stood there before.

        With an import's id, the import remembers whom it made, in the same step.
        """
        # The bit goes first: after a crash here, the next writer of the address finds no record and comes by again.
        await self._mark_suppressed(new)
        by_bucket: dict[int, list[tuple[int, bytes]]] = {}
        for claim, rest in new.items():
            by_bucket.setdefault(claim.id >> _BUCKET_BITS, []).append((claim.id, rest))
        calls: list[Call] = []
        for bucket, people in by_bucket.items():
            first = bucket << _BUCKET_BITS
            arguments: list[str | bytes | int] = [position_of(first)]
            for one, rest in people:
                arguments += (one - first, pack_first(one, rest))
            marks = [keys.import_bits(chunk_of(first), import_id, "new")] if import_id else []
            calls.append(([_bucket(first), keys.everyone_bits(chunk_of(first)), *marks], arguments))
        replies = await _CREATE.run_all(self._redis, calls) if calls else []
        # Once more: who suppresses a domain looks for records, and may have looked before these were written.
        if await self._suppressions.records.has_domains():
            await self._mark_suppressed(new)
        stood = [unpack(packed) for reply in replies for packed in reply[1::2]]
        return {person.id: person for person in stood}

    async def _mark_suppressed(self, new: Mapping[Claim, bytes]) -> None:
        is_any_scope = bool(await self._suppressions.records.scopes())
        concerned = [(claim, rest) for claim, rest in new.items() if is_any_scope or claim.is_suppressed]
        if concerned:
            await self._suppressions.mark((unpack_rest(rest).address, claim.id) for claim, rest in concerned)

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
        stands = await self.get(changed.id)
        (code,) = await self.update_many([(stands or changed, changed)])
        if code < 0:
            raise UnknownSubscriberError(f"There is no person with the number {changed.id}, or no longer.")
        if code == 0:
            raise ConflictError(f"{changed.address} was changed by somebody else just now. Look again, then change it.")
        return msgspec.structs.replace(changed, version=changed.version + 1)

    async def update_many(self, changes: Sequence[tuple[Subscriber, Subscriber]]) -> list[int]:
        """Write changed people (as they stand, as they shall be), each only where the version is still this one.

        Return for each 1 where it stands there now, 0 where somebody else was first, -1 where the person is gone.
        """
        declared = await self.fields.declared()
        values = [(indexed_values(old, declared), indexed_values(new, declared)) for old, new in changes]
        admitted = await self.fields.admit(value for old, new in values for value in new - old)
        calls: list[Call] = []
        for (_, person), (old, new) in zip(changes, values, strict=True):
            newer = msgspec.structs.replace(person, version=person.version + 1)
            touched = [*((value, 0) for value in old - new), *((value, 1) for value in (new - old) & admitted)]
            names = [keys.value_bits(chunk_of(newer.id), *value) for value, _ in touched]
            bits = [bit for _, bit in touched]
            arguments: list[str | bytes | int] = [_field(newer.id), person.version, pack(newer)]
            arguments += [position_of(newer.id), *bits]
            calls.append(([_bucket(newer.id), *names], arguments))
        return await _UPDATE.run_all(self._redis, calls) if calls else []

    async def restore(self, persons: Sequence[Subscriber]) -> None:
        """Put people back with the numbers that they had, from a backup, and let their addresses find them."""
        commands: list[Command] = []
        digests = [self.index.digest(person.address) for person in persons]
        for one, person in zip(digests, persons, strict=True):
            commands.append(("HSET", _bucket(person.id), _field(person.id), pack(person)))
            commands.append(("HSET", keys.address_bucket(one), keys.address_field(one), person.id))
        await run_all(self._redis, commands)
        await self._bitmaps.add([(keys.everyone_bits, Cohort.of(person.id for person in persons))])
        await self._suppressions.mark((person.address, person.id) for person in persons)

    async def delete(self, subscriber_id: SubscriberId) -> None:
        """Delete a person's record and take them out of every bitmap of values. The address still finds the number."""
        chunk, position = chunk_of(subscriber_id), position_of(subscriber_id)
        person = await self.get(subscriber_id)
        values = indexed_values(person, await self.fields.declared()) if person is not None else set()
        commands: list[Command] = [("SETBIT", keys.value_bits(chunk, *value), position, 0) for value in sorted(values)]
        commands += [
            ("SETBIT", keys.everyone_bits(chunk), position, 0),
            ("HDEL", _bucket(subscriber_id), position % keys.BUCKET_SIZE),
        ]
        await run_all(self._redis, commands)

    async def _values(
        self, people: Iterable[tuple[SubscriberId, Newcomer | Subscriber]]
    ) -> dict[tuple[str, str], Cohort]:
        """Return who of these people has which indexed value."""
        declared = await self.fields.declared()
        found: dict[tuple[str, str], list[SubscriberId]] = {}
        for one, person in people:
            for value in indexed_values(person, declared):
                found.setdefault(value, []).append(one)
        return {value: Cohort.of(ids) for value, ids in found.items()}

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

    async def all_ids(self) -> Cohort:
        """Return everyone who has a record."""
        return await self._bitmaps.cohort(keys.everyone_bits, range(await self.chunk_count()))

    async def among(self, people: Cohort) -> Cohort:
        """Return who of these people has a record."""
        return people & await self._bitmaps.cohort(keys.everyone_bits, people.chunks())

    async def at_domain(self, domain: str) -> Cohort:
        """Return everyone whose address is at this domain, or at one below it; a look through all records."""
        end = domain.encode()
        found: list[SubscriberId] = []
        async for bucket in self._buckets():
            # Most records are turned away unread.
            maybe = [unpack(packed) for packed in bucket if end in packed]
            found += [person.id for person in maybe if is_within(domain_of(person.address), domain)]
        return Cohort.of(found)

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

    async def packed(self, cohort: Cohort) -> AsyncIterator[list[bytes]]:
        """Yield the packed records of these people, and of others in their buckets, in the order of their buckets.

        The next buckets are on their way while the caller works on these.
        """
        wanted = [key for chunk in cohort.chunks() for key in _buckets_in(chunk, cohort.bits(chunk))]
        parts = [wanted[at : at + _BUCKETS_AT_A_TIME] for at in range(0, len(wanted), _BUCKETS_AT_A_TIME)]
        async for replies in ahead(partial(self._whole, part) for part in parts):
            for reply in replies:
                yield reply

    async def _whole(self, names: Sequence[str]) -> list[list[bytes]]:
        return await run_all(self._redis, [("HVALS", name) for name in names])

    async def _buckets(self) -> AsyncIterator[list[bytes]]:
        """Yield the packed people of each bucket, in the order of their ids."""
        count = await self.last_id() // keys.BUCKET_SIZE + 1
        for start in range(0, count, _BUCKETS_AT_A_TIME):
            numbers = range(start, min(start + _BUCKETS_AT_A_TIME, count))
            names = [_bucket(number * keys.BUCKET_SIZE) for number in numbers]
            for reply in await run_all(self._redis, [("HVALS", name) for name in names]):
                yield reply


def _buckets_in(chunk: int, bits: int) -> list[str]:
    """Name the buckets of a chunk that have any of these people in them."""
    octets = bits.to_bytes(CHUNK_SIZE // 8, "little")
    size = keys.BUCKET_SIZE // 8
    return [
        keys.people_bucket(chunk, bucket)
        for bucket in range(CHUNK_SIZE // keys.BUCKET_SIZE)
        if any(octets[bucket * size : (bucket + 1) * size])
    ]


def _bucket(subscriber_id: int) -> str:
    return keys.record_place(subscriber_id)[0]


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


def check_same(address: Address, subscriber: Subscriber) -> None:
    """Refuse to take two people for one because their digests are alike; it takes 10¹² people to see this happen."""
    if sameness(address) != sameness(subscriber.address):
        raise ConflictError(f"{address} cannot be added: its digest is that of another address here.")


def _searchable(person: Subscriber) -> str:
    values = (value for value in person.fields.values() if isinstance(value, str))
    return "\n".join((person.address, person.name, *values)).casefold()
