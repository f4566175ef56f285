"""Who is suppressed, as bitmaps, so that planning and segments are set algebra.

Keys: `{cN}:suppressed`, `{cN}:suppressed:<reason>`, and for suppressions of one newsletter
`{cN}:suppressed@<newsletter>` and `{cN}:suppressed@<newsletter>:<reason>` (bitmaps); `{cN}:suppression:ends` (sorted
set: position and newsletter, by when the suppression ends).

The records are the truth. A bit is set by whoever comes second: who suppresses writes the record and then looks for
the people; who adds a person claims the address and then looks for records. What has an end is looked for before every
reading: a person whose suppression has ended is in no bitmap that anybody reads after that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from subscribers import keys
from subscribers.cohort import Cohort, SubscriberId, bits_from_bytes, chunk_of, id_at, position_of
from subscribers.storage import Command, Redis, redis_time, run_all
from subscribers.store.suppressionrecords import SuppressionRecords, Who
from subscribers.subscriber import unpack
from subscribers.suppression import Reason, Suppression

_AT_A_TIME = 1_000


class SuppressedBits:
    """The bitmaps of the suppressed."""

    def __init__(self, redis: Redis, records: SuppressionRecords) -> None:
        """Take the records that the bitmaps follow."""
        self._redis = redis
        self._records = records

    async def of(self, chunk: int, newsletter: str = "") -> dict[Reason, int]:
        """Return who of this chunk may not be mailed by the newsletter, by reason, each for the strongest.

        Without a newsletter, only who may not be mailed by any.
        """
        scopes = ["", newsletter] if newsletter else [""]
        names = [keys.suppressed_bits(chunk, reason, scope) for reason in Reason for scope in scopes]
        commands: list[Command] = [("GET", name) for name in names]
        ends, *bitmaps = await run_all(self._redis, [("ZRANGE", keys.suppression_ends(chunk), 0, 0), *commands])
        if ends:
            await self.wake([chunk])
            bitmaps = await run_all(self._redis, commands)
        replies = iter(bitmaps)
        found: dict[Reason, int] = {}
        seen = 0
        for reason in Reason:
            bits = 0
            for _ in scopes:
                bits |= bits_from_bytes(next(replies) or b"")
            if bits := bits & ~seen:
                found[reason] = bits
                seen |= bits
        return found

    async def mark(self, people: Mapping[SubscriberId, Who]) -> None:
        """Set the bits of these people, as the suppressions of their addresses say."""
        found = await self._records.applying(list(people.values()))
        commands: list[Command] = []
        for person, suppressions in zip(people, found, strict=True):
            for one in suppressions:
                commands += _marked(person, one)
        await run_all(self._redis, commands)

    async def mark_one(self, person: SubscriberId, suppression: Suppression) -> None:
        """Set the bits of a person for one suppression."""
        await run_all(self._redis, _marked(person, suppression))

    async def refresh(self, people: Iterable[SubscriberId]) -> None:
        """Make the bits of these people what the suppressions of their addresses say now; without a record, none.

        A suppression that stands throughout is not lifted for a moment; one that comes meanwhile is set at the end.
        """
        wanted = list(people)
        for start in range(0, len(wanted), _AT_A_TIME):
            some = wanted[start : start + _AT_A_TIME]
            persons = await self._who(some)
            found = await self._records.applying(list(persons.values()))
            keep = {
                person: {key for one in suppressions for key in _bits(person, one)}
                for person, suppressions in zip(persons, found, strict=True)
            }
            await self._clear({person: keep.get(person, set()) for person in some})
            await self.mark(persons)

    async def unmark(self, person: SubscriberId) -> None:
        """Clear the bits of a person who is no more."""
        await self._clear({person: set()})

    async def wake(self, chunks: Iterable[int]) -> None:
        """Lift what has ended for people of these chunks."""
        asked = list(chunks)
        first = await run_all(
            self._redis, [("ZRANGE", keys.suppression_ends(chunk), 0, 0, "WITHSCORES") for chunk in asked]
        )
        if not any(first):
            return
        # Only now: reading the clock costs a round trip, and hardly anybody's suppression ends.
        now = _milliseconds(await redis_time(self._redis))
        for chunk, soonest in zip(asked, first, strict=True):
            if soonest and soonest[0][1] <= now:
                name = keys.suppression_ends(chunk)
                (due,) = await run_all(self._redis, [("ZRANGEBYSCORE", name, "-inf", now)])
                await self.refresh({id_at(chunk, int(one.partition(b":")[0])) for one in due})
                # Last: as long as it stands here, whoever reads comes by again. A later end has a later score.
                await run_all(self._redis, [("ZREMRANGEBYSCORE", name, "-inf", now)])

    async def cohort(self, newsletter: str, reason: Reason | None, chunks: Iterable[int]) -> Cohort:
        """Return who is suppressed in this scope alone, for one reason or for any, as the bitmaps have it."""
        wanted = list(chunks)
        names = [keys.suppressed_bits(chunk, reason, newsletter) for chunk in wanted]
        replies = await run_all(self._redis, [("GET", name) for name in names])
        return Cohort({chunk: bits_from_bytes(bits or b"") for chunk, bits in zip(wanted, replies, strict=True)})

    async def _who(self, people: Sequence[SubscriberId]) -> dict[SubscriberId, Who]:
        replies = await run_all(self._redis, [("HGET", *keys.record_place(person)) for person in people])
        return {
            person: self._records.who(unpack(packed).address)
            for person, packed in zip(people, replies, strict=True)
            if packed is not None
        }

    async def _clear(self, people: Mapping[SubscriberId, set[str]]) -> None:
        """Clear all bits of these people but those named. Bits are looked at first: clearing makes a bitmap."""
        newsletters = await self._records.newsletters()
        asked = [
            (name, position_of(person))
            for person, kept in people.items()
            for newsletter in newsletters
            for reason in (None, *Reason)
            if (name := keys.suppressed_bits(chunk_of(person), reason, newsletter)) not in kept
        ]
        are_set = await run_all(self._redis, [("GETBIT", *place) for place in asked])
        await run_all(self._redis, [("SETBIT", *place, 0) for place, bit in zip(asked, are_set, strict=True) if bit])


def _bits(person: SubscriberId, suppression: Suppression) -> list[str]:
    chunk, newsletter = chunk_of(person), suppression.newsletter
    return [
        keys.suppressed_bits(chunk, None, newsletter),
        keys.suppressed_bits(chunk, suppression.reason, newsletter),
    ]


def _marked(person: SubscriberId, suppression: Suppression) -> list[Command]:
    """Return what sets the bits; the end first, so that nobody is suppressed for longer after a crash."""
    position = position_of(person)
    commands: list[Command] = []
    if suppression.until is not None:
        ends = (_milliseconds(suppression.until), f"{position}:{suppression.newsletter}")
        commands.append(("ZADD", keys.suppression_ends(chunk_of(person)), *ends))
    return commands + [("SETBIT", name, position, 1) for name in _bits(person, suppression)]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
