"""The DKIM keys of sending domains, in Redis. Private keys are sealed (see `mailer.sealing`).

Keys, kept for ever:
- `dkim-domains`: set of the domains that have keys.
- `{dkim:<domain>}`: hash, selector → DomainKey as JSON.

A domain may stand in `dkim-domains` before its first key does, after a crash between the two; reading passes over it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mailer.errors import ConflictError, NotFoundError
from mailer.sealing import Seal
from mailer.senders.domainkey import DomainKey, KeyState
from subscribers.storage import Redis, run_all, script_beside

DOMAINS = "dkim-domains"

_SWAP = script_beside(__file__, "swap.lua")


class KeyStore:
    """The keys of every domain."""

    def __init__(self, redis: Redis, seal: Seal) -> None:
        """Take the client that everything goes through, and what private keys are sealed with."""
        self._redis = redis
        self._seal = seal

    def sealed(self, domain: str, selector: str, private_pem: bytes) -> str:
        """Return a private key as it may be stored."""
        return self._seal.sealed(_sealed_name(domain, selector), private_pem.decode())

    def private_pem(self, key: DomainKey) -> bytes:
        """Return the private key. Raises ConfigError where it was sealed with another secret."""
        return self._seal.opened(_sealed_name(key.domain, key.selector), key.sealed).encode()

    async def domains(self) -> list[str]:
        """Return the domains that have keys."""
        (found,) = await run_all(self._redis, [("SMEMBERS", DOMAINS)])
        return sorted(domain.decode() for domain in found)

    async def of(self, domain: str) -> list[DomainKey]:
        """Return the keys of a domain, the newest first."""
        (packed,) = await run_all(self._redis, [("HVALS", _key(domain))])
        return sorted(map(_from_json, packed), key=lambda key: (key.made, key.selector), reverse=True)

    async def active(self, domain: str) -> list[DomainKey]:
        """Return the keys that sign a domain's mail: RSA first (RFC 8463 §3 has it verified by everybody)."""
        keys = [key for key in await self.of(domain) if key.state is KeyState.ACTIVE]
        return sorted(keys, key=lambda key: key.algorithm, reverse=True)

    async def get(self, domain: str, selector: str) -> DomainKey:
        """Return one key. Raises NotFoundError, which says what there is."""
        (packed,) = await run_all(self._redis, [("HGET", _key(domain), selector)])
        if packed is None:
            there = ", ".join(key.selector for key in await self.of(domain))
            raise NotFoundError(
                f"There is no key “{selector}” of {domain}. "
                + (f"There are: {there}." if there else f"Make one with `pressrun domains generate {domain}`.")
            )
        return _from_json(packed)

    async def add(self, key: DomainKey) -> None:
        """Store a new key. Raises ConflictError if its selector is taken."""
        await run_all(self._redis, [("SADD", DOMAINS, key.domain)])
        await self.swap([(None, key)])

    async def swap(self, changes: Iterable[tuple[DomainKey | None, DomainKey]]) -> None:
        """Put keys of one domain in the place of those that were read, all or none.

        Raises ConflictError if somebody has changed one of them meanwhile.
        """
        wanted = list(changes)
        domain = wanted[0][1].domain
        arguments = [
            part
            for before, after in wanted
            for part in (after.selector, _to_json(before) if before else b"", _to_json(after))
        ]
        if not await _SWAP.run(self._redis, [_key(domain)], arguments):
            raise ConflictError(f"Somebody else is changing the keys of {domain}. Look again.")


def _sealed_name(domain: str, selector: str) -> str:
    return f"{selector}._domainkey.{domain}"


def _key(domain: str) -> str:
    return f"{{dkim:{domain}}}"


_to_json = msgspec.json.encode
_from_json = msgspec.json.Decoder(DomainKey).decode
