from __future__ import annotations

import pytest

from subscribers.errors import StorageDownError
from subscribers.servers.address import Kind, parse_url, without_password
from subscribers.storage import open_redis


def test_a_cluster_is_named_by_some_of_its_nodes() -> None:
    address = parse_url("rediss+cluster://press:p%40ss@a.example.com,b.example.com:7001")

    assert address.kind is Kind.CLUSTER
    assert address.hosts == (("a.example.com", 6379), ("b.example.com", 7001))
    assert address.is_tls
    assert address.credentials == {"username": "press", "password": "p@ss"}


def test_sentinels_are_named_with_what_they_call_the_primary() -> None:
    address = parse_url("redis+sentinel://[::1]:26380,10.0.0.2/press?db=2&sentinel_password=s")

    assert (address.kind, address.name, address.database) == (Kind.SENTINEL, "press", 2)
    assert address.hosts == (("::1", 26380), ("10.0.0.2", 26379))
    assert address.sentinel_credentials == {"password": "s"}


@pytest.mark.parametrize("url", ["redis://h:6379/0", "rediss://h", "unix:///run/redis.sock?db=0"])
def test_one_server_is_left_to_the_library(url: str) -> None:
    assert parse_url(url).kind is Kind.ALONE


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis+cluster://:secret@a:7000/0", "no databases"),
        ("redis+cluster://:secret@a:7000?db=1", "no databases"),
        ("redis+cluster://:secret@", "a host is missing"),
        ("redis+cluster://:secret@a:70000", "out of range"),
        ("redis+sentinel://:secret@a:26379", "name that the sentinels know"),
        ("redis+sentinel://:secret@a/press?db=one", "a database is a number"),
        ("redis+magic://:secret@a", "begins with none of"),
        ("unix+cluster://:secret@a", "begins with none of"),
        ("http://:secret@a", "URL"),
    ],
)
def test_an_address_that_is_none_is_refused_with_the_reason_and_without_the_password(url: str, why: str) -> None:
    with pytest.raises(StorageDownError, match=why) as caught:
        open_redis(url)

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis+cluster://press:secret@a:1,b:2", "redis+cluster://press:…@a:1,b:2"),
        ("redis://h:6379/0", "redis://h:6379"),
    ],
)
def test_an_address_is_shown_without_its_password(url: str, shown: str) -> None:
    assert without_password(url) == shown
