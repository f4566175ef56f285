from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dnsserver import DnsServer, running_dns


@pytest.fixture
def zone() -> Iterator[DnsServer]:
    with running_dns() as server:
        yield server
