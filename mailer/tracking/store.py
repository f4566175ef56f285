"""What is known of a mailing's reading, in Redis.

| key | type | what |
|---|---|---|
| `{cN}:mailing:<id>:opened` | bitmap | who opened it, with a program of their own |
| `{cN}:mailing:<id>:opened:<by>` | bitmap | for whom a `proxy` fetched the pixel, or a `machine` |
| `{cN}:mailing:<id>:clicked` | bitmap | who followed a link |
| `{cN}:mailing:<id>:clicked:<by>` | bitmap | for whom a `machine` did |
| `{cN}:mailing:<id>:link:<number>` | bitmap | who followed this one; the number is that of its address |
| `{cN}:mailing:<id>:link:<number>:<by>` | bitmap | for whom a `machine` did |
| `{cN}:mailing:<id>:hits:<bucket>` | hash | position in the bucket (0…127) -> a person's packed hits, 40 at most |

Kept as long as the ledger. The bitmaps follow from the hits: both are written by one script, so that a burst that is
only seen with its last link takes back what its first ones seemed to say. Every write may be repeated.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from mailer.issues.mailing import MailingId
from mailer.tracking import keys, words
from mailer.tracking.hit import Hit, Seen, Visitor, with_hit
from mailer.tracking.robots import judged
from subscribers.cohort import Cohort, SubscriberId, bits_from_bytes, chunk_of, position_of
from subscribers.keys import BUCKET_SIZE
from subscribers.storage import Call, Command, Redis, run_all, script_beside

_RECORD = script_beside(__file__, "record.lua")
_Person = tuple[MailingId, SubscriberId]


class TrackingStore:
    """Keeps hits, and the sets of people that follow from them."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def record(self, seen: Iterable[Seen]) -> None:
        """Write hits of any number of people, in two round trips; more only where two processes meet."""
        waiting: dict[_Person, list[Seen]] = defaultdict(list)
        for one in seen:
            waiting[one.mailing, one.subscriber].append(one)
        while waiting:
            people = list(waiting)
            before = await run_all(self._redis, [_asking(*person) for person in people])
            calls = [
                _call(person, packed or b"", waiting[person]) for person, packed in zip(people, before, strict=True)
            ]
            written = await _RECORD.run_all(self._redis, calls)
            for person, is_written in zip(people, written, strict=True):
                if is_written:
                    del waiting[person]

    async def cohort(self, mailing: MailingId, name: str, chunks: Iterable[int]) -> Cohort:
        """Return everybody in one of the bitmaps, given the chunks of the audience."""
        return (await self.cohorts(mailing, [name], chunks))[0]

    async def cohorts(self, mailing: MailingId, names: Sequence[str], chunks: Iterable[int]) -> list[Cohort]:
        """Return everybody in each of these bitmaps, in one round trip."""
        wanted = list(chunks)
        replies = await run_all(
            self._redis, [("GET", keys.word(mailing, chunk, name)) for name in names for chunk in wanted]
        )
        found = iter(replies)
        return [Cohort({chunk: bits_from_bytes(next(found) or b"") for chunk in wanted}) for _ in names]

    async def hits_of(self, mailing: MailingId, subscriber: SubscriberId) -> tuple[Hit, ...]:
        """Return what is kept of one person in one mailing, in order of time."""
        (packed,) = await run_all(self._redis, [_asking(mailing, subscriber)])
        return _unpacked(packed or b"")


def marks_of(hits: Iterable[Hit]) -> dict[str, bool]:
    """Return in which bitmaps somebody with these judged hits has a bit; false where only a machine has."""
    marks: dict[str, bool] = {}
    for hit in hits:
        names = (words.CLICKED, words.link(hit.link)) if hit.is_click else (words.OPENED,)
        for name in names:
            own = words.BY_PROXY if hit.visitor is Visitor.PROXY and not hit.is_click else name
            by_machine = hit.visitor is Visitor.MACHINE
            marks[own] = marks.get(own, False) or not by_machine
            marks[name + words.BY_MACHINE] = marks.get(name + words.BY_MACHINE, False) or by_machine
    return marks


def _asking(mailing: MailingId, subscriber: SubscriberId) -> Command:
    position = position_of(subscriber)
    return ("HGET", keys.hits(mailing, chunk_of(subscriber), position), position % BUCKET_SIZE)


def _call(person: _Person, before: bytes, seen: Sequence[Seen]) -> Call:
    mailing, subscriber = person
    chunk, position = chunk_of(subscriber), position_of(subscriber)
    hits = _unpacked(before)
    for one in seen:
        hits = with_hit(hits, one.hit)
    marks = marks_of(judged(hits, max(one.links for one in seen)))
    return (
        [keys.hits(mailing, chunk, position), *(keys.word(mailing, chunk, name) for name in marks)],
        [position % BUCKET_SIZE, before, _packed(hits), position, *map(int, marks.values())],
    )


def _packed(hits: tuple[Hit, ...]) -> bytes:
    return msgspec.msgpack.encode(hits)


def _unpacked(packed: bytes) -> tuple[Hit, ...]:
    return _hits_from.decode(packed) if packed else ()


_hits_from = msgspec.msgpack.Decoder(tuple[Hit, ...])
