"""Turns in Redis.

| key | type | what |
|---|---|---|
| `{cN}:mailing:<id>:turn:<number>` | bitmap | a chunk's people of one turn |
| `{m<id>}:turns` | hash | number -> Turn as JSON |
| `{m<id>}:canary` | hash | how far a canary is: `state`, `settled`, `judged`, `why` |

The bitmaps are written by planning, before the mailing begins, and never changed. A turn's moment changes once at the
most, when a canary has passed and the rest is let go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from mailer.delivery import keys
from mailer.delivery.batch import Batch
from mailer.delivery.timing.turn import Turn, Waiting
from mailer.issues.mailing import MailingId
from subscribers.cohort import Cohort, bits_from_bytes, bits_to_bytes
from subscribers.storage import Redis, run_all


class TurnStore:
    """The turns of mailings that have any."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def forget(self, mailing: MailingId) -> None:
        """Take away what a planner that died has left; only before the mailing has begun."""
        await run_all(self._redis, [("DEL", keys.turns(mailing)), ("DEL", keys.canary(mailing))])

    async def put(self, mailing: MailingId, turns: Iterable[Turn]) -> None:
        """Write when these turns come; a repeat changes nothing."""
        pairs = [part for turn in turns for part in (turn.number, msgspec.json.encode(turn))]
        if pairs:
            await run_all(self._redis, [("HSET", keys.turns(mailing), *pairs)])

    async def freeze(self, mailing: MailingId, chunk: int, people: Mapping[int, int]) -> None:
        """Write who of a chunk is in each turn (number -> bits); a repeat overwrites."""
        commands = [
            ("SET", keys.turn(mailing, chunk, number), bits_to_bytes(bits))
            if bits
            else ("DEL", keys.turn(mailing, chunk, number))
            for number, bits in people.items()
        ]
        await run_all(self._redis, commands)

    async def all(self, mailing: MailingId) -> list[Turn]:
        """Return the turns of a mailing, by number."""
        (found,) = await run_all(self._redis, [("HVALS", keys.turns(mailing))])
        return sorted((_turn_from.decode(one) for one in found), key=lambda turn: turn.number)

    async def waiting(self, batch: Batch) -> Waiting:
        """Return who of a batch is due when; place 0 is the batch's first position."""
        turns = await self.all(batch.mailing)
        commands = [
            ("GETRANGE", keys.turn(batch.mailing, batch.chunk, turn.number), batch.first_byte,
             batch.first_byte + batch.size_bytes - 1)
            for turn in turns
        ]  # fmt: skip
        found = await run_all(self._redis, commands)
        parts = ((turn.due_ms, bits_from_bytes(bits)) for turn, bits in zip(turns, found, strict=True))
        return Waiting([(due_ms, bits) for due_ms, bits in parts if bits])

    async def cohort(self, mailing: MailingId, number: int, chunks: Iterable[int]) -> Cohort:
        """Return everybody of a turn, given the chunks of the audience."""
        wanted = list(chunks)
        found = await run_all(self._redis, [("GET", keys.turn(mailing, chunk, number)) for chunk in wanted])
        return Cohort({chunk: bits_from_bytes(bits or b"") for chunk, bits in zip(wanted, found, strict=True)})


_turn_from = msgspec.json.Decoder(Turn)
