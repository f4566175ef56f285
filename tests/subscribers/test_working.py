"""Imports that workers do: asked for, taken up, stopped at any point, gone on with, cancelled."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from subscribers.consent import Consent
from subscribers.errors import ConsentNeededError, ImportFileError, UnknownImportError
from subscribers.imports.importcounts import FrameCounts, ImportPlan, ImportState
from subscribers.imports.working import ask_for_import, work_imports
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.storage import Redis
from subscribers.store.importfiles import Kept
from subscribers.store.imports import ImportRun, ImportStore
from subscribers.subscription import SubscriptionState

ROWS = 200
FRAMES = 16_500
"""Rows of three frames, in a file that a process of its own reads."""


@pytest.fixture
def plan(weekly: MailingList, now: datetime) -> ImportPlan:
    consent = Consent(list_id=weekly.id, when=now, words="They ticked the box at the fair.")
    return ImportPlan(file="fair.csv", list_id=weekly.id, confirmed=True, consent=consent)


def written(path: Path, rows: int) -> Path:
    people = "".join(f"reader.{number}@example.com,Reader {number} of the letter\n" for number in range(rows))
    path.write_text(f"email,name\n{people}nobody,Nobody\n")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "fair.csv", ROWS)


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    return written(tmp_path / "fair.csv", FRAMES)


def never() -> bool:
    return False


class DeathError(Exception):
    """What ends a worker in the middle."""


class Eventful(ImportStore):
    """The imports, where something happens after a frame was noted."""

    def __init__(self, redis: Redis, happening: Callable[[ImportRun], Awaitable[None]]) -> None:
        super().__init__(redis)
        self._happening = happening

    async def note(self, run: ImportRun, number: int, counts: FrameCounts) -> None:
        await super().note(run, number, counts)
        await self._happening(run)


async def test_a_worker_does_what_was_asked_for_and_keeps_the_rejected_rows(
    people: People, redis: Redis, plan: ImportPlan, file: Path, now: datetime, tmp_path: Path
) -> None:
    asked = await ask_for_import(people, file, plan, now)
    waiting = await people.imports.get(asked)
    file.unlink()  # noqa: ASYNC240 - there is nothing else to do meanwhile

    await work_imports(people, lambda: now, never)

    assert waiting.state is ImportState.WAITING
    done = await people.imports.get(asked)
    assert (done.state, done.counts) == (ImportState.FINISHED, FrameCounts(new=ROWS, invalid=1, placed=ROWS))
    assert await people.import_files.fetch(asked, Kept.REJECTED, tmp_path / "rejected.csv")
    with (tmp_path / "rejected.csv").open(newline="") as stream:
        assert [row["email"] for row in csv.DictReader(stream)] == ["nobody"]
    assert await people.imports.free() == []
    assert not [key async for key in redis.scan_iter(match=f"import:{asked}:file:*")]
    assert not [key async for key in redis.scan_iter(match=f"*:import:{asked}:*")]


async def test_another_worker_goes_on_where_one_died_and_counts_nobody_twice(
    people: People, redis: Redis, weekly: MailingList, plan: ImportPlan, long_file: Path, now: datetime
) -> None:
    async def die(_: ImportRun) -> None:
        raise DeathError

    asked = await ask_for_import(people, long_file, plan, now)
    with pytest.raises(DeathError):
        await work_imports(replace(people, imports=Eventful(redis, die)), lambda: now, never)
    half = await people.imports.get(asked)

    await work_imports(people, lambda: now, never)

    assert half.state is ImportState.RUNNING
    assert 0 < half.counts.total < FRAMES
    done = await people.imports.get(asked)
    assert (done.state, done.counts) == (ImportState.FINISHED, FrameCounts(new=FRAMES, invalid=1, placed=FRAMES))
    assert (await people.lists.counts(weekly.id))[SubscriptionState.ACTIVE] == FRAMES


async def test_a_worker_that_shall_stop_leaves_the_import_to_the_next_at_once(
    people: People, redis: Redis, plan: ImportPlan, long_file: Path, now: datetime
) -> None:
    asked = await ask_for_import(people, long_file, plan, now)

    async def stop(_: ImportRun) -> None:
        stopping.append(True)
        await asyncio.Event().wait()

    stopping: list[bool] = []
    await work_imports(replace(people, imports=Eventful(redis, stop)), lambda: now, lambda: bool(stopping))

    assert await people.imports.free() == [asked]
    await work_imports(people, lambda: now, never)
    assert (await people.imports.get(asked)).counts.new == FRAMES


async def test_two_workers_share_what_waits_and_each_import_is_done_once(
    people: People, weekly: MailingList, plan: ImportPlan, now: datetime, tmp_path: Path
) -> None:
    asked = []
    for number in range(5):
        path = tmp_path / f"{number}.csv"
        path.write_text("email\n" + "".join(f"p{n}.{number}@example.com\n" for n in range(500)))
        asked.append(await ask_for_import(people, path, plan, now))

    await asyncio.gather(*(work_imports(people, lambda: now, never) for _ in range(2)))

    found = [await people.imports.get(one) for one in asked]
    assert [one.counts.new for one in found] == [500] * 5
    assert (await people.lists.counts(weekly.id))[SubscriptionState.ACTIVE] == 2_500


async def test_asking_for_the_same_twice_is_one_import(
    people: People, plan: ImportPlan, file: Path, now: datetime
) -> None:
    first = await ask_for_import(people, file, plan, now)

    assert await ask_for_import(people, file, plan, now) == first
    assert await people.imports.free() == [first]


async def test_what_is_cancelled_before_a_worker_came_changes_nothing(
    people: People, redis: Redis, plan: ImportPlan, file: Path, now: datetime
) -> None:
    asked = await ask_for_import(people, file, plan, now)

    assert await people.imports.cancel(asked)
    await work_imports(people, lambda: now, never)

    assert (await people.imports.get(asked)).state is ImportState.CANCELLED
    assert await people.subscribers.last_id() == 0
    assert not await people.imports.cancel(asked)
    assert not [key async for key in redis.scan_iter(match=f"import:{asked}:file:*")]


async def test_what_is_cancelled_under_way_stops_after_a_frame_and_tells_what_is_in(
    people: People, redis: Redis, weekly: MailingList, plan: ImportPlan, long_file: Path, now: datetime
) -> None:
    async def cancel(run: ImportRun) -> None:
        await people.imports.cancel(run.id)

    asked = await ask_for_import(people, long_file, plan, now)
    await work_imports(replace(people, imports=Eventful(redis, cancel)), lambda: now, never)

    stopped = await people.imports.get(asked)
    assert stopped.state is ImportState.CANCELLED
    assert 0 < stopped.counts.new < FRAMES
    assert (await people.lists.counts(weekly.id))[SubscriptionState.ACTIVE] == stopped.counts.new
    again = await ask_for_import(people, long_file, plan, now)
    await work_imports(people, lambda: now, never)
    assert again != asked
    assert (await people.imports.get(again)).counts.new == FRAMES - stopped.counts.new


async def test_a_file_that_is_no_table_is_refused_with_the_reason_and_waits_no_longer(
    people: People, plan: ImportPlan, now: datetime, tmp_path: Path
) -> None:
    path = tmp_path / "letter.csv"
    path.write_text("Dear editor,\nI have no addresses.\n")
    asked = await ask_for_import(people, path, plan, now)

    await work_imports(people, lambda: now, never)

    refused = await people.imports.get(asked)
    assert refused.state is ImportState.REFUSED
    assert "email" in refused.problem
    assert await people.imports.free() == []


async def test_an_import_that_ends_every_worker_is_given_up(
    people: People, plan: ImportPlan, file: Path, now: datetime
) -> None:
    asked = await ask_for_import(people, file, plan, now)
    run = await people.imports.run_of(asked)
    assert run is not None
    for _ in range(10):
        await people.imports.take(run.mark, plan, now)

    await work_imports(people, lambda: now, never)

    refused = await people.imports.get(asked)
    assert refused.state is ImportState.REFUSED
    assert "begun 10 times" in refused.problem


async def test_a_file_that_is_gone_is_a_sentence(people: People, plan: ImportPlan, file: Path, now: datetime) -> None:
    asked = await ask_for_import(people, file, plan, now)
    await people.import_files.drop(asked, Kept.FILE)

    await work_imports(people, lambda: now, never)

    assert "Import it again" in (await people.imports.get(asked)).problem


async def test_what_cannot_be_asked_for_leaves_nothing(
    people: People, redis: Redis, weekly: MailingList, plan: ImportPlan, now: datetime, tmp_path: Path
) -> None:
    with pytest.raises(ImportFileError, match="cannot be read"):
        await ask_for_import(people, tmp_path / "missing.csv", plan, now)
    with pytest.raises(ConsentNeededError):
        await ask_for_import(
            people, tmp_path / "x.csv", ImportPlan(file="x.csv", list_id=weekly.id, confirmed=True), now
        )
    with pytest.raises(UnknownImportError):
        await people.imports.cancel("7")

    assert not [key async for key in redis.scan_iter(match="import*")]
