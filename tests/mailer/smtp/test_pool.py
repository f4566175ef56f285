"""Many hand-overs over several connections: each settled once, whatever the relay, the source or the caller does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from mailer.errors import RelayError
from mailer.smtp import HandOver, OutcomeKind, Pool, Relay
from mailer.smtp.pool import MAX_IDLE_SECONDS

Start = Callable[..., Awaitable[Pool]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]
Serve = Callable[..., Awaitable[int]]
HandOvers = Callable[[int], list[HandOver]]
RELAY = Relay("127.0.0.1", 1, connections=3, timeout_seconds=5, hello_name="press.example")


async def slowly(hand_overs: list[HandOver]) -> AsyncIterator[HandOver]:
    for one in hand_overs:
        await asyncio.sleep(0)
        yield one


@pytest.mark.parametrize("connections", [1, 2, 7])
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("max_messages", [1, 3, 1000])
async def test_everybody_is_taken_exactly_once(
    start: Start,
    model_server: Any,
    hand_overs: HandOvers,
    outcomes: Any,
    connections: int,
    is_async: bool,
    max_messages: int,
) -> None:
    server = model_server(max_messages=max_messages)
    pool = await start(server, connections=connections)
    everybody = hand_overs(40)

    await pool.hand_over_all(slowly(everybody) if is_async else iter(everybody), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 40
    assert sorted(server.taken) == sorted(one.envelope.recipient for one in everybody)


async def test_connections_stay_warm_between_calls(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = model_server()
    pool = await start(server)

    for one in hand_overs(20):
        await pool.hand_over_all(iter([one]), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 20
    assert server.connections == 1


async def test_a_few_people_need_few_connections(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = model_server()
    pool = await start(server, connections=7)

    await pool.hand_over_all(iter(hand_overs(1)), outcomes.settle)
    await pool.close()

    assert server.connections == 1


async def test_a_connection_that_idled_long_is_replaced(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = model_server()
    pool = await start(server)
    first, second = hand_overs(2)
    loop = asyncio.get_running_loop()

    await pool.hand_over_all(iter([first]), outcomes.settle)
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + MAX_IDLE_SECONDS + 1)
    await pool.hand_over_all(iter([second]), outcomes.settle)
    monkeypatch.undo()
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 2
    assert server.connections == 2


async def test_a_warm_connection_that_was_closed_meanwhile_costs_nothing(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any
) -> None:
    first, second = hand_overs(2)
    server = model_server(max_messages=1)
    pool = await start(server)

    await pool.hand_over_all(iter([first]), outcomes.settle)
    await pool.hand_over_all(iter([second]), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 2
    assert server.connections == 2


async def test_nobody_is_pulled_when_the_relay_is_down(hand_overs: HandOvers, outcomes: Any) -> None:
    source = iter(hand_overs(5))
    pool = Pool(replace(RELAY, port=1))

    with pytest.raises(RelayError, match=r"127\.0\.0\.1:1"):
        await pool.hand_over_all(source, outcomes.settle)

    assert outcomes.of == {}
    assert next(source).key == 1


async def test_it_works_on_with_the_connections_that_it_gets(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = model_server(turns_away=2)
    pool = await start(server, connections=3)

    await pool.hand_over_all(iter(hand_overs(30)), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 30


async def test_a_relay_that_goes_away_is_told_after_everybody_pulled_is_settled(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any
) -> None:
    source = iter(hand_overs(50))
    pool = await start(model_server(max_messages=4, dies_after=10))

    with pytest.raises(RelayError, match="Too many connections"):
        await pool.hand_over_all(source, outcomes.settle)

    left = [one.key for one in source]
    assert sorted([*outcomes.of, *left]) == list(range(1, 51))
    assert left
    assert OutcomeKind.UNCERTAIN not in outcomes.kinds()


async def test_what_the_source_raises_arrives_after_everybody_pulled_is_settled(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any
) -> None:
    def failing() -> Iterator[HandOver]:
        yield from hand_overs(10)
        raise ZeroDivisionError

    pool = await start(model_server())

    with pytest.raises(ZeroDivisionError):
        await pool.hand_over_all(failing(), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 10


async def test_the_source_is_pulled_at_most_two_ahead_on_a_connection(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any
) -> None:
    pulled = 0

    def counting() -> Iterator[HandOver]:
        nonlocal pulled
        for one in hand_overs(50):
            pulled += 1
            assert pulled - len(outcomes.of) <= 2 * 3
            yield one

    pool = await start(model_server(), connections=3)

    await pool.hand_over_all(counting(), outcomes.settle)
    await pool.close()

    assert len(outcomes.of) == 50


async def test_a_pausing_source_sees_the_outcomes_of_what_it_gave(
    start: Start, model_server: Any, until: Until, hand_overs: HandOvers, outcomes: Any
) -> None:
    """A source that waits for its own outcomes must not wait for ever."""

    async def one_by_one() -> AsyncIterator[HandOver]:
        for one in hand_overs(10):
            yield one
            await until(lambda key=one.key: key in outcomes.of)  # type: ignore[misc]

    pool = await start(model_server())

    await pool.hand_over_all(one_by_one(), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 10


async def test_calls_that_overlap_take_turns(
    start: Start, model_server: Any, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = model_server()
    pool = await start(server, connections=1)
    everybody = hand_overs(20)

    await asyncio.gather(
        pool.hand_over_all(iter(everybody[:10]), outcomes.settle),
        pool.hand_over_all(iter(everybody[10:]), outcomes.settle),
    )
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 20
    assert server.connections == 1


async def test_a_server_that_does_not_read_on_leaves_nobody_uncertain(
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    """The final dot of a large message lies in our own buffer when time is up: nobody has it."""
    finished = asyncio.Event()

    async def takes_no_content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 model ESMTP\r\n")
        while line := await reader.readline():
            writer.write(b"354 Go on\r\n" if line == b"DATA\r\n" else b"250 Ok\r\n")
            if line == b"DATA\r\n":
                cast("asyncio.Transport", writer.transport).pause_reading()
                await finished.wait()
                return

    pool = Pool(replace(RELAY, port=await serve(takes_no_content), timeout_seconds=0.1))
    one = hand_overs(1)[0]
    large = HandOver(1, one.envelope, b"x" * 70 + b"\r\n" + b"y\r\n" * 10_000_000)

    await pool.hand_over_all(iter([large]), outcomes.settle)
    finished.set()
    await pool.close()

    assert outcomes.kinds() == ["deferred"]
    assert outcomes.of[1].step == "data"
