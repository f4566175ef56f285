"""The outbox, in Redis. All of its keys share a hash tag, so that one script sees them together.

    {outbox}:message:<id>   hash: the order, and where it stands; 30 days once it is settled
    {outbox}:due            sorted set: ids of the pending, by the time when they are due (milliseconds)
    {outbox}:all            sorted set: ids by the time when they were asked for
    {outbox}:last-id        string: the last id that was given
    {outbox}:key:<digest>   string: the id that an idempotency key got; 30 days

A message that expired may still stand in `{outbox}:all`, for ten days at most; reading passes over it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from mailer.delivery.outbox.oneoff import MOVES, OneOff, OneOffId, OneOffState, Order
from mailer.delivery.reply import instant, milliseconds
from mailer.errors import NotFoundError
from subscribers.storage import Redis, run_all, script_beside

KEPT_FOR = timedelta(days=30)
_LISTED_FOR = timedelta(days=40)
_DUE = "{outbox}:due"
_ALL = "{outbox}:all"
_LAST_ID = "{outbox}:last-id"
_MESSAGE = "{outbox}:message:"
_POST, _TAKE, _WRITE, _AGAIN = (script_beside(__file__, f"{name}.lua") for name in ("post", "take", "write", "again"))
_FIELDS = ("order", "state", "due", "tries", "first", "fence", "claimed", "sentence", "message")


class Outbox:
    """Keeps one-off mail until it is handed over, and for a month after."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def post(self, order: Order, key: str, now: datetime) -> tuple[OneOffId, bool]:
        """Put an order into the outbox; return its id, and False if this idempotency key had brought one before."""
        keys = [_idempotency_key(key), _LAST_ID, _DUE, _ALL]
        listed_ms = int(_LISTED_FOR.total_seconds() * 1000)
        arguments = (_MESSAGE, milliseconds(now), _to_json(order), int(KEPT_FOR.total_seconds()), listed_ms)
        one_off, is_new = await _POST.run(self._redis, keys, arguments)
        return OneOffId(one_off), bool(is_new)

    async def take(self, now: datetime, *, lease_for: timedelta, most: int) -> list[OneOff]:
        """Take what is due, for as long as the lease lasts."""
        arguments = (_MESSAGE, milliseconds(now), milliseconds(now + lease_for), most)
        flat = await _TAKE.run(self._redis, [_DUE], arguments)
        fences = dict(zip(flat[::2], flat[1::2], strict=True))
        found = await self._read([OneOffId(one) for one in fences])
        return [msgspec.structs.replace(one, fence=fences[one.id]) for one in found]

    async def keep(self, one: OneOff, until: datetime) -> bool:
        """Go on holding it until then; False if somebody else has it."""
        return await self._write(one, until, {})

    async def claim(self, one: OneOff, until: datetime, message: bytes) -> bool:
        """Note that its message leaves now, and keep the message; False if somebody else has it."""
        return await self._write(one, until, {"claimed": 1, "message": message})

    async def put_off(self, one: OneOff, due: datetime, *, tries: int, first: datetime | None, sentence: str) -> bool:
        """Let it be tried again then; False if somebody else has it."""
        first_ms = milliseconds(first) if first else 0
        told: dict[str, str | int] = {"tries": tries, "first": first_ms, "sentence": sentence, "claimed": 0}
        return await self._write(one, due, told)

    async def settle(self, one: OneOff, state: OneOffState, *, tries: int, sentence: str) -> bool:
        """Write what became of it; False if somebody else has it, or it was settled before."""
        one.check_move(state)
        return await self._write(one, None, {"state": state, "tries": tries, "sentence": sentence})

    async def again(self, one: OneOff, now: datetime) -> bool:
        """Let it be handed over anew; False if its state allows no such thing (any more)."""
        sources = " ".join(state for state, following in MOVES.items() if OneOffState.PENDING in following)
        arguments = (one.id, f" {sources} ", milliseconds(now))
        return bool(await _AGAIN.run(self._redis, [f"{_MESSAGE}{one.id}", _DUE, _ALL], arguments))

    async def count_due(self, now: datetime) -> int:
        """Return how many are due."""
        (count,) = await run_all(self._redis, [("ZCOUNT", _DUE, "-inf", milliseconds(now))])
        return int(count)

    async def newest(self, most: int) -> list[OneOff]:
        """Return those that were asked for last, the newest first."""
        (ids,) = await run_all(self._redis, [("ZREVRANGE", _ALL, 0, most - 1)])
        return await self._read([OneOffId(int(one)) for one in ids])

    async def get(self, one_off: OneOffId) -> OneOff:
        """Return one of them. Raises NotFoundError where there is none, or it was settled a month ago."""
        for found in await self._read([one_off]):
            return found
        raise NotFoundError(f"There is no message {one_off}; settled ones are kept for {KEPT_FOR.days} days.")

    async def _write(self, one: OneOff, due: datetime | None, told: Mapping[str, str | bytes | int]) -> bool:
        fields = [part for pair in told.items() for part in pair]
        due_ms = milliseconds(due) if due else ""
        arguments = (one.id, one.fence, due_ms, int(KEPT_FOR.total_seconds()), *fields)
        return bool(await _WRITE.run(self._redis, [f"{_MESSAGE}{one.id}", _DUE], arguments))

    async def _read(self, ids: Sequence[OneOffId]) -> list[OneOff]:
        replies = await run_all(self._redis, [("HMGET", f"{_MESSAGE}{one}", *_FIELDS) for one in ids])
        return [_one_off(one, reply) for one, reply in zip(ids, replies, strict=True) if reply[0]]


def _one_off(one: OneOffId, reply: Sequence[bytes | None]) -> OneOff:
    order, state, due, tries, first, fence, claimed, sentence, message = (value or b"" for value in reply)
    return OneOff(
        id=one,
        order=_order_from(order),
        state=OneOffState(state.decode()),
        due=_instant(due),
        tries=int(tries or 0),
        first_try=_instant(first),
        fence=int(fence or 0),
        is_claimed=claimed == b"1",
        sentence=sentence.decode(),
        message=message,
    )


def _instant(written: bytes) -> datetime | None:
    return instant(int(written)) if written and int(written) else None


def _idempotency_key(key: str) -> str:
    return f"{{outbox}}:key:{hashlib.sha256(key.encode()).hexdigest()[:32]}"


_to_json = msgspec.json.encode
_order_from = msgspec.json.Decoder(Order).decode
