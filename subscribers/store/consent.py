"""The consent history of people, in Redis: append-only, kept after leaving.

Keys: `{cN}:consent:<bucket>` (hash: position in the bucket and digest of the entry → packed entry),
`consent:statements` (hash: digest → what was shown, where and by which form). Recording the same entry twice leaves
one. Kept until the person is erased.

What a hundred thousand people agreed to in one import is one entry, `consent:together` (hash: digest → packed entry),
and a bitmap of who they are, `{cN}:consent:together:<digest>`, named in `{cN}:consent:together` (set): a bit a person
instead of fifty bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import partial

import msgspec

from subscribers import keys
from subscribers.cohort import Cohort, SubscriberId, chunk_of, position_of
from subscribers.consent import Consent, ConsentEvent
from subscribers.lists import ListId
from subscribers.storage import Command, Redis, run_all
from subscribers.store.bitmaps import Bitmaps

_EVENTS = tuple(ConsentEvent)
_STATEMENT_BYTES = 8
_ENTRY_BYTES = 4


class _Statement(msgspec.Struct, frozen=True, array_like=True):
    words: str
    where: str
    by: str


class _Entry(msgspec.Struct, frozen=True, array_like=True):
    list_id: ListId
    event: int
    when: datetime
    statement: bytes


class ConsentStore:
    """What people agreed to, when and where."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def record(self, subscriber_id: SubscriberId, consent: Consent) -> None:
        """Add an entry to the person's history."""
        reference, statement = _statement(consent)
        entry = _entry(consent, reference)
        field = _field(subscriber_id) + _mark(entry, _ENTRY_BYTES)
        await run_all(
            self._redis,
            [
                ("HSET", keys.CONSENT_STATEMENTS, reference, statement),
                ("HSET", _bucket(subscriber_id), field, entry),
            ],
        )

    async def record_many(self, people: Iterable[SubscriberId] | Cohort, consent: Consent) -> None:
        """Add the same entry to the histories of many people, in one round trip."""
        cohort = people if isinstance(people, Cohort) else Cohort.of(people)
        if not cohort:
            return
        reference, statement = _statement(consent)
        entry = _entry(consent, reference)
        shared = _mark(entry, _STATEMENT_BYTES)
        commands: list[Command] = [
            ("HSET", keys.CONSENT_STATEMENTS, reference, statement),
            ("HSET", keys.CONSENT_TOGETHER, shared, entry),
            *(("SADD", keys.shared_consents(chunk), shared) for chunk in cohort.chunks()),
        ]
        await run_all(self._redis, commands)
        await Bitmaps(self._redis).add([(partial(_shared_bits, shared), cohort)])

    async def of(self, subscriber_id: SubscriberId) -> list[Consent]:
        """Return the person's history, the oldest entry first."""
        packed = [*await self._own(subscriber_id), *await self._shared(subscriber_id)]
        entries = sorted(map(_entry_decoder.decode, packed), key=lambda entry: entry.when)
        statements = await run_all(
            self._redis, [("HGET", keys.CONSENT_STATEMENTS, entry.statement) for entry in entries]
        )
        return [_consent(entry, _statement_decoder.decode(one)) for entry, one in zip(entries, statements, strict=True)]

    async def forget(self, subscriber_id: SubscriberId) -> None:
        """Delete the person's history, because they are erased."""
        (bucket,) = await run_all(self._redis, [("HKEYS", _bucket(subscriber_id))])
        own = [name for name in bucket if name.startswith(_field(subscriber_id))]
        chunk, position = chunk_of(subscriber_id), position_of(subscriber_id)
        (shared,) = await run_all(self._redis, [("SMEMBERS", keys.shared_consents(chunk))])
        commands: list[Command] = [("SETBIT", keys.shared_consent_bits(chunk, one), position, 0) for one in shared]
        commands += [("HDEL", _bucket(subscriber_id), *own)] if own else []
        await run_all(self._redis, commands)

    async def _own(self, subscriber_id: SubscriberId) -> list[bytes]:
        (bucket,) = await run_all(self._redis, [("HGETALL", _bucket(subscriber_id))])
        field = _field(subscriber_id)
        return [packed for name, packed in bucket.items() if name.startswith(field)]

    async def _shared(self, subscriber_id: SubscriberId) -> list[bytes]:
        chunk, position = chunk_of(subscriber_id), position_of(subscriber_id)
        (reply,) = await run_all(self._redis, [("SMEMBERS", keys.shared_consents(chunk))])
        shared = sorted(reply)
        is_in = await run_all(
            self._redis, [("GETBIT", keys.shared_consent_bits(chunk, one), position) for one in shared]
        )
        found = [one for one, bit in zip(shared, is_in, strict=True) if bit]
        return await run_all(self._redis, [("HGET", keys.CONSENT_TOGETHER, one) for one in found])


def _statement(consent: Consent) -> tuple[bytes, bytes]:
    """Return what was shown, and the digest that stands for it."""
    packed = _encoder.encode(_Statement(consent.words, consent.where, consent.by))
    return _mark(packed, _STATEMENT_BYTES), packed


def _entry(consent: Consent, reference: bytes) -> bytes:
    return _encoder.encode(_Entry(consent.list_id, _EVENTS.index(consent.event), consent.when, reference))


def _mark(packed: bytes, size: int) -> bytes:
    return hashlib.blake2b(packed, digest_size=size).digest()


def _shared_bits(shared: bytes, chunk: int) -> str:
    return keys.shared_consent_bits(chunk, shared)


def _consent(entry: _Entry, statement: _Statement) -> Consent:
    return Consent(
        list_id=entry.list_id,
        when=entry.when,
        words=statement.words,
        where=statement.where,
        by=statement.by,
        event=_EVENTS[entry.event],
    )


def _bucket(subscriber_id: int) -> str:
    return keys.consent_bucket(chunk_of(subscriber_id), position_of(subscriber_id) // keys.BUCKET_SIZE)


def _field(subscriber_id: int) -> bytes:
    return bytes([subscriber_id % keys.BUCKET_SIZE])


_encoder = msgspec.msgpack.Encoder()
_entry_decoder = msgspec.msgpack.Decoder(_Entry)
_statement_decoder = msgspec.msgpack.Decoder(_Statement)
