"""Signing a domain's mail: its active keys, opened and parsed once a process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, partial

from mailer.senders.dkim import BodyForm, SigningKey, load_key, sign_canonical
from mailer.senders.domainkey import DomainKey
from mailer.senders.keystore import KeyStore

Sign = Callable[[bytes, datetime], bytes]
"""Takes a message of `mailer.rendering` and the moment it is signed at; returns it with its signatures in front."""


async def signer_for(store: KeyStore, domain: str) -> Sign:
    """Return what signs a domain's mail with its active keys; without any, it returns messages as they are.

    Raises ConfigError for a key that was sealed with another secret: mail that should be signed does not go unsigned.
    """
    keys = tuple(_opened(store, key) for key in await store.active(domain))
    return partial(_signed, keys) if keys else as_it_is


def _opened(store: KeyStore, key: DomainKey) -> SigningKey:
    return _parsed(key.domain, key.selector, store.private_pem(key), key.body)


# Parsing checks the primes of an RSA key, which takes as long as many signatures; shifts are made anew all the time.
@lru_cache(maxsize=64)
def _parsed(domain: str, selector: str, private: bytes, body: BodyForm) -> SigningKey:
    return load_key(domain, selector, private, body=body)


def _signed(keys: tuple[SigningKey, ...], message: bytes, now: datetime) -> bytes:
    return sign_canonical(message, keys, now)


def as_it_is(message: bytes, _now: datetime) -> bytes:
    """Return a message without a signature: what "signs" for a domain that has no key."""
    return message
