"""The tray, in Redis. All of its keys share a hash tag, so that one script sees them together.

    {reports}:report:<id>   hash: the message, the addresses that it came to, its tries; until it was worked off
    {reports}:due           sorted set: ids of the waiting, by the time when they are due (milliseconds)
    {reports}:aside         sorted set: ids of those that nobody could work off, by when that was seen; 30 days
    {reports}:bytes         string: the length of all messages in the tray
    {reports}:last-id       string: the last id that was given

What is full says so, and keeps what it has: who brings a report has it still, and comes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from mailer.bounces.tray.trayed import InTray, Trayed, TrayId
from mailer.errors import NotFoundError, TrayFullError
from subscribers.storage import Redis, run_all, script_beside

MOST_BYTES = 10 << 20
"""How long one report may be."""
MOST_TRIES = 5
_MOST_REPORTS = 50_000
_MOST_BYTES_IN_ALL = 256 << 20
_ASIDE_FOR = timedelta(days=30)
_ENDED_WORKERS = "It was tried several times, and its worker ended each time."

_DUE = "{reports}:due"
_ASIDE = "{reports}:aside"
_BYTES = "{reports}:bytes"
_LAST_ID = "{reports}:last-id"
_REPORT = "{reports}:report:"
_PUT, _TAKE, _AGAIN, _DONE = (script_beside(__file__, f"{name}.lua") for name in ("put", "take", "again", "done"))
_FACTS = ("recipients", "came", "tries", "sentence")


class Tray:
    """Keeps reports from the moment that they are let in until they have been worked off."""

    def __init__(
        self, redis: Redis, *, most_reports: int = _MOST_REPORTS, most_bytes: int = _MOST_BYTES_IN_ALL
    ) -> None:
        """Work on this Redis; refuse more reports, or more bytes of them, than this."""
        self._redis = redis
        self._most_reports = most_reports
        self._most_bytes = most_bytes

    async def put(self, message: bytes, recipients: Sequence[str], now: datetime) -> TrayId:
        """Put a report in; it is on disk when this returns. Raises TrayFullError, StorageDownError."""
        limits = (_ms(now), _ms(now - _ASIDE_FOR), self._most_reports, self._most_bytes)
        arguments = (_REPORT, *limits, msgspec.json.encode(list(recipients)), message)
        given = 0
        if len(message) <= MOST_BYTES:
            given = await _PUT.run(self._redis, [_DUE, _ASIDE, _BYTES, _LAST_ID], arguments)
        if not given:
            raise TrayFullError(
                "As many reports as may wait for a worker do so. Nothing was taken in; "
                "start a worker that serves the queue feedback, and offer it again."
            )
        return TrayId(int(given))

    async def take(self, now: datetime, *, lease_for: timedelta) -> Trayed | None:
        """Take the report that is due longest, for as long as the lease lasts; None if none is due.

        One that was tried often enough is set aside meanwhile.
        """
        arguments = (_REPORT, _ms(now), _ms(now + lease_for), MOST_TRIES, _ENDED_WORKERS)
        taken = int(await _TAKE.run(self._redis, [_DUE, _ASIDE], arguments))
        if not taken:
            return None
        # Nothing of it, if it was worked off in between by somebody whose lease had ended.
        return next(iter(await self._read([taken], "message")), None)

    async def done(self, one: TrayId) -> None:
        """Take it out for good."""
        await _DONE.run(self._redis, [f"{_REPORT}{one}", _DUE, _ASIDE, _BYTES], [one])

    async def failed(self, one: TrayId, due: datetime, sentence: str) -> None:
        """Note what went wrong; it is tried again then, or set aside."""
        await self._again(one, due, 0, "sentence", sentence)

    async def give_back(self, one: TrayId, due: datetime) -> None:
        """Let it be tried again then, as if it had not been tried."""
        await self._again(one, due, -1)

    async def retry(self, one: TrayId, now: datetime) -> None:
        """Try it at once, and as often as a new one. Raises NotFoundError."""
        if not await self._again(one, now, ""):
            raise _missing(one)

    async def get(self, one: TrayId) -> Trayed:
        """Return one of them, with its message. Raises NotFoundError."""
        for found in await self._read([one], "message"):
            return found
        raise _missing(one)

    async def count_due(self, now: datetime) -> int:
        """Return how many could be worked off now."""
        (count,) = await run_all(self._redis, [("ZCOUNT", _DUE, "-inf", _ms(now))])
        return int(count)

    async def count(self) -> InTray:
        """Return how much lies in it."""
        waiting, aside, first = await run_all(self._redis, [("ZCARD", _DUE), ("ZCARD", _ASIDE), ("ZRANGE", _DUE, 0, 0)])
        found = await self._read([int(one) for one in first])
        return InTray(waiting=waiting, aside=aside, oldest=found[0].came if found else None)

    async def waiting(self, most: int) -> list[Trayed]:
        """Return those that wait, without their messages, what is due first at first."""
        return await self._of(_DUE, most)

    async def aside(self, most: int) -> list[Trayed]:
        """Return those that were set aside, without their messages, the oldest first."""
        return await self._of(_ASIDE, most)

    async def _of(self, key: str, most: int) -> list[Trayed]:
        (ids,) = await run_all(self._redis, [("ZRANGE", key, 0, most - 1)])
        return await self._read([int(one) for one in ids])

    async def _again(self, one: TrayId, due: datetime, change: int | str, *told: str) -> bool:
        keys = [f"{_REPORT}{one}", _DUE, _ASIDE]
        return bool(await _AGAIN.run(self._redis, keys, [one, _ms(due), change, *told]))

    async def _read(self, ids: Sequence[int], *more: str) -> list[Trayed]:
        replies = await run_all(self._redis, [("HMGET", f"{_REPORT}{one}", *_FACTS, *more) for one in ids])
        return [_trayed(TrayId(one), reply) for one, reply in zip(ids, replies, strict=True) if reply[0]]


def _trayed(one: TrayId, reply: Sequence[bytes | None]) -> Trayed:
    recipients, came, tries, sentence, *message = (value or b"" for value in reply)
    return Trayed(
        id=one,
        recipients=tuple(msgspec.json.decode(recipients, type=list[str])),
        came=datetime.fromtimestamp(int(came) / 1000, UTC),
        tries=int(tries or 0),
        sentence=sentence.decode(),
        message=b"".join(message),
    )


def _missing(one: TrayId) -> NotFoundError:
    return NotFoundError(f"There is no report {one} in the tray; perhaps it was worked off meanwhile.")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
