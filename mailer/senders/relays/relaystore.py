"""Relays in Redis: what their operator said of them, how they are, and how much of their limits is used.

| key | type | what |
|---|---|---|
| `relays` | hash | name -> StoredRelay as JSON; passwords sealed |
| `{relay:<name>}:health` | hash, expires | `failures`, `until` (ms), `reason`: why it is left alone, and how long |
| `{relay:<name>}:probe` | string, expires | who tries a relay that could not be used |
| `{relay:<name>}:used` | hash, expires | `<seconds>:<slot>` -> messages that may be handed over in that slot |
| `{relay:<name>}:back:<id>` | string, expires | what was given back already |
| `{relay:<name>}:connections` | sorted set, expires | holder -> when its lease runs out (ms) |

A crash leaves leave that was taken and not used (at most `MOST_AT_ONCE` messages, counted as handed over) and
connections that are free again when their lease runs out. Less goes out than might have, never more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from mailer.errors import ConflictError, NotFoundError
from mailer.sealing import Seal
from mailer.senders.relays.health import Health
from mailer.senders.relays.limit import SLOTS, Limit
from mailer.senders.relays.permit import take_permit
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.smtp.relay import Relay
from subscribers.storage import Redis, run_all, script_beside

RELAYS = "relays"

_GIVE_BACK = script_beside(__file__, "giveback.lua")
_OCCUPY = script_beside(__file__, "occupy.lua")
_REMEMBERED = timedelta(hours=1)
_PROBE_LASTS = timedelta(seconds=30)


class RelayStore:
    """The relays of a press."""

    def __init__(self, redis: Redis, seal: Seal) -> None:
        """Take the client that everything goes through, and what passwords are sealed with."""
        self._redis = redis
        self._seal = seal

    # What they are

    async def all(self) -> list[StoredRelay]:
        """Return every relay, those that go first first."""
        (packed,) = await run_all(self._redis, [("HVALS", RELAYS)])
        return sorted(map(_from_json, packed), key=lambda one: (one.priority, -one.weight, one.name))

    async def get(self, name: str) -> StoredRelay:
        """Return one relay. Raises NotFoundError, which says what there is."""
        (packed,) = await run_all(self._redis, [("HGET", RELAYS, name)])
        if packed is None:
            there = ", ".join(one.name for one in await self.all())
            hint = f"There are: {there}." if there else "There is none: the relay of the settings is used."
            raise NotFoundError(f"There is no relay “{name}”. {hint}")
        return _from_json(packed)

    async def add(self, relay: StoredRelay) -> None:
        """Store a new relay. Raises ConflictError if its name is taken; the same one again changes nothing.

        The same password, sealed anew, is the same.
        """
        (is_new,) = await run_all(self._redis, [("HSETNX", RELAYS, relay.name, _to_json(relay))])
        if is_new:
            return
        there = await self.get(relay.name)
        is_same = replace(there, sealed_password="") == replace(relay, sealed_password="")
        if not is_same or self.opened(there) != self.opened(relay):
            raise ConflictError(f"There is a relay “{relay.name}” already. Change it with `pressrun relays change`.")

    async def put(self, relay: StoredRelay) -> None:
        """Store a relay as it is now; whatever was wrong with it is forgotten, since it may be mended."""
        await run_all(self._redis, [("HSET", RELAYS, relay.name, _to_json(relay))])
        await run_all(self._redis, [("DEL", _health_key(relay.name))])

    async def remove(self, name: str) -> None:
        """Forget a relay. Who is using it finishes. Raises NotFoundError."""
        await self.get(name)
        await run_all(self._redis, [("HDEL", RELAYS, name)])
        await run_all(self._redis, [("DEL", _health_key(name))])

    def sealed(self, name: str, password: str) -> str:
        """Return a password as it may be stored."""
        return self._seal.sealed(name, password) if password else ""

    def opened(self, relay: StoredRelay) -> Relay:
        """Return what a connection needs. Raises ConfigError where the password was sealed with another secret."""
        sealed = relay.sealed_password
        return relay.open(self._seal.opened(relay.name, sealed) if sealed else "")

    # How they are

    async def health(self, name: str) -> Health:
        """Return how a relay is."""
        (found,) = await run_all(self._redis, [("HMGET", _health_key(name), "failures", "until", "reason")])
        failures, until, reason = found
        if failures is None:
            return Health()
        rests_until = datetime.fromtimestamp(int(until) / 1000, UTC)
        return Health(int(failures), rests_until, reason.decode())

    async def note_failure(self, name: str, health: Health) -> None:
        """Tell all workers that a relay is to be left alone."""
        assert health.rests_until
        key, until = _health_key(name), _ms(health.rests_until)
        lasts = _in_ms(_REMEMBERED)
        facts = ("failures", health.failures, "until", until, "reason", health.reason)
        await run_all(self._redis, [("HSET", key, *facts), ("PEXPIRE", key, lasts), ("DEL", _probe_key(name))])

    async def note_success(self, name: str) -> None:
        """Tell all workers that a relay can be used."""
        await run_all(self._redis, [("DEL", _health_key(name), _probe_key(name))])

    async def may_probe(self, name: str, holder: str) -> bool:
        """Whether this process is the one that tries a relay again; the others wait for half a minute at most."""
        command = ("SET", _probe_key(name), holder, "NX", "PX", _in_ms(_PROBE_LASTS))
        (is_first,) = await run_all(self._redis, [command])
        return bool(is_first) or await self._redis.get(_probe_key(name)) == holder.encode()

    # How much of them is used

    async def take(self, name: str, limits: tuple[Limit, ...], wanted: int, now: datetime) -> tuple[int, timedelta]:
        """Take leave to hand over up to so many messages; return how many, or how long until there is room."""
        return await take_permit(self._redis, _used_key(name), limits, wanted, now)

    async def used(self, name: str, limits: tuple[Limit, ...], now: datetime) -> list[int]:
        """Return for each limit how many messages count in the window that ends now (see `limit`)."""
        if not limits:
            return []
        (found,) = await run_all(self._redis, [("HGETALL", _used_key(name))])
        slots = [(*map(int, field.split(b":")), int(count)) for field, count in found.items()]
        first = {limit.seconds: _ms(now) // limit.slot_ms - SLOTS for limit in limits}
        return [
            sum(count for seconds, slot, count in slots if seconds == limit.seconds and slot >= first[seconds])
            for limit in limits
        ]

    async def give_back(
        self, name: str, limits: tuple[Limit, ...], unused: int, *, taken: datetime, token: str
    ) -> None:
        """Give back what was taken at that moment and not used. `token` is another one for each call."""
        keys = [_used_key(name), _back_key(name, token)]
        await _GIVE_BACK.run(self._redis, keys, [_ms(taken), unused, *_words(limits)])

    async def occupy(self, name: str, at_most: int, holder: str, *, now: datetime, until: datetime) -> bool:
        """Take, or keep, one of a relay's connections; False if all are taken."""
        arguments = (_ms(now), at_most, holder, _ms(until))
        return bool(await _OCCUPY.run(self._redis, [_connections_key(name)], arguments))

    async def leave(self, name: str, holders: list[str]) -> None:
        """Give connections back."""
        if holders:
            await run_all(self._redis, [("ZREM", _connections_key(name), *holders)])

    async def connections(self, name: str, now: datetime) -> int:
        """Return how many connections are taken."""
        (count,) = await run_all(self._redis, [("ZCOUNT", _connections_key(name), _ms(now), "+inf")])
        return int(count)


def _health_key(name: str) -> str:
    return f"{{relay:{name}}}:health"


def _probe_key(name: str) -> str:
    return f"{{relay:{name}}}:probe"


def _used_key(name: str) -> str:
    return f"{{relay:{name}}}:used"


def _back_key(name: str, token: str) -> str:
    return f"{{relay:{name}}}:back:{token}"


def _connections_key(name: str) -> str:
    return f"{{relay:{name}}}:connections"


def _words(limits: tuple[Limit, ...]) -> list[int]:
    return [number for limit in limits for number in (limit.seconds, limit.amount, limit.slot_ms)]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _in_ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)


_to_json = msgspec.json.encode
_from_json = msgspec.json.Decoder(StoredRelay).decode
