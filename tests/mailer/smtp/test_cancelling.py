"""A call that is cancelled, at any moment: nobody pulled is left without an outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from mailer.smtp import HandOver, OutcomeKind, Pool

Start = Callable[..., Awaitable[Pool]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]
HandOvers = Callable[[int], list[HandOver]]


async def test_cancellation_waits_for_the_replies_that_are_due(
    start: Start, model_server: Any, until: Until, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = model_server(holds_dots=asyncio.Event())
    assert server.holds_dots
    source = iter(hand_overs(50))
    pool = await start(server, connections=2)
    pool.grace_seconds = 10
    call = asyncio.create_task(pool.hand_over_all(source, outcomes.settle))

    await until(lambda: len(server.taken) == 2)
    call.cancel()
    await asyncio.sleep(0)
    server.holds_dots.set()
    with pytest.raises(asyncio.CancelledError):
        await call

    left = [one.key for one in source]
    assert sorted([*outcomes.of, *left]) == list(range(1, 51))
    assert set(outcomes.kinds()) == {"accepted"}
    assert len(server.taken) == len(outcomes.of)
    await pool.close()


async def test_cancellation_settles_the_rest_by_what_is_known(
    start: Start, model_server: Any, until: Until, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = model_server(holds_dots=asyncio.Event())
    source = iter(hand_overs(50))
    pool = await start(server, connections=2)
    call = asyncio.create_task(pool.hand_over_all(source, outcomes.settle))

    await until(lambda: len(server.taken) == 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    left = [one.key for one in source]
    assert sorted([*outcomes.of, *left]) == list(range(1, 51))
    assert sorted(outcomes.kinds()) == ["deferred", "deferred", "uncertain", "uncertain"]


async def test_a_second_cancellation_does_not_lose_anybody(
    start: Start, model_server: Any, until: Until, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = model_server(holds_dots=asyncio.Event())
    source = iter(hand_overs(50))
    pool = await start(server, connections=2)
    pool.grace_seconds = 60
    call = asyncio.create_task(pool.hand_over_all(source, outcomes.settle))

    await until(lambda: len(server.taken) == 2)
    call.cancel()
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert sorted([*outcomes.of, *(one.key for one in source)]) == list(range(1, 51))


@pytest.mark.parametrize("moment", range(0, 60, 3))
async def test_cancelled_at_any_moment_everybody_pulled_is_settled(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any, moment: int
) -> None:
    server = model_server(max_messages=5)
    pulled: list[int] = []

    async def counting() -> AsyncIterator[HandOver]:
        for one in hand_overs(1000):
            await asyncio.sleep(0)
            pulled.append(one.key)
            yield one

    pool = await start(server)
    call = asyncio.create_task(pool.hand_over_all(counting(), outcomes.settle))

    for _ in range(moment):
        await asyncio.sleep(0)
    call.cancel()
    with suppress(asyncio.CancelledError):
        await call

    assert sorted(outcomes.of) == pulled
    accepted = [key for key, outcome in outcomes.of.items() if outcome.kind is OutcomeKind.ACCEPTED]
    assert len(server.taken) == len(accepted)
    await pool.close()
