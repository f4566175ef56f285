"""How a mailing is received, in Redis: counted once, by whichever scheduler looks.

| key | type | what |
|---|---|---|
| `{m<id>}:quality` | hash | `cursor` in the mailing's events, counts up to it, `forgiven`: the tally at its resuming |
| `{m<id>}:quality:samples` | hash | minute since 1970 -> packed tally; expires three days after the last one |
| `{m<id>}:quality:looked` | string, expires | somebody has looked a few seconds ago |

Promises: an event is counted once, whichever process dies and however often it is looked; a sample is never changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import msgspec

from mailer.delivery.quality.rate import Tally
from mailer.issues.mailing import MailingId
from subscribers.storage import Redis, run_all, script_beside

SAMPLES_KEPT = timedelta(hours=25)
_EXPIRES = timedelta(days=3)
_FOLD = script_beside(__file__, "fold.lua")


class TallyStore:
    """The tallies of mailings."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def may_look(self, mailing: MailingId, every: timedelta) -> bool:
        """Whether nobody has looked for so long; the others keep out until then."""
        return bool(await self._redis.set(_looked_key(mailing), "1", nx=True, px=every))

    async def counted(self, mailing: MailingId) -> tuple[str, Counter[str]]:
        """Return up to which event was counted, and the counts."""
        (found,) = await run_all(self._redis, [("HGETALL", _quality_key(mailing))])
        held = {name.decode(): value for name, value in found.items()}
        cursor = held.pop("cursor", b"").decode()
        held.pop("forgiven", None)
        return cursor, Counter({name: int(value) for name, value in held.items()})

    async def count(self, mailing: MailingId, before: str, cursor: str, more: Mapping[str, int]) -> bool:
        """Count events up to a cursor, and return whether that was done here: not if somebody else was faster."""
        pairs = [part for name, number in more.items() for part in (name, number)]
        return bool(await _FOLD.run(self._redis, [_quality_key(mailing)], [before, cursor, *pairs]))

    async def sample(self, mailing: MailingId, tally: Tally) -> None:
        """Keep a tally as that of its minute, unless there is one; forget what no window looks back to."""
        minute, key = tally.at_ms // 60_000, _samples_key(mailing)
        await run_all(
            self._redis,
            [
                ("HSETNX", key, minute, _pack(tally)),
                ("EXPIRE", key, int(_EXPIRES.total_seconds())),
                ("HDEL", key, minute - int(SAMPLES_KEPT.total_seconds()) // 60),
            ],
        )

    async def samples(self, mailing: MailingId) -> list[Tally]:
        """Return the tallies that were kept, the oldest first."""
        (found,) = await run_all(self._redis, [("HVALS", _samples_key(mailing))])
        return sorted((_unpack(one) for one in found), key=lambda tally: tally.at_ms)

    async def forgive(self, mailing: MailingId, tally: Tally) -> None:
        """Let everything up to now not count any more: a person has seen it."""
        await run_all(self._redis, [("HSET", _quality_key(mailing), "forgiven", _pack(tally))])

    async def forgiven(self, mailing: MailingId) -> Tally:
        """Return the tally that does not count any more."""
        (found,) = await run_all(self._redis, [("HGET", _quality_key(mailing), "forgiven")])
        return _unpack(found) if found else Tally()


def _quality_key(mailing: MailingId) -> str:
    return f"{{m{mailing}}}:quality"


def _samples_key(mailing: MailingId) -> str:
    return f"{{m{mailing}}}:quality:samples"


def _looked_key(mailing: MailingId) -> str:
    return f"{{m{mailing}}}:quality:looked"


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Tally).decode
