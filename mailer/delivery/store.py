"""The ledger in Redis.

| key | type | what |
|---|---|---|
| `{cN}:mailing:<id>:<word>` | bitmap | a chunk's part of one set; the words are `WORDS` in `ledger` |
| `{cN}:mailing:<id>:excluded:<reason>` | bitmap | the same exclusions, by reason |
| `{cN}:mailing:<id>:through:<list>` | bitmap | who is reached by a segment alone and was active on this list |
| `{cN}:mailing:<id>:cohort` | bitmap | whom the mailing is confined to, where it was asked for a cohort |
| `{cN}:mailing:<id>:lease:<batch>` | string, expires | who is passing over a batch: the holder's fence |
| `{cN}:mailing:<id>:fences` | hash | batch -> how often its lease was taken |
| `{cN}:mailing:<id>:replies` | hash | position -> the last try of a refused, deferred or uncertain person |
| `ledgers:open` | set | mailings with a ledger that is not closed |
| `{m<id>}:due` | sorted set | unfinished batches by due time (milliseconds of Redis' clock) |
| `{m<id>}:chunks` | set | chunks that the audience touches |
| `{m<id>}:planner` | string, expires | who is freezing the audience |
| `{m<id>}:pace` | hash, expires | second -> hand-overs settled in it; for showing only |
| `request:<id>` | string, expires | the mailing that a request made |

Promises: a chunk's words are read as of one instant; a batch's words are written by whoever holds its fence or not at
all; every write may be repeated. Times of leases and due batches are Redis' own, so that the clocks of workers do not
matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.delivery import keys
from mailer.delivery.batch import Batch
from mailer.delivery.ledger import WORDS, ExclusionReason, LedgerCounts, Standing, Words
from mailer.delivery.reply import LastTry, instant, milliseconds, pack, unpack
from mailer.issues.mailing import MailingId
from subscribers.cohort import Cohort, SubscriberId, bits_from_bytes, bits_to_bytes, chunk_of, position_of
from subscribers.lists import ListId
from subscribers.storage import Redis, redis_time, run_all, script_beside

_FREEZE = script_beside(__file__, "freeze.lua")
_READ = script_beside(__file__, "read.lua")
_TAKE = script_beside(__file__, "take.lua")
_WRITE = script_beside(__file__, "write.lua")
_RELEASE = script_beside(__file__, "release.lua")

_EXCLUDED_BY = {reason: f"excluded:{reason.value}" for reason in ExclusionReason}
_NAMES = (*WORDS, *_EXCLUDED_BY.values())
_PACE_KEPT = timedelta(days=2)
_REQUEST_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write a batch's words, as long as nobody else has taken the batch since."""

    batch: Batch
    fence: int


class LedgerStore:
    """Reads and writes ledgers."""

    def __init__(self, redis: Redis, *, lease_for: timedelta = timedelta(seconds=15)) -> None:
        """Keep leases for `lease_for` after each write: how long a batch stays with a worker that has died."""
        self._redis = redis
        self.lease_for = lease_for

    async def now(self) -> datetime:
        """Return the time of Redis' clock, the one that leases and due times are measured by."""
        return await redis_time(self._redis)

    async def write_nothing(self) -> None:
        """Write nothing, which a Redis that takes no writes refuses all the same: raises StorageDownError then."""
        # Nothing added to what is not there leaves nothing there, and is a write all the same.
        await run_all(self._redis, [("SETRANGE", keys.NOWHERE, 0, b"")])

    # Planning

    async def freeze(
        self, mailing: MailingId, chunk: int, words: Words, through: Mapping[ListId, int] | None = None
    ) -> None:
        """Write a chunk's part of the audience and its exclusions, before any pass may run.

        `through` says who is reached by a segment alone, by the lists on whose behalf they can be mailed.
        """
        named = _named(words) | {f"through:{list_id}": bits for list_id, bits in (through or {}).items()}
        names = [keys.word(mailing, chunk, name) for name in named]
        await _FREEZE.run(self._redis, names, [bits_to_bytes(bits) if bits else b"" for bits in named.values()])
        await self._redis.sadd(keys.chunks(mailing), chunk)

    async def keep_cohort(self, mailing: MailingId, cohort: Cohort) -> None:
        """Confine a mailing that is not planned yet to these people."""
        await run_all(
            self._redis,
            [
                ("SET", keys.word(mailing, chunk, "cohort"), bits_to_bytes(cohort.bits(chunk)))
                for chunk in cohort.chunks()
            ],
        )

    async def cohort_bits(self, mailing: MailingId, chunk: int) -> int:
        """Return whom of a chunk a mailing is confined to."""
        (found,) = await run_all(self._redis, [("GET", keys.word(mailing, chunk, "cohort"))])
        return bits_from_bytes(found or b"")

    async def add_batches(self, batches: Sequence[Batch], due: datetime) -> None:
        """Put batches of one mailing among the due ones."""
        if batches:
            scores: dict[str, float] = {batch.name: milliseconds(due) for batch in batches}
            await self._redis.zadd(keys.due(batches[0].mailing), scores)

    async def add_batches_over(self, batches: Sequence[Batch], first_due: datetime, span: timedelta) -> None:
        """Put batches of one mailing among the due ones, in this order and evenly over a time."""
        if batches:
            step_ms = span.total_seconds() * 1000 / len(batches)
            scores = {
                batch.name: milliseconds(first_due) + int(number * step_ms) for number, batch in enumerate(batches)
            }
            await self._redis.zadd(keys.due(batches[0].mailing), scores)

    async def begin_planning(self, mailing: MailingId, planner: str, for_ms: int) -> bool:
        """Whether this process may freeze the audience now; others keep out for so long."""
        return bool(await self._redis.set(keys.planner(mailing), planner, nx=True, px=for_ms))

    async def open_mailings(self) -> list[MailingId]:
        """Return the mailings whose ledger is not closed, in the order of their ids."""
        return sorted(MailingId(int(one)) for one in await self._redis.smembers(keys.OPEN))

    async def close(self, mailing: MailingId) -> None:
        """Take a mailing with no unfinished batch from among the open ones. Its ledger stays readable for ever."""
        await self._redis.srem(keys.OPEN, mailing)

    async def open(self, mailing: MailingId) -> None:
        """Open a mailing's ledger anew, without what a planner that died has left; only before it has begun."""
        await self._redis.delete(keys.due(mailing), keys.chunks(mailing))
        await self._redis.sadd(keys.OPEN, mailing)

    async def mailing_of_request(self, request: str) -> MailingId | None:
        """Return the mailing that this request has made, or has begun to make."""
        made = await self._redis.get(keys.request(request))
        return None if made is None else MailingId(int(made))

    async def mailing_for_request(self, request: str, reserved: MailingId) -> MailingId:
        """Return the mailing that a request makes: the reserved one, unless the same request came with another."""
        key, kept = keys.request(request), int(_REQUEST_KEPT.total_seconds())
        _, stands = await run_all(self._redis, [("SET", key, reserved, "NX", "EX", kept), ("GET", key)])
        return MailingId(int(stands))

    # Passes

    async def due(self, mailing: MailingId, now: datetime, limit: int) -> list[Batch]:
        """Return unfinished batches that are due, longest first."""
        command = ("ZRANGE", keys.due(mailing), "-inf", milliseconds(now), "BYSCORE", "LIMIT", 0, limit)
        (names,) = await run_all(self._redis, [command])
        return [Batch.named(mailing, name.decode()) for name in names]

    async def unfinished(self, mailing: MailingId) -> int:
        """Return how many batches are not finished, due or not."""
        return int(await self._redis.zcard(keys.due(mailing)))

    async def next_due(self, mailing: MailingId) -> datetime | None:
        """Return when the next batch is due; None if all are finished."""
        first = await self._redis.zrange(keys.due(mailing), 0, 0, withscores=True)
        return instant(int(first[0][1])) if first else None

    async def take(self, batch: Batch, now: datetime) -> Lease | None:
        """Take a batch's lease, or None while somebody else has it.

        Either way the batch comes due again when the lease that now stands runs out, so that the batch of a worker that
        dies is found without anybody looking for dead workers.
        """
        lease_ms = _ms(self.lease_for)
        answer = int(
            await _TAKE.run(
                self._redis,
                [keys.lease(batch.mailing, batch.chunk, batch.name), keys.fences(batch.mailing, batch.chunk)],
                [batch.name, lease_ms],
            )
        )
        left_ms = lease_ms if answer > 0 else -answer
        await self.put_off(batch, now + timedelta(milliseconds=left_ms))
        return Lease(batch, answer) if answer > 0 else None

    async def read(self, batch: Batch) -> Words:
        """Return a batch's words as of one instant; place 0 is the batch's first position."""
        names = [keys.word(batch.mailing, batch.chunk, name) for name in _NAMES]
        ends = (batch.first_byte, batch.first_byte + batch.size_bytes - 1)
        return _words(await _READ.run(self._redis, names, ends))

    async def read_through(self, batch: Batch, lists: Sequence[ListId]) -> dict[ListId, int]:
        """Return who of a batch is reached by a segment alone, by list; place 0 is the batch's first position."""
        named = [keys.word(batch.mailing, batch.chunk, f"through:{list_id}") for list_id in lists]
        end = batch.first_byte + batch.size_bytes - 1
        found = await run_all(self._redis, [("GETRANGE", name, batch.first_byte, end) for name in named])
        return {list_id: bits_from_bytes(bits) for list_id, bits in zip(lists, found, strict=True)}

    async def write(
        self, lease: Lease, changes: Mapping[str, int], replies: Mapping[int, LastTry | None] | None = None
    ) -> bool:
        """Write changed words (by name) and last tries (by position in the chunk; None forgets one); renew the lease.

        False if somebody else has taken the batch: then nothing was written.
        """
        batch = lease.batch
        args: list[str | bytes | int] = [batch.name, lease.fence, _ms(self.lease_for), batch.first_byte]
        args += [bits_to_bytes(bits).ljust(batch.size_bytes, b"\0") for bits in changes.values()]
        for position, last_try in (replies or {}).items():
            args += [position, b"" if last_try is None else pack(last_try)]
        return bool(
            await _WRITE.run(
                self._redis,
                [
                    keys.lease(batch.mailing, batch.chunk, batch.name),
                    keys.fences(batch.mailing, batch.chunk),
                    keys.replies(batch.mailing, batch.chunk),
                    *(keys.word(batch.mailing, batch.chunk, name) for name in changes),
                ],
                args,
            )
        )

    async def put_off(self, batch: Batch, until: datetime) -> None:
        """Let an unfinished batch come due then; a finished one stays finished."""
        await self._redis.zadd(keys.due(batch.mailing), {batch.name: milliseconds(until)}, xx=True)

    async def due_from(self, mailing: MailingId, earliest: datetime) -> list[Batch]:
        """Return the unfinished batches that are due at a time or later."""
        command = ("ZRANGE", keys.due(mailing), milliseconds(earliest), "+inf", "BYSCORE")
        (names,) = await run_all(self._redis, [command])
        return [Batch.named(mailing, name.decode()) for name in names]

    async def hasten(self, mailing: MailingId, *, beyond: datetime, to: datetime) -> None:
        """Let every unfinished batch that is due after a time come due earlier."""
        command = ("ZRANGE", keys.due(mailing), f"({milliseconds(beyond)}", "+inf", "BYSCORE")
        (names,) = await run_all(self._redis, [command])
        if names:
            scores: dict[str, float] = {name.decode(): milliseconds(to) for name in names}
            await self._redis.zadd(keys.due(mailing), scores, xx=True)

    async def finish(self, batch: Batch) -> None:
        """Take a batch with nobody pending from among the unfinished ones."""
        await self._redis.zrem(keys.due(batch.mailing), batch.name)

    async def release(self, lease: Lease) -> None:
        """Give a lease back, so that the batch can be taken at once."""
        batch = lease.batch
        await _RELEASE.run(self._redis, [keys.lease(batch.mailing, batch.chunk, batch.name)], [lease.fence])

    async def last_tries(self, mailing: MailingId, ids: Iterable[SubscriberId]) -> dict[SubscriberId, LastTry]:
        """Return what is remembered of the last try of each of these people, where anything is."""
        wanted = list(ids)
        packed = await run_all(
            self._redis, [("HGET", keys.replies(mailing, chunk_of(one)), position_of(one)) for one in wanted]
        )
        return {one: unpack(value) for one, value in zip(wanted, packed, strict=True) if value}

    # Reading

    async def chunk(self, mailing: MailingId, chunk: int) -> Words:
        """Return a chunk's words as of one instant."""
        (values,) = await run_all(self._redis, [("MGET", *(keys.word(mailing, chunk, name) for name in _NAMES))])
        return _words(values)

    async def words(self, mailing: MailingId) -> dict[int, Words]:
        """Return the words of every chunk that the audience touches."""
        chunks = sorted(int(chunk) for chunk in await self._redis.smembers(keys.chunks(mailing)))
        return {chunk: await self.chunk(mailing, chunk) for chunk in chunks}

    async def counts(self, mailing: MailingId) -> LedgerCounts:
        """Count who stands where."""
        return LedgerCounts.of((await self.words(mailing)).values())

    async def cohort(self, mailing: MailingId, standing: Standing) -> Cohort:
        """Return everybody who stands there."""
        return Cohort({chunk: words.bits(standing) for chunk, words in (await self.words(mailing)).items()})

    async def word(self, mailing: MailingId, name: str, chunks: Iterable[int]) -> Cohort:
        """Return everybody in one of a mailing's bitmaps, also one that is not the ledger's, such as `opened`."""
        wanted = list(chunks)
        found = await run_all(self._redis, [("GET", keys.word(mailing, chunk, name)) for chunk in wanted])
        return Cohort({chunk: bits_from_bytes(bits or b"") for chunk, bits in zip(wanted, found, strict=True)})

    async def excluded_for(self, mailing: MailingId, reason: ExclusionReason) -> Cohort:
        """Return everybody excluded for that reason."""
        words = await self.words(mailing)
        return Cohort({chunk: one.excluded_by.get(reason, 0) for chunk, one in words.items()})

    async def was_mailed(self, mailing: MailingId, subscriber: SubscriberId) -> bool:
        """Whether a message of this mailing may have reached that person: handed over, or at least begun."""
        words = await self.chunk(mailing, chunk_of(subscriber))
        handed = words.claimed | words.accepted | words.refused | words.uncertain | words.deferred
        return bool(handed >> position_of(subscriber) & 1)

    # Pace

    async def count_pace(self, mailing: MailingId, now: datetime, settled: int) -> None:
        """Add hand-overs to the present second. A repeated call counts twice: this is for showing, not for deciding."""
        key = keys.pace(mailing)
        kept = int(_PACE_KEPT.total_seconds())
        await run_all(self._redis, [("HINCRBY", key, int(now.timestamp()), settled), ("EXPIRE", key, kept)])

    async def pace(self, mailing: MailingId) -> dict[int, int]:
        """Return how many hand-overs were settled in each second (since 1970)."""
        found = await self._redis.hgetall(keys.pace(mailing))
        return {int(second): int(count) for second, count in sorted(found.items())}


def _named(words: Words) -> dict[str, int]:
    named: dict[str, int] = {name: getattr(words, name) for name in WORDS}
    return named | {name: words.excluded_by.get(reason, 0) for reason, name in _EXCLUDED_BY.items()}


def changed(words: Words, written: Mapping[str, int]) -> dict[str, int]:
    """Return the words that differ from what was written last, by name."""
    return {name: bits for name, bits in _named(words).items() if bits != written.get(name, 0)}


def as_written(words: Words) -> dict[str, int]:
    """Return a copy of the words by name, to compare with later."""
    return _named(words)


def _words(values: Sequence[bytes | None]) -> Words:
    bits = {name: bits_from_bytes(value or b"") for name, value in zip(_NAMES, values, strict=True)}
    by_reason = {reason: bits[name] for reason, name in _EXCLUDED_BY.items() if bits[name]}
    return Words(**{name: bits[name] for name in WORDS}, excluded_by=by_reason)


def _ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
