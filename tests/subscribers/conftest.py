from __future__ import annotations

from datetime import UTC, datetime

import pytest

from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.storage import Redis


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 23, 9, 30, 15, 250_000, tzinfo=UTC)


@pytest.fixture
def people(redis: Redis) -> People:
    return People.at(redis, b"a key for tests, of 32 bytes....")


@pytest.fixture
async def weekly(people: People) -> MailingList:
    return await people.lists.create("weekly", name="Weekly letter", newsletter="letters")
