"""Many hand-overs over several connections: each settled once, whatever the relay, the source or the caller does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from mailer.errors import RelayError
from mailer.smtp import HandOver, OutcomeKind, Pool, Relay
from mailer.smtp.pool import MAX_IDLE_SECONDS

Serve = Callable[..., Awaitable[int]]
HandOvers = Callable[[int], list[HandOver]]
RELAY = Relay("127.0.0.1", 1, connections=3, timeout_seconds=5, hello_name="press.example")


@dataclass
class ModelServer:
    """A relay that takes everything, except as told; it counts what it saw."""

    max_messages: int = 1_000_000
    """Messages after which a connection is closed without a word."""
    turns_away: int = 0
    """Connections that are refused before one is taken."""
    holds_dots: asyncio.Event | None = None
    """No dot is answered before this is set."""
    connections: int = 0
    taken: list[str] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.connections <= self.turns_away:
            writer.write(b"421 4.3.2 Too many connections\r\n")
            return
        writer.write(b"220 model ESMTP\r\n")
        recipient, messages = "", 0
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                writer.write(b"250-model\r\n250 PIPELINING\r\n")
            elif verb == b"RCPT":
                recipient = line.decode().partition("<")[2].partition(">")[0]
                writer.write(b"250 2.1.5 Ok\r\n")
            elif verb == b"DATA":
                if messages == self.max_messages:
                    return
                writer.write(b"354 Go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.taken.append(recipient)
                messages += 1
                if self.holds_dots:
                    await self.holds_dots.wait()
                writer.write(b"250 2.0.0 taken\r\n")
            elif verb == b"QUIT":
                writer.write(b"221 Bye\r\n")
                return
            else:
                writer.write(b"250 Ok\r\n")


async def until(condition: Callable[[], bool]) -> None:
    """Let the event loop run until something has happened."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the code under test has no event for tests
            await asyncio.sleep(0.001)


async def start(serve: Serve, server: ModelServer, **changes: Any) -> Pool:
    return Pool(replace(RELAY, port=await serve(server.talk), **changes), grace_seconds=0.2)


async def slowly(hand_overs: list[HandOver]) -> AsyncIterator[HandOver]:
    for one in hand_overs:
        await asyncio.sleep(0)
        yield one


@pytest.mark.parametrize("connections", [1, 2, 7])
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("max_messages", [1, 3, 1000])
async def test_everybody_is_taken_exactly_once(
    serve: Serve, hand_overs: HandOvers, outcomes: Any, connections: int, is_async: bool, max_messages: int
) -> None:
    server = ModelServer(max_messages=max_messages)
    pool = await start(serve, server, connections=connections)
    everybody = hand_overs(40)

    await pool.hand_over_all(slowly(everybody) if is_async else iter(everybody), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 40
    assert sorted(server.taken) == sorted(one.envelope.recipient for one in everybody)


async def test_connections_stay_warm_between_calls(serve: Serve, hand_overs: HandOvers, outcomes: Any) -> None:
    server = ModelServer()
    pool = await start(serve, server)

    for one in hand_overs(20):
        await pool.hand_over_all(iter([one]), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 20
    assert server.connections == 1


async def test_a_few_people_need_few_connections(serve: Serve, hand_overs: HandOvers, outcomes: Any) -> None:
    server = ModelServer()
    pool = await start(serve, server, connections=7)

    await pool.hand_over_all(iter(hand_overs(1)), outcomes.settle)
    await pool.close()

    assert server.connections == 1


async def test_a_connection_that_idled_long_is_replaced(
    serve: Serve, hand_overs: HandOvers, outcomes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ModelServer()
    pool = await start(serve, server)
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
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    first, second = hand_overs(2)
    server = ModelServer(max_messages=1)
    pool = await start(serve, server)

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
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = ModelServer(turns_away=2)
    pool = await start(serve, server, connections=3)

    await pool.hand_over_all(iter(hand_overs(30)), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 30


async def test_a_relay_that_goes_away_is_told_after_everybody_pulled_is_settled(
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    class Closing(ModelServer):
        async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.turns_away = self.connections if len(self.taken) >= 10 else 0
            self.turns_away += len(self.taken) >= 10
            await super().talk(reader, writer)

    source = iter(hand_overs(50))
    pool = await start(serve, Closing(max_messages=4))

    with pytest.raises(RelayError, match="Too many connections"):
        await pool.hand_over_all(source, outcomes.settle)

    left = [one.key for one in source]
    assert sorted([*outcomes.of, *left]) == list(range(1, 51))
    assert left
    assert OutcomeKind.UNCERTAIN not in outcomes.kinds()


async def test_what_the_source_raises_arrives_after_everybody_pulled_is_settled(
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    def failing() -> Iterator[HandOver]:
        yield from hand_overs(10)
        raise ZeroDivisionError

    pool = await start(serve, ModelServer())

    with pytest.raises(ZeroDivisionError):
        await pool.hand_over_all(failing(), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 10


async def test_the_source_is_pulled_at_most_two_ahead_on_a_connection(
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    pulled = 0

    def counting() -> Iterator[HandOver]:
        nonlocal pulled
        for one in hand_overs(50):
            pulled += 1
            assert pulled - len(outcomes.of) <= 2 * 3
            yield one

    pool = await start(serve, ModelServer(), connections=3)

    await pool.hand_over_all(counting(), outcomes.settle)
    await pool.close()

    assert len(outcomes.of) == 50


async def test_a_pausing_source_sees_the_outcomes_of_what_it_gave(
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    """A source that waits for its own outcomes must not wait for ever."""

    async def one_by_one() -> AsyncIterator[HandOver]:
        for one in hand_overs(10):
            yield one
            await until(lambda key=one.key: key in outcomes.of)  # type: ignore[misc]

    pool = await start(serve, ModelServer())

    await pool.hand_over_all(one_by_one(), outcomes.settle)
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 10


async def test_cancellation_waits_for_the_replies_that_are_due(
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = ModelServer(holds_dots=asyncio.Event())
    assert server.holds_dots
    source = iter(hand_overs(50))
    pool = await start(serve, server, connections=2)
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
    serve: Serve, hand_overs: HandOvers, outcomes: Any
) -> None:
    server = ModelServer(holds_dots=asyncio.Event())
    source = iter(hand_overs(50))
    pool = await start(serve, server, connections=2)
    call = asyncio.create_task(pool.hand_over_all(source, outcomes.settle))

    await until(lambda: len(server.taken) == 2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    left = [one.key for one in source]
    assert sorted([*outcomes.of, *left]) == list(range(1, 51))
    assert sorted(outcomes.kinds()) == ["deferred", "deferred", "uncertain", "uncertain"]


async def test_a_second_cancellation_does_not_lose_anybody(serve: Serve, hand_overs: HandOvers, outcomes: Any) -> None:
    server = ModelServer(holds_dots=asyncio.Event())
    source = iter(hand_overs(50))
    pool = await start(serve, server, connections=2)
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
    serve: Serve, hand_overs: HandOvers, outcomes: Any, moment: int
) -> None:
    server = ModelServer(max_messages=5)
    pulled: list[int] = []

    async def counting() -> AsyncIterator[HandOver]:
        for one in hand_overs(1000):
            await asyncio.sleep(0)
            pulled.append(one.key)
            yield one

    pool = await start(serve, server)
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


async def test_calls_that_overlap_take_turns(serve: Serve, hand_overs: HandOvers, outcomes: Any) -> None:
    server = ModelServer()
    pool = await start(serve, server, connections=1)
    everybody = hand_overs(20)

    await asyncio.gather(
        pool.hand_over_all(iter(everybody[:10]), outcomes.settle),
        pool.hand_over_all(iter(everybody[10:]), outcomes.settle),
    )
    await pool.close()

    assert outcomes.kinds() == ["accepted"] * 20
    assert server.connections == 1
