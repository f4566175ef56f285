from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from subscribers.errors import StorageDownError
from subscribers.storage import Redis, Script, open_redis, redis_time, run_all
from tests.conftest import StartRedis


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def double(tmp_path: Path) -> Script:
    (tmp_path / "double.lua").write_text("return redis.call('INCRBY', KEYS[1], ARGV[1]) * 2")
    return Script(tmp_path / "double.lua")


async def test_many_commands_take_one_round_trip_and_answer_in_order(redis: Redis) -> None:
    replies = await run_all(redis, [("SET", "a", 5), ("INCR", "a"), ("HSET", "h", b"\x00\xff", "é"), ("HGETALL", "h")])

    assert replies == [b"OK", 6, 1, {b"\x00\xff": "é".encode()}]
    assert await run_all(redis, []) == []


async def test_a_wrong_command_among_many_raises_and_spoils_no_reply(redis: Redis) -> None:
    with pytest.raises(ResponseError):
        await run_all(redis, [("SET", "a", 1), ("HGET", "a", "x"), ("INCR", "a")])

    assert await run_all(redis, [("GET", "a")]) == [b"2"]


async def test_a_cancelled_round_trip_leaves_no_stray_replies(redis: Redis) -> None:
    # Other tests of this process may have left a client behind.
    clients = len(await redis.client_list())
    task = asyncio.create_task(run_all(redis, [("SET", f"key {i}", i) for i in range(20_000)]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await run_all(redis, [("ECHO", "mine")]) == [b"mine"]
    async with asyncio.timeout(20):  # until the broken connection is gone altogether
        while len(await redis.client_list()) > clients:
            pass


async def test_more_at_once_than_there_are_connections_wait_for_one(redis: Redis) -> None:
    replies = await asyncio.gather(*(run_all(redis, [("ECHO", i)]) for i in range(500)))

    assert replies == [[b"%d" % i] for i in range(500)]
    assert len(await redis.client_list()) < 100


async def test_a_script_runs_where_the_server_does_not_know_it_yet(redis: Redis, double: Script) -> None:
    await redis.script_flush()

    assert await double.run_all(redis, [(["a"], [1]), (["b"], [5]), (["a"], [1])]) == [2, 10, 4]
    assert await double.run(redis, ["a"], [3]) == 10


async def test_the_time_is_that_of_redis(redis: Redis) -> None:
    assert abs(await redis_time(redis) - datetime.now(UTC)) < timedelta(seconds=5)


async def test_without_redis_every_way_in_says_so_in_a_sentence(double: Script) -> None:
    port = free_port()
    async with open_redis(f"redis://:secret@127.0.0.1:{port}/0") as client:
        for call in (client.get("a"), run_all(client, [("GET", "a")])):
            with pytest.raises(StorageDownError, match=f"127.0.0.1:{port}") as caught:
                await call
            assert "secret" not in str(caught.value)
        with pytest.raises(StorageDownError):
            await double.run(client, ["a"], [1])


async def test_a_server_that_refuses_to_write_counts_as_down(start_redis: StartRedis) -> None:
    async with open_redis(start_redis().url) as client:
        await client.config_set("min-replicas-to-write", 1)

        with pytest.raises(StorageDownError):
            await client.set("a", 1)
        with pytest.raises(StorageDownError):
            await run_all(client, [("SET", "a", 1)])


async def test_what_was_written_is_there_after_the_server_was_killed(start_redis: StartRedis) -> None:
    server = start_redis(appendonly=True)
    async with open_redis(server.url) as client:
        await run_all(client, [("SET", f"key {i}", i) for i in range(100)])

        server.kill()
        with pytest.raises(StorageDownError):
            await run_all(client, [("GET", "key 99")])
        server.start()

        assert await run_all(client, [("GET", "key 99")]) == [b"99"]


def test_an_address_that_is_none_is_refused_without_its_password() -> None:
    with pytest.raises(StorageDownError) as caught:
        open_redis("http://:secret@localhost")

    assert "secret" not in str(caught.value)
