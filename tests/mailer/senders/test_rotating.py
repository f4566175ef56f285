"""Keys come, sign and go, by what a real DNS server on loopback shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dkim
import pytest

from mailer.errors import ConfigError, ConflictError, NotFoundError
from mailer.sealing import Seal
from mailer.senders.dkim import Algorithm, BodyForm
from mailer.senders.domaincheck import check_domain
from mailer.senders.domainkey import MOVES, DomainKey, KeyState, record_strings, says_the_same
from mailer.senders.keystore import KeyStore
from mailer.senders.lookup import Lookup, LookupFailedError
from mailer.senders.rotating import activate, activate_unseen, check_key, make_key, retire, withdraw
from mailer.senders.signing import signer_for
from subscribers.storage import Redis
from tests.dnsserver import DnsServer

DOMAIN = "news.example.com"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MESSAGE = b"From: daily@news.example.com\r\nSubject: Hello\r\n\r\nShips came in.\r\n"


@pytest.fixture
def store(redis: Redis) -> KeyStore:
    return KeyStore(redis, Seal(b"the secret of this installation, long enough", "dkim"))


@pytest.fixture
def lookup(zone: DnsServer) -> Lookup:
    return Lookup(zone.address)


async def signing_selectors(store: KeyStore) -> list[str]:
    sign = await signer_for(store, DOMAIN)
    fields = sign(MESSAGE, NOW).split(b"DKIM-Signature:")[1:]
    return [field.partition(b" s=")[2].partition(b";")[0].decode() for field in fields]


async def test_a_key_signs_only_once_dns_shows_it(store: KeyStore, lookup: Lookup, zone: DnsServer) -> None:
    key = await make_key(store, DOMAIN, now=NOW)
    assert key.selector == "s20261124"
    with pytest.raises(ConflictError, match=r"s20261124\._domainkey\.news\.example\.com\. There is no such record"):
        await activate(store, lookup, DOMAIN, key.selector, NOW)
    assert await signing_selectors(store) == []

    zone.publish(key.record_name, key.record)
    assert (await check_key(store, lookup, DOMAIN, key.selector, NOW)).key.state is KeyState.PUBLISHED
    await activate(store, lookup, DOMAIN, key.selector, NOW)

    assert await signing_selectors(store) == [key.selector]


async def test_what_is_signed_is_verified_with_what_dns_says(store: KeyStore, lookup: Lookup, zone: DnsServer) -> None:
    for algorithm in (Algorithm.ED25519, Algorithm.RSA):
        key = await make_key(store, DOMAIN, now=NOW, algorithm=algorithm, body=BodyForm.SIMPLE)
        zone.publish(key.record_name, key.record)
        await activate(store, lookup, DOMAIN, key.selector, NOW)
    records = {f"{name}.".encode(): "".join(await lookup.txt(name)).encode() for name in zone.txt}

    signed = (await signer_for(store, DOMAIN))(MESSAGE, NOW)

    # RSA stands first: every receiver verifies it.
    assert signed.index(b"a=rsa-sha256; c=relaxed/simple") < signed.index(b"a=ed25519-sha256")
    verifier = dkim.DKIM(signed)
    assert all(verifier.verify(idx=place, dnsfunc=lambda name, timeout=5: records.get(name)) for place in (0, 1))


async def test_the_next_key_retires_the_one_before_and_signs_alone(
    store: KeyStore, lookup: Lookup, zone: DnsServer
) -> None:
    first, second = [await make_key(store, DOMAIN, now=NOW) for _ in range(2)]
    assert [first.selector, second.selector] == ["s20261124", "s20261124-2"]
    for key in (first, second):
        zone.publish(key.record_name, key.record)
        await activate(store, lookup, DOMAIN, key.selector, NOW)

    assert await signing_selectors(store) == [second.selector]
    assert (await store.get(DOMAIN, first.selector)).state is KeyState.RETIRED
    await activate(store, lookup, DOMAIN, first.selector, NOW)
    assert await signing_selectors(store) == [first.selector]


async def test_a_record_stays_for_the_queue_and_a_week_and_then_the_private_key_is_gone(store: KeyStore) -> None:
    key = await make_key(store, DOMAIN, now=NOW)
    await activate_unseen(store, DOMAIN, key.selector, NOW)
    with pytest.raises(ConflictError, match="active and cannot become withdrawn"):
        await withdraw(store, DOMAIN, key.selector, NOW, queued_for=timedelta(days=2))
    await retire(store, DOMAIN, key.selector, NOW)
    with pytest.raises(ConflictError, match="2026-12-03"):
        await withdraw(store, DOMAIN, key.selector, NOW + timedelta(days=8), queued_for=timedelta(days=2))

    gone = await withdraw(store, DOMAIN, key.selector, NOW + timedelta(days=9), queued_for=timedelta(days=2))

    assert gone.sealed == ""
    assert gone.final_record.endswith("p=")
    assert await withdraw(store, DOMAIN, key.selector, NOW + timedelta(days=9), queued_for=timedelta(days=2)) == gone
    with pytest.raises(ConflictError, match="nothing else"):
        await activate_unseen(store, DOMAIN, key.selector, NOW)


async def test_a_record_that_vanishes_before_use_is_noticed(store: KeyStore, lookup: Lookup, zone: DnsServer) -> None:
    key = await make_key(store, DOMAIN, now=NOW)
    zone.publish(key.record_name, key.record)
    await check_key(store, lookup, DOMAIN, key.selector, NOW)

    zone.publish(key.record_name, key.record.replace("p=MII", "p=MIJ"))

    assert (await check_key(store, lookup, DOMAIN, key.selector, NOW)).key.state is KeyState.MADE
    with pytest.raises(ConflictError, match="It says v=DKIM1"):
        await activate(store, lookup, DOMAIN, key.selector, NOW)


async def test_a_resolver_that_does_not_answer_is_no_missing_record(
    store: KeyStore, lookup: Lookup, zone: DnsServer
) -> None:
    key = await make_key(store, DOMAIN, now=NOW)
    zone.publish(key.record_name, key.record)
    await check_key(store, lookup, DOMAIN, key.selector, NOW)
    zone.broken.add(key.record_name)

    with pytest.raises(LookupFailedError, match="gave no answer"):
        await check_key(store, lookup, DOMAIN, key.selector, NOW)

    assert (await store.get(DOMAIN, key.selector)).state is KeyState.PUBLISHED


async def test_whoever_was_slower_looks_again(store: KeyStore) -> None:
    key = await make_key(store, DOMAIN, now=NOW)
    published = key.moved(KeyState.PUBLISHED, NOW)
    await store.swap([(key, published)])

    await store.swap([(key, published)])  # the client repeats what it had no answer to
    with pytest.raises(ConflictError, match="Somebody else"):
        await store.swap([(key, key.moved(KeyState.WITHDRAWN, NOW))])

    assert await store.get(DOMAIN, key.selector) == published


async def test_redis_alone_gives_no_private_key_away(store: KeyStore, redis: Redis) -> None:
    key = await make_key(store, DOMAIN, now=NOW)
    await activate_unseen(store, DOMAIN, key.selector, NOW)

    stored = await redis.hget(f"{{dkim:{DOMAIN}}}", key.selector)

    assert isinstance(stored, bytes)
    assert b"PRIVATE" not in stored
    other = KeyStore(redis, Seal(b"another secret, which is as long as that one", "dkim"))
    with pytest.raises(ConfigError, match=r"secret\.key"):
        await signer_for(other, DOMAIN)


async def test_selectors_are_checked_and_never_used_twice(store: KeyStore) -> None:
    await make_key(store, DOMAIN, now=NOW, selector="main")

    with pytest.raises(ConflictError, match="never used twice"):
        await make_key(store, DOMAIN, now=NOW, selector="main")
    with pytest.raises(ConfigError, match="can be no selector"):
        await make_key(store, DOMAIN, now=NOW, selector="a b; p=evil")
    with pytest.raises(NotFoundError, match="There are: main"):
        await store.get(DOMAIN, "mian")


async def test_the_check_says_what_is_missing_and_what_is_there(
    store: KeyStore, lookup: Lookup, zone: DnsServer
) -> None:
    before = await check_domain(store, lookup, DOMAIN, ["bounces.example.com"], now=NOW)
    assert [one.is_fine for one in before] == [False, False, False, False]

    key = await make_key(store, DOMAIN, now=NOW)
    zone.publish(key.record_name, key.record)
    await activate(store, lookup, DOMAIN, key.selector, NOW)
    zone.publish("_dmarc.example.com", "v=DMARC1; p=reject")
    zone.publish("bounces.example.com", "v=spf1 ip4:192.0.2.1 -all")
    zone.mx["bounces.example.com"] = ["20 second.example.com.", "10 first.example.com."]

    after = await check_domain(store, lookup, DOMAIN, ["bounces.example.com"], now=NOW)

    assert all(one.is_fine for one in after)
    assert "first.example.com, second.example.com" in after[-1].sentence


def test_no_key_comes_back_once_it_is_withdrawn() -> None:
    assert MOVES.keys() == set(KeyState)
    assert not MOVES[KeyState.WITHDRAWN]
    assert all(KeyState.WITHDRAWN not in MOVES[state] for state in (KeyState.ACTIVE, KeyState.WITHDRAWN))


async def test_a_record_is_cut_into_strings_that_dns_carries(store: KeyStore) -> None:
    key: DomainKey = await make_key(store, DOMAIN, now=NOW)

    strings = record_strings(key.record)

    assert [len(one) for one in strings[:-1]] == [255]
    assert "".join(strings) == key.record


@pytest.mark.parametrize(
    ("published", "is_same"),
    [
        ("v=DKIM1; k=rsa; p=abc", True),
        ("p=ab c ; v=DKIM1", True),
        ("p=abc", True),
        ("v=DKIM1; k=ed25519; p=abc", False),
        ("v=DKIM1; p=", False),
        ("v=DKIM2; p=abc", False),
        ("v=DKIM1; p=abd", False),
        ("", False),
    ],
)
def test_records_are_compared_by_their_tags(published: str, is_same: bool) -> None:
    assert says_the_same(published, "v=DKIM1; k=rsa; p=abc") is is_same


@pytest.mark.parametrize("server", ["not an address", "192.0.2.1:dns", "192.0.2.1:53:1"])
def test_a_server_that_is_no_address_gets_a_sentence(server: str) -> None:
    with pytest.raises(ConfigError, match="dns_server"):
        Lookup(server)
