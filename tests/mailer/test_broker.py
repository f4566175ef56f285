from __future__ import annotations

import pytest

from mailer.broker import broker_of
from mailer.errors import ConfigError
from mailer.settings import load_settings


@pytest.mark.parametrize(
    ("redis_url", "broker_url", "expected"),
    [
        ("redis://127.0.0.1:6379/0", "", "redis://127.0.0.1:6379/1"),
        ("redis://127.0.0.1:6379", "", "redis://127.0.0.1:6379/1"),
        (
            "rediss://:secret@host:6379/0?ssl_cert_reqs=required",
            "",
            "rediss://:secret@host:6379/1?ssl_cert_reqs=required",
        ),
        ("unix:///run/redis.sock?db=0", "", "redis+socket:///run/redis.sock?virtual_host=1"),
        ("redis+cluster://a:7000,b:7001", "redis://hints:6379/0", "redis://hints:6379/0"),
        (
            "redis+sentinel://:secret@a,b:26380/press?db=0",
            "",
            "sentinel://:secret@a:26379/1;sentinel://:secret@b:26380/1",
        ),
        ("redis+cluster://a:7000", "redis+sentinel://a:26379/hints?db=3", "sentinel://a:26379/3"),
    ],
)
def test_the_broker_in_the_words_of_celery(redis_url: str, broker_url: str, expected: str) -> None:
    assert broker_of(redis_url, broker_url).url == expected


def test_sentinels_are_told_which_primary_and_who_asks() -> None:
    options = broker_of("redis+sentinel://a/press?sentinel_password=x", "").options

    assert options["master_name"] == "press"
    assert options["sentinel_kwargs"] == {"socket_timeout": 2.0, "password": "x"}


@pytest.mark.parametrize("redis_url", ["redis+cluster://a:7000", "rediss+cluster://a", "rediss+sentinel://a/press"])
def test_what_cannot_carry_hints_is_refused_when_the_settings_are_read(redis_url: str) -> None:
    with pytest.raises(ConfigError, match="Set broker_url"):
        load_settings(redis_url=redis_url, broker_url="")

    assert load_settings(redis_url=redis_url, broker_url="redis://127.0.0.1:6379/0").redis_url == redis_url
