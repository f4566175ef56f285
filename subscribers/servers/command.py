"""Commands as they go over the wire: which key they are about, and whether they write."""

from __future__ import annotations

Command = tuple[str | bytes | int, ...]
"""A command and its arguments, as typed at redis-cli."""

CLOCK = "ledgers:open"
"""A key whose node answers what has no key and may be asked anywhere: always the same one, since it tells the time."""

_ANYWHERE = "ECHO PING TIME"
_KEYLESS = "ACL BGREWRITEAOF CLIENT CLUSTER CONFIG DBSIZE FLUSHALL FLUSHDB INFO KEYS RANDOMKEY ROLE SCAN SCRIPT SELECT"
_READING = """
BITCOUNT EXISTS GET GETBIT GETRANGE HEXISTS HGET HGETALL HKEYS HLEN HMGET HSCAN HVALS LLEN LRANGE MGET PTTL SCARD
SISMEMBER SMEMBERS STRLEN TTL TYPE XLEN XRANGE XREVRANGE ZCARD ZCOUNT ZRANGE ZRANGEBYSCORE ZREVRANGE ZSCORE
"""
_HAVE_NO_KEY = frozenset(_KEYLESS.split())
_ANSWERED_ANYWHERE = frozenset(_ANYWHERE.split())
_READS = _HAVE_NO_KEY | _ANSWERED_ANYWHERE | frozenset(_READING.split())
_KEY_AT = {"BITOP": 2, "EVAL": 3, "EVALSHA": 3, "MEMORY": 2, "OBJECT": 2}


def key_of(command: Command) -> str | bytes | int | None:
    """Return a key of the command, of which all have the same hash tag; None where it concerns whole nodes."""
    name = _name(command)
    if name in _ANSWERED_ANYWHERE:
        return CLOCK
    return None if name in _HAVE_NO_KEY else command[_KEY_AT.get(name, 1)]


def is_write(command: Command) -> bool:
    """Whether the command may change something, as a script may. What is not known to read is taken to write."""
    return _name(command) not in _READS


def _name(command: Command) -> str:
    name = command[0]
    return (name.decode() if isinstance(name, bytes) else str(name)).upper()
