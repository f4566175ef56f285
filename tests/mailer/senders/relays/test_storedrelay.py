"""What cannot be meant of a relay is refused before it is stored: one that cannot be read again would stop all mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailer.errors import ConfigError
from mailer.senders.relays.storedrelay import StoredRelay

POST = StoredRelay(name="post", host="smtp.example.com")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"timeout_seconds": float("nan")}, "timeout_seconds of the relay post must be more than 0"),
        ({"timeout_seconds": float("inf")}, "at most 3,600"),
        ({"timeout_seconds": 0.0}, "must be more than 0"),
        ({"per_second": 10**26}, "per_second of the relay post must be 1,000,000,000 or less"),
        ({"weight": 10**10}, "must be 1,000,000,000 or less"),
        ({"connections": 0}, "must be 1 or more"),
        ({"per_day": -1}, "must not be negative"),
        ({"port": 0}, "is not between 1 and 65535"),
        ({"host": "smtp example.com"}, "is no host name or address"),
        ({"host": "smtp.example.com\r\nQUIT"}, "is no host name or address"),
        ({"host": ""}, "has no host"),
        ({"name": "The Post"}, "cannot be a relay's name"),
    ],
)
def test_what_cannot_be_meant_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        replace(POST, **change)


@pytest.mark.parametrize("host", ["smtp.example.com", "192.0.2.1", "2001:db8::1", "bücher.example"])
def test_names_and_addresses_are_hosts(host: str) -> None:
    assert replace(POST, host=host).host == host
