"""The consent history of people, in Redis: append-only, kept after leaving.

Keys: `{cN}:consent:<bucket>` (hash: position in the bucket and digest of the entry → packed entry),
`consent:statements` (hash: digest → what was shown, where and by which form). Words that a hundred thousand people
agreed to in one import are stored once. Recording the same entry twice leaves one. Kept until the person is erased.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from subscribers import keys
from subscribers.cohort import SubscriberId, chunk_of, position_of
from subscribers.consent import Consent, ConsentEvent
from subscribers.lists import ListId
from subscribers.storage import Command, Redis, run_all

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
        await self.record_many([subscriber_id], consent)

    async def record_many(self, ids: Iterable[SubscriberId], consent: Consent) -> None:
        """Add the same entry to the histories of many people, in one round trip."""
        statement = _encoder.encode(_Statement(consent.words, consent.where, consent.by))
        reference = hashlib.blake2b(statement, digest_size=_STATEMENT_BYTES).digest()
        entry = _encoder.encode(_Entry(consent.list_id, _EVENTS.index(consent.event), consent.when, reference))
        mark = hashlib.blake2b(entry, digest_size=_ENTRY_BYTES).digest()
        by_bucket: dict[str, list[bytes]] = {}
        for one in ids:
            by_bucket.setdefault(_bucket(one), []).extend((_field(one) + mark, entry))
        commands: list[Command] = [("HSET", keys.CONSENT_STATEMENTS, reference, statement)]
        commands += [("HSET", key, *pairs) for key, pairs in by_bucket.items()]
        await run_all(self._redis, commands)

    async def of(self, subscriber_id: SubscriberId) -> list[Consent]:
        """Return the person's history, the oldest entry first."""
        (bucket,) = await run_all(self._redis, [("HGETALL", _bucket(subscriber_id))])
        field = _field(subscriber_id)
        entries = [_entry_decoder.decode(packed) for name, packed in bucket.items() if name.startswith(field)]
        entries.sort(key=lambda entry: entry.when)
        statements = await run_all(
            self._redis, [("HGET", keys.CONSENT_STATEMENTS, entry.statement) for entry in entries]
        )
        return [
            _consent(entry, _statement_decoder.decode(packed))
            for entry, packed in zip(entries, statements, strict=True)
        ]


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
