"""Accounts, one-time links and sessions in Redis.

Keys:
    accounts                  hash    name → packed Account
    sign-in:<digest>          string  name of the account; lives as long as the link (24 h); its first use takes it away
    session:<digest>          string  packed Session; lives until the session ends
    sessions:<account>        set     digests of the account's sessions, so that all can be ended at once

A digest is the SHA-256 of a secret in hexadecimal. The secrets themselves (32 random bytes) are never stored, so that
whoever reads a copy of the store cannot sign in with it. They need no salt and no slow hash: nobody guesses 256 bits.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from mailer.accounts.account import SESSION_LIFETIME, SESSION_TOUCH, Account, Session
from subscribers.storage import Redis

_ACCOUNTS = "accounts"


@dataclass(frozen=True)
class AccountStore:
    """Keeps accounts, the links that open them, and the sessions that use them."""

    redis: Redis

    async def add(self, name: str, *, now: datetime) -> Account:
        """Return the account of that name; make it if there is none."""
        account = Account(name=name, created=now)
        if await self.redis.hsetnx(_ACCOUNTS, name, msgspec.msgpack.encode(account)):
            return account
        return await self.find(name) or account

    async def find(self, name: str) -> Account | None:
        """Return the account of that name, or None."""
        packed = await self.redis.hget(_ACCOUNTS, name)
        return None if packed is None else _account(_raw(packed))

    async def keep_link(self, secret: str, account: str, *, lifetime: timedelta) -> None:
        """Let `secret` sign `account` in, once, within `lifetime`."""
        await self.redis.set(_link_key(secret), account, ex=lifetime)

    async def has_link(self, secret: str) -> bool:
        """Whether `secret` would still sign somebody in. Changes nothing."""
        return bool(await self.redis.exists(_link_key(secret)))

    async def take_link(self, secret: str) -> str | None:
        """Return the name of the account that `secret` opens and make it useless; None if it is used, old or wrong.

        Two at once: one gets the name, the other None.
        """
        name = await self.redis.getdel(_link_key(secret))
        return None if name is None else _raw(name).decode()

    async def keep_session(self, secret: str, session: Session, *, now: datetime) -> None:
        """Remember a new session under `secret`."""
        digest = _digest(secret)
        # First the way to end it, then the session: a crash between the two leaves nobody signed in for good.
        await self.redis.sadd(_sessions_key(session.account), digest)
        await self.redis.expire(_sessions_key(session.account), SESSION_LIFETIME)
        await self.redis.set(_session_key(digest), msgspec.msgpack.encode(session), ex=session.ends - now)

    async def use_session(self, secret: str, *, now: datetime) -> Session | None:
        """Return the session of `secret` and note that it is in use; None if it ended or never was."""
        key = _session_key(_digest(secret))
        packed = await self.redis.get(key)
        if packed is None:
            return None
        session = _session(_raw(packed))
        if session.has_ended(now):
            return None
        if now - session.used >= SESSION_TOUCH:
            session = msgspec.structs.replace(session, used=now)
            # Only where it still is: a session that was ended a moment ago must not come back to life.
            await self.redis.set(key, msgspec.msgpack.encode(session), ex=session.ends - now, xx=True)
        return session

    async def end_session(self, secret: str) -> None:
        """Forget the session of `secret`. Does nothing if there is none."""
        digest = _digest(secret)
        packed = await self.redis.getdel(_session_key(digest))
        if packed is not None:
            session = _session(_raw(packed))
            await self.redis.srem(_sessions_key(session.account), digest)

    async def end_sessions_of(self, account: str) -> int:
        """Forget every session of an account; return how many were still open."""
        digests = await self.redis.smembers(_sessions_key(account))
        keys = [_session_key(_raw(digest).decode()) for digest in digests]
        ended = 0
        # One by one: on a Redis Cluster these keys live on different nodes.
        for key in keys:
            ended += await self.redis.delete(key)
        await self.redis.delete(_sessions_key(account))
        return ended


_account = msgspec.msgpack.Decoder(Account).decode
_session = msgspec.msgpack.Decoder(Session).decode


def _raw(value: bytes | str) -> bytes:
    # Ours always answers bytes; the client's types leave both open.
    return value if isinstance(value, bytes) else value.encode()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _link_key(secret: str) -> str:
    return f"sign-in:{_digest(secret)}"


def _session_key(digest: str) -> str:
    return f"session:{digest}"


def _sessions_key(account: str) -> str:
    return f"sessions:{account}"
