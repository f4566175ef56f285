"""Turns in Redis.

| key | type | what |
|---|---|---|
| `{cN}:mailing:<id>:turn:<number>` | bitmap | a chunk's people of one turn |
| `{m<id>}:turns` | hash | number -> Turn as JSON |
| `{m<id>}:canary` | hash | how far a canary is: `state`, `since`, `why` |

The bitmaps are written by planning, before the mailing begins, and never changed. A turn's moment changes once at the
most, when a canary has passed and the rest is let go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from mailer.delivery import keys
from mailer.delivery.batch import Batch
from mailer.delivery.timing.canary import MOVES, CanaryStanding, CanaryState
from mailer.delivery.timing.turn import Turn, Waiting
from mailer.issues.mailing import MailingId
from subscribers.cohort import Cohort, bits_from_bytes, bits_to_bytes
from subscribers.storage import Redis, run_all, script_beside

_MOVE = script_beside(__file__, "canary.lua")


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

    async def canary(self, mailing: MailingId) -> CanaryStanding:
        """Return where the mailing's canary stands."""
        (found,) = await run_all(self._redis, [("HMGET", keys.canary(mailing), "state", "since", "why")])
        state, since, why = (value.decode() if value else "" for value in found)
        if not state:
            return CanaryStanding()
        return CanaryStanding(CanaryState(state), datetime.fromisoformat(since), why)

    async def move_canary(self, mailing: MailingId, to: CanaryState, *, now: datetime, why: str = "") -> bool:
        """Move the mailing's canary to a state; return whether that was done here: not by a move that is not legal."""
        sources = " ".join(state for state, following in MOVES.items() if to in following)
        arguments = (to, f" {sources} ", now.isoformat(), why, CanaryState.FLYING)
        return bool(await _MOVE.run(self._redis, [keys.canary(mailing)], arguments))


_turn_from = msgspec.json.Decoder(Turn)
