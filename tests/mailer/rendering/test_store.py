from __future__ import annotations

import pytest

from mailer.errors import NotFoundError
from mailer.rendering.edition import Edition
from mailer.rendering.store import EditionStore
from subscribers.storage import Redis


async def test_an_edition_comes_back_as_it_was_put(redis: Redis, edition: Edition) -> None:
    store = EditionStore(redis)

    await store.put(edition)
    await store.put(edition)

    assert await store.get(edition.id) == edition
    assert await EditionStore(redis).get(edition.id) == edition
    assert await redis.keys() == [f"edition:{edition.id}".encode()]


async def test_an_edition_that_is_not_there_is_not_found(redis: Redis) -> None:
    with pytest.raises(NotFoundError, match="compiles it again"):
        await EditionStore(redis).get("0" * 64)
