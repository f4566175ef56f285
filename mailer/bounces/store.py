"""What came back, in Redis.

Keys, `m` a mailing's id, `c` a chunk of people:

    {m<id>}:reports                    stream: the mailing's newest events (about 100,000), for as long as the mailing
    {m<id>}:report:<digest>            string, 24 hours: this person, class and status were kept already
    reports:recent                     stream: the newest events of all mailings, with backscatter (about 10,000)
    {c<n>}:mailing:<id>:bounced        bitmap: people whose message came back, refused or reported as failed
    {c<n>}:mailing:<id>:complained     bitmap: people who called it spam
    {c<n>}:mailing:<id>:unsubscribed   bitmap: people who left a list through this mailing
    {c<n>}:signals:<position>          hash: mailing, class, mark of the address → when; expires when none counts

Bits are written before the event, and the event in one step with its "kept already": so a crash in between is repaired
by the sender's next try, and repeating anything changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.event import Event
from mailer.bounces.policy import Signal
from mailer.issues.mailing import MailingId
from subscribers.cohort import Cohort, SubscriberId, bits_from_bytes, chunk_of, position_of
from subscribers.storage import Redis, run_all, script_beside

SAME_WITHIN = timedelta(hours=24)
"""Within this time the same report about the same person counts once (R64)."""

_MOST_OF_A_MAILING = 100_000
_MOST_RECENT = 10_000
_RECENT = "reports:recent"
_MARK_BYTES = 4
_RECORD = script_beside(__file__, "record.lua")

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Event)


class Mark(StrEnum):
    """What can be remembered of a person in a mailing as a bit."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class ReportStore:
    """Keeps what came back."""

    def __init__(self, redis: Redis) -> None:
        """Work on this Redis."""
        self._redis = redis

    async def record(self, event: Event) -> bool:
        """Keep the event, and return whether it is new: the same person, class and status count once in 24 hours."""
        packed = _encoder.encode(event)
        if event.mailing is not None:
            keys = [_kept_key(event.mailing, event), _reports_key(event.mailing)]
            seconds = int(SAME_WITHIN.total_seconds())
            if not await _RECORD.run(self._redis, keys, [seconds, _MOST_OF_A_MAILING, packed]):
                return False
        await run_all(self._redis, [("XADD", _RECENT, "MAXLEN", "~", _MOST_RECENT, "*", "event", packed)])
        return True

    async def mark(self, mailing: MailingId, subscriber: SubscriberId, mark: Mark) -> None:
        """Remember it of this person in this mailing."""
        key = _mark_key(chunk_of(subscriber), mailing, mark)
        await run_all(self._redis, [("SETBIT", key, position_of(subscriber), 1)])

    async def signal(self, subscriber: SubscriberId, whose: bytes, one: Signal, memory: timedelta) -> list[Signal]:
        """Keep a signal about an address of this person; return all that are kept about the same address.

        `whose` is a digest of the address: what was said of an earlier one does not count. The first of one mailing
        and class stays.
        """
        key, mark = _signals_key(subscriber), whose[:_MARK_BYTES]
        field = f"{one.mailing}:{one.bounce_class}:{mark.hex()}"
        _, _, kept = await run_all(
            self._redis,
            [
                ("HSETNX", key, field, int(one.at.timestamp())),
                ("EXPIRE", key, int(memory.total_seconds())),
                ("HGETALL", key),
            ],
        )
        return [_signal(name, at) for name, at in kept.items() if name.decode().endswith(f":{mark.hex()}")]

    async def forget_signals(self, subscriber: SubscriberId) -> None:
        """Delete what is kept against a person's address: mail arrived, or they are erased."""
        await run_all(self._redis, [("DEL", _signals_key(subscriber))])

    async def bits(self, mailing: MailingId, mark: Mark, chunk: int) -> int:
        """Return the marked people of one chunk, bit p for position p."""
        (found,) = await run_all(self._redis, [("GET", _mark_key(chunk, mailing, mark))])
        return bits_from_bytes(found or b"")

    async def cohort(self, mailing: MailingId, mark: Mark, chunks: Iterable[int]) -> Cohort:
        """Return the marked people of a mailing, given the chunks of its audience."""
        wanted = list(chunks)
        found = await run_all(self._redis, [("GET", _mark_key(chunk, mailing, mark)) for chunk in wanted])
        return Cohort({chunk: bits_from_bytes(bits or b"") for chunk, bits in zip(wanted, found, strict=True)})

    async def of_mailing(self, mailing: MailingId, limit: int = 100) -> list[Event]:
        """Return the mailing's events, newest first."""
        return await self._read(_reports_key(mailing), limit)

    async def after(self, mailing: MailingId, cursor: str, limit: int) -> list[tuple[str, Event]]:
        """Return the mailing's events after a cursor ("" is the beginning), oldest first, each with its own cursor."""
        start = f"({cursor}" if cursor else "-"
        (entries,) = await run_all(self._redis, [("XRANGE", _reports_key(mailing), start, "+", "COUNT", limit)])
        return [(cursor.decode(), _decoder.decode(packed)) for cursor, (_, packed) in entries]

    async def recent(self, limit: int = 100) -> list[Event]:
        """Return the events of all mailings, with backscatter, newest first."""
        return await self._read(_RECENT, limit)

    async def _read(self, key: str, limit: int) -> list[Event]:
        (entries,) = await run_all(self._redis, [("XREVRANGE", key, "+", "-", "COUNT", limit)])
        return [_decoder.decode(packed) for _, (_, packed) in entries]


def _signals_key(subscriber: SubscriberId) -> str:
    return f"{{c{chunk_of(subscriber)}}}:signals:{position_of(subscriber)}"


def _signal(name: bytes, at: bytes) -> Signal:
    mailing, bounce_class, _ = name.decode().split(":")
    return Signal(MailingId(int(mailing)), BounceClass(bounce_class), datetime.fromtimestamp(int(at), UTC))


def _reports_key(mailing: MailingId) -> str:
    return f"{{m{mailing}}}:reports"


def _kept_key(mailing: MailingId, event: Event) -> str:
    same = f"{event.subscriber} {event.kind} {event.bounce_class} {event.status} {event.reply_code}"
    return f"{{m{mailing}}}:report:{hashlib.blake2b(same.encode(), digest_size=10).hexdigest()}"


def _mark_key(chunk: int, mailing: MailingId, mark: Mark) -> str:
    return f"{{c{chunk}}}:mailing:{mailing}:{mark}"
