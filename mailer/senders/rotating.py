"""How a domain's DKIM keys come, sign and go. See `domainkey` for the states.

Every step is one write, so a crash leaves the state before or the state after; every step may be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.errors import ConflictError
from mailer.senders.dkim import Algorithm, BodyForm, load_key, make_private_key
from mailer.senders.domainkey import DomainKey, KeyState, says_the_same
from mailer.senders.keystore import KeyStore
from mailer.senders.lookup import Lookup


@dataclass(frozen=True, slots=True)
class Sighting:
    """What DNS says about a key."""

    key: DomainKey
    is_there: bool
    """Whether its record publishes this very key."""
    found: tuple[str, ...]
    """The TXT records of its name."""


async def make_key(
    store: KeyStore,
    domain: str,
    *,
    now: datetime,
    algorithm: Algorithm = Algorithm.RSA,
    body: BodyForm = BodyForm.RELAXED,
    selector: str = "",
) -> DomainKey:
    """Make a key and store it, sealed; its selector is named by the date unless one is given.

    Raises ConflictError if the selector is taken, ConfigError if it is none.
    """
    there = {key.selector for key in await store.of(domain)}
    wanted = selector or _free(f"{'s' if algorithm is Algorithm.RSA else 'e'}{now:%Y%m%d}", there)
    if wanted in there:
        raise ConflictError(f"{domain} has a key “{wanted}” already. A selector is never used twice; name another.")
    private = make_private_key(algorithm)
    key = DomainKey(
        domain=domain,
        selector=wanted,
        algorithm=algorithm,
        body=body,
        sealed=store.sealed(domain, wanted, private),
        record=load_key(domain, wanted, private).record,
        made=now,
        since=now,
    )
    await store.add(key)
    return key


async def check_key(store: KeyStore, lookup: Lookup, domain: str, selector: str, now: datetime) -> Sighting:
    """Look whether DNS has the key's record, and move it between made and published by what is seen there."""
    key = await store.get(domain, selector)
    found = await lookup.txt(key.record_name)
    is_there = any(says_the_same(one, key.record) for one in found)
    if is_there and key.state is KeyState.MADE:
        key = await _move(store, key, KeyState.PUBLISHED, now)
    elif not is_there and key.state is KeyState.PUBLISHED:
        key = await _move(store, key, KeyState.MADE, now)
    return Sighting(key, is_there, tuple(found))


async def activate(store: KeyStore, lookup: Lookup, domain: str, selector: str, now: datetime) -> DomainKey:
    """Let the key sign, and retire the one of its algorithm that signed until now; a repeat changes nothing.

    Raises ConflictError unless DNS shows the record at this moment.
    """
    sighting = await check_key(store, lookup, domain, selector, now)
    if not sighting.is_there and sighting.key.state is not KeyState.ACTIVE:
        found = f"It says {' / '.join(sighting.found)[:200]}" if sighting.found else "There is no such record"
        raise ConflictError(
            f"DNS does not show the key {selector} at {sighting.key.record_name}. {found}. Publish what "
            f"`pressrun domains show {domain}` prints, wait until it is everywhere, then try again."
        )
    return await _let_sign(store, sighting.key, now)


async def activate_unseen(store: KeyStore, domain: str, selector: str, now: datetime) -> DomainKey:
    """Let the key sign on the operator's word, without asking DNS: for trying out, where nobody verifies."""
    key = await store.get(domain, selector)
    if key.state is KeyState.MADE:
        key = await _move(store, key, KeyState.PUBLISHED, now)
    return await _let_sign(store, key, now)


async def unsigned_without(store: KeyStore, domain: str, selector: str) -> str:
    """Say what follows where this is the only key that signs a domain's mail; empty where its mail stays as it is."""
    await store.get(domain, selector)
    if [key.selector for key in await store.active(domain)] != [selector]:
        return ""
    return (
        f"{selector} is the only key that signs mail from {domain}. Without it that mail goes out unsigned, and "
        "mailbox providers may refuse it or take it for spam; another key that is activated retires this one by itself."
    )


async def retire(store: KeyStore, domain: str, selector: str, now: datetime) -> DomainKey:
    """Let the key sign no more. Its record must stay in DNS for a while; a repeat changes nothing."""
    key = await store.get(domain, selector)
    return key if key.state is KeyState.RETIRED else await _move(store, key, KeyState.RETIRED, now)


async def withdraw(store: KeyStore, domain: str, selector: str, now: datetime, *, queued_for: timedelta) -> DomainKey:
    """Delete the private key of one that signs no more. Raises ConflictError while its record may still be needed."""
    key = await store.get(domain, selector)
    if key.state is KeyState.WITHDRAWN:
        return key
    if (free := key.may_be_withdrawn(now, queued_for)) > now:
        raise ConflictError(
            f"Mail that the key {selector} signed may still be under way until {free:%Y-%m-%d %H:%M} UTC. Leave "
            "its record in DNS until then, and withdraw it after."
        )
    return await _move(store, key, KeyState.WITHDRAWN, now)


async def _let_sign(store: KeyStore, key: DomainKey, now: datetime) -> DomainKey:
    if key.state is KeyState.ACTIVE:
        return key
    after = key.moved(KeyState.ACTIVE, now)
    # Two at once would sign every message twice; one swap, so that there is never none.
    before = [one for one in await store.active(key.domain) if one.algorithm is key.algorithm]
    await store.swap([(key, after), *((one, one.moved(KeyState.RETIRED, now)) for one in before)])
    return after


async def _move(store: KeyStore, key: DomainKey, to: KeyState, now: datetime) -> DomainKey:
    after = key.moved(to, now)
    await store.swap([(key, after)])
    return after


def _free(wanted: str, taken: set[str]) -> str:
    number = 1
    while (selector := wanted if number == 1 else f"{wanted}-{number}") in taken:
        number += 1
    return selector
