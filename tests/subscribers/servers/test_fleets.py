"""The client against real fleets: a cluster of three masters, a primary with sentinels; of Redis and of Valkey."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import redis as library

from subscribers.checking import check
from subscribers.errors import ImportReaderError, StorageDownError
from subscribers.importing import ImportReport, import_file
from subscribers.imports.importcounts import FrameCounts, ImportPlan
from subscribers.people import People
from subscribers.storage import Redis, open_redis, redis_time, run_all
from tests.conftest import redis_program
from tests.fleet import Fleet, Server, is_in_step, start_cluster, start_sentinels, until, valkey_program

pytestmark = pytest.mark.slow

KEY = b"a key for tests, of 32 bytes...."
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ROWS = 60_000
CHUNKS = range(40)


@pytest.fixture(params=["redis", "valkey"])
def program(request: pytest.FixtureRequest) -> str:
    return redis_program() if request.param == "redis" else valkey_program()


@pytest.fixture
def cluster(program: str) -> Iterator[Fleet]:
    fleet = start_cluster(program, replicas_of=[0])
    yield fleet
    fleet.kill()


@pytest.fixture
def sentinels(program: str) -> Iterator[Fleet]:
    fleet = start_sentinels(program)
    yield fleet
    fleet.kill()


async def patiently(client: Redis, command: tuple[str | int, ...]) -> object:
    """Run a command, again and again while Redis is away, as workers do."""
    async with asyncio.timeout(60):
        while True:
            try:
                return (await run_all(client, [command]))[0]
            except StorageDownError:
                await asyncio.sleep(0.2)


async def test_many_commands_reach_every_node_and_answer_in_order(cluster: Fleet) -> None:
    async with open_redis(cluster.url) as client:
        await run_all(client, [("SET", f"{{c{chunk}}}:x", chunk) for chunk in CHUNKS])

        assert await run_all(client, [("GET", f"{{c{chunk}}}:x") for chunk in CHUNKS]) == [
            b"%d" % one for one in CHUNKS
        ]
        assert await client.dbsize() == len(CHUNKS)
        assert len([key async for key in client.scan_iter()]) == len(CHUNKS)
        assert min(int(str(node.ask("DBSIZE"))) for node in cluster.servers) > 0, "a node has nothing"
        assert abs((await redis_time(client)) - datetime.now(UTC)).total_seconds() < 5


async def test_what_replicas_had_is_there_after_a_master_was_killed(cluster: Fleet) -> None:
    async with open_redis(cluster.url, copies=1) as client:
        written = 0
        for number in range(2_000):
            await patiently(client, ("SET", f"{{c{number % 40}}}:{number}", number))
            written += 1
            if written == 700:
                cluster[0].kill()

        found = await run_all(client, [("GET", f"{{c{number % 40}}}:{number}") for number in range(written)])
        assert found == [b"%d" % number for number in range(written)]
        cluster[0].start()
        until(lambda: is_in_step(cluster[0]), lambda: "the killed node did not come back as a replica")
        assert await client.dbsize() == written


async def test_a_replica_that_has_not_got_a_write_makes_it_fail_and_reads_go_on(program: str) -> None:
    fleet = start_sentinels(program)
    try:
        async with open_redis(f"redis://127.0.0.1:{fleet[0].port}/0", copies=1) as client:
            await run_all(client, [("SET", "promised", 1)])
            assert fleet[1].process is not None
            os.kill(fleet[1].process.pid, signal.SIGSTOP)

            with pytest.raises(StorageDownError, match="0 of the 1 replicas"):
                await run_all(client, [("SET", "promised", 2)])
            assert await run_all(client, [("GET", "promised")]) == [b"2"]

            os.kill(fleet[1].process.pid, signal.SIGCONT)
            assert await patiently(client, ("SET", "promised", 3)) == b"OK"
    finally:
        fleet.kill()


async def test_keys_that_are_on_their_way_to_another_node_are_found_and_changed(cluster: Fleet) -> None:
    async with open_redis(cluster.url) as client:
        names = [f"{{c1}}:{number}" for number in range(30)]
        await run_all(client, [("SET", name, 1) for name in names])
        slot = int(str(cluster[0].ask("CLUSTER", "KEYSLOT", "{c1}")))
        source = next(node for node in cluster.servers[:3] if node.ask("CLUSTER", "COUNTKEYSINSLOT", slot) == 30)
        target = next(node for node in cluster.servers[:3] if node is not source)

        begin_move(slot, source, target)
        move_keys(slot, 10, source, target)
        half = await run_all(client, [("INCR", name) for name in names])
        move_keys(slot, 30, source, target)
        for node in (target, source):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", node_id(target))
        whole = await run_all(client, [("INCR", name) for name in names])

        assert (half, whole) == ([2] * 30, [3] * 30)


async def test_an_import_outlives_the_death_of_a_master(cluster: Fleet) -> None:
    await import_while_the_first_dies(cluster, copies=1)


async def test_an_import_outlives_the_death_of_a_primary_that_sentinels_watch(sentinels: Fleet) -> None:
    # No copies: with its only replica become the primary, there is none to wait for.
    await import_while_the_first_dies(sentinels, copies=0)


async def import_while_the_first_dies(fleet: Fleet, copies: int) -> None:
    rows = "".join(f"reader{number}@example.com,Reader {number}\n" for number in range(ROWS))
    file = io.BytesIO(f"email,name\n{rows}".encode())
    async with open_redis(fleet.url, copies=copies) as client:
        people = People.at(client, KEY)
        weekly = await people.lists.create("weekly", name="Weekly", newsletter="letters")
        plan = ImportPlan(file="people.csv", list_id=weekly.id)

        report = await import_through(fleet[0], people, file, plan)

        assert fleet[0].process is None, "it was never killed"
        assert report.counts == FrameCounts(new=ROWS, placed=ROWS)
        assert await check(people) == []
        assert (await people.subscribers.all_ids()).count() == ROWS


async def import_through(victim: Server, people: People, file: io.BytesIO, plan: ImportPlan) -> ImportReport:
    """Import while a server dies in the middle; again and again, as the workers do."""

    def kill(rows: int) -> None:
        if rows > ROWS // 3:
            victim.kill()

    async with asyncio.timeout(120):
        while True:
            try:
                return await import_file(people, file, plan, now=NOW, progress=kill)
            except (StorageDownError, ImportReaderError):
                await asyncio.sleep(0.3)


def begin_move(slot: int, source: Server, target: Server) -> None:
    target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", node_id(source))
    source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))


def move_keys(slot: int, count: int, source: Server, target: Server) -> None:
    names = source.ask("CLUSTER", "GETKEYSINSLOT", slot, count)
    assert isinstance(names, list)
    with library.Redis(port=source.port) as client:
        client.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *names)


def node_id(server: Server) -> str:
    return str(server.ask("CLUSTER", "MYID"))
