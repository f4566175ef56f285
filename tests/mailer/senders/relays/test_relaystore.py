"""Relays in a real Redis: sealed passwords, limits over any window, connections as leases."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailer.errors import ConfigError, ConflictError, NotFoundError
from mailer.sealing import Seal
from mailer.senders.relays.health import Health
from mailer.senders.relays.limit import Limit, group_size
from mailer.senders.relays.relaystore import RELAYS, RelayStore
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.settings import RelayTls
from subscribers.storage import Redis

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
POST = StoredRelay(name="post", host="smtp.example.com")


@pytest.fixture
def store(redis: Redis) -> RelayStore:
    return RelayStore(redis, Seal(b"s" * 32, "relay"))


async def test_a_relay_is_found_as_it_was_stored(store: RelayStore) -> None:
    relay = replace(POST, username="press", sealed_password=store.sealed("post", "sesame"), per_hour=100, weight=3)

    await store.add(relay)

    assert await store.get("post") == relay
    assert store.opened(relay).password == "sesame"
    assert store.opened(relay).host == "smtp.example.com"


async def test_redis_holds_no_password_that_can_be_read(store: RelayStore, redis: Redis) -> None:
    await store.add(replace(POST, username="press", sealed_password=store.sealed("post", "open sesame")))

    stored = await redis.hget(RELAYS, "post")

    assert stored is not None
    assert b"sesame" not in stored
    with pytest.raises(ConfigError, match=r"secret\.key"):
        RelayStore(redis, Seal(b"t" * 32, "relay")).opened(await store.get("post"))


async def test_those_that_go_first_come_first(store: RelayStore) -> None:
    for name, priority, weight in (("c", 20, 9), ("b", 10, 1), ("a", 10, 5)):
        await store.add(replace(POST, name=name, priority=priority, weight=weight))

    assert [one.name for one in await store.all()] == ["a", "b", "c"]


async def test_a_name_is_taken_once_and_adding_again_is_harmless(store: RelayStore) -> None:
    await store.add(POST)
    await store.add(POST)

    with pytest.raises(ConflictError, match="relays change"):
        await store.add(replace(POST, port=25))


async def test_a_relay_that_is_not_there_is_a_sentence(store: RelayStore) -> None:
    with pytest.raises(NotFoundError, match="relay of the settings"):
        await store.get("post")
    await store.add(POST)
    with pytest.raises(NotFoundError, match="There are: post"):
        await store.remove("pots")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "My relay"},
        {"port": 0},
        {"weight": 0},
        {"per_day": -1},
        {"connections": 0},
        {"timeout_seconds": 0},
        {"host": ""},
        {"tls": RelayTls.NONE, "username": "press", "sealed_password": "x"},
        {"tls": RelayTls.OPPORTUNISTIC, "username": "press", "sealed_password": "x"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        replace(POST, **wrong)  # type: ignore[arg-type]


async def test_health_is_remembered_until_a_success_or_a_change(store: RelayStore) -> None:
    await store.add(POST)
    sick = Health().after_failure("No connection", NOW)

    await store.note_failure("post", sick)
    assert await store.health("post") == sick
    await store.note_success("post")
    assert (await store.health("post")).is_well
    await store.note_failure("post", sick)
    await store.put(replace(POST, port=25))
    assert (await store.health("post")).is_well


async def test_one_worker_probes(store: RelayStore) -> None:
    assert [await store.may_probe("post", holder) for holder in ("w1", "w2", "w1")] == [True, False, True]


@pytest.mark.parametrize(
    "limits",
    [(Limit(7, 1),), (Limit(50, 3_600),), (Limit(10, 1), Limit(60, 3_600), Limit(100, 86_400))],
    ids=["second", "hour", "all three"],
)
async def test_no_window_ever_holds_more_than_the_amount(store: RelayStore, limits: tuple[Limit, ...]) -> None:
    now, taken = NOW, deque[tuple[datetime, int]]()

    for step in range(400):
        granted, wait = await store.take("post", limits, 1 + step % 5, now)
        assert granted or wait > timedelta(0)
        taken.append((now, granted))
        for limit in limits:
            begin = now - timedelta(seconds=limit.seconds)
            assert sum(count for moment, count in taken if moment > begin) <= limit.amount
        now += wait if not granted and step % 2 else timedelta(seconds=limits[-1].seconds / 150)

    assert sum(count for _, count in taken) > limits[-1].amount


async def test_waiting_as_long_as_told_is_enough(store: RelayStore) -> None:
    limits = (Limit(3, 1),)
    assert (await store.take("post", limits, 10, NOW))[0] == 3

    granted, wait = await store.take("post", limits, 1, NOW + timedelta(milliseconds=300))

    assert granted == 0
    assert wait <= timedelta(seconds=1)
    later = NOW + timedelta(milliseconds=300) + wait
    assert (await store.take("post", limits, 10, later))[0] == 3


async def test_what_is_given_back_can_be_taken_again_and_only_once(store: RelayStore) -> None:
    limits = (Limit(10, 3_600), Limit(20, 86_400))
    assert (await store.take("post", limits, 10, NOW))[0] == 10

    for _ in range(3):
        await store.give_back("post", limits, 4, taken=NOW, token="w1:1")

    assert (await store.take("post", limits, 10, NOW + timedelta(minutes=30)))[0] == 4
    assert (await store.take("post", limits, 20, NOW + timedelta(hours=2)))[0] == 10


def test_groups_leave_something_for_other_workers() -> None:
    assert group_size((Limit(5, 1),)) == 1
    assert group_size((Limit(1_000, 3_600), Limit(10_000, 86_400))) == 50
    assert group_size((Limit(1_000_000, 86_400),)) == 100


async def test_connections_are_counted_over_all_workers(store: RelayStore) -> None:
    until = NOW + timedelta(seconds=30)
    took = [await store.occupy("post", 2, holder, now=NOW, until=until) for holder in ("w1/0", "w2/0", "w3/0", "w1/0")]

    assert took == [True, True, False, True]
    assert await store.connections("post", NOW) == 2
    await store.leave("post", ["w2/0"])
    assert await store.occupy("post", 2, "w3/0", now=NOW, until=until)


async def test_the_connections_of_a_worker_that_died_are_free_again(store: RelayStore) -> None:
    assert await store.occupy("post", 1, "dead/0", now=NOW, until=NOW + timedelta(seconds=30))

    later = NOW + timedelta(seconds=31)

    assert await store.occupy("post", 1, "w2/0", now=later, until=later + timedelta(seconds=30))
