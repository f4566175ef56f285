"""Imports that a real worker does, woken by the scheduler alone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from subscribers.checking import check
from subscribers.consent import Consent
from subscribers.imports.importcounts import ImportFacts, ImportPlan, ImportState
from subscribers.imports.working import ask_for_import

if TYPE_CHECKING:
    from tests.journeys.conftest import Installation

pytestmark = pytest.mark.journey
PEOPLE = 120_000


@pytest.mark.slow
async def test_a_worker_killed_again_and_again_ends_with_everybody_in_once(
    installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "fair.csv"
    path.write_text("email\n" + "".join(f"reader{number}@example.com\n" for number in range(PEOPLE)))
    asked = await _asked(installation, path)
    installation.start("scheduler")

    for rows in (8_000, 40_000, 80_000):
        worker = installation.start("worker", "--queues", "bulk")
        await _until_rows(installation, asked, rows)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    stopped = await _until(installation, asked, lambda _: True)
    installation.start("worker", "--queues", "bulk")
    done = await _until(installation, asked, lambda one: not one.state.is_open)

    assert stopped.state is ImportState.RUNNING
    assert (done.state, done.counts.new, done.counts.total) == (ImportState.FINISHED, PEOPLE, PEOPLE)
    async with installation.press() as press:
        assert await check(press.people) == []
        assert (await press.people.subscribers.all_ids()).count() == PEOPLE


async def _asked(installation: Installation, path: Path) -> str:
    now = datetime.now(UTC)
    async with installation.press() as press:
        readers = await press.people.lists.create("readers", name="Readers", newsletter="daily")
        consent = Consent(list_id=readers.id, when=now, words="They asked for it at the fair.")
        plan = ImportPlan(file=path.name, list_id=readers.id, confirmed=True, consent=consent)
        return await ask_for_import(press.people, path, plan, now)


async def _until_rows(installation: Installation, import_id: str, rows: int) -> None:
    await _until(installation, import_id, lambda one: one.counts.total > rows)


async def _until(installation: Installation, import_id: str, is_so: Callable[[ImportFacts], bool]) -> ImportFacts:
    async with installation.press() as press:
        for _ in range(3_000):
            facts = await press.people.imports.get(import_id)
            if is_so(facts):
                return facts
            await asyncio.sleep(0.02)
    pytest.fail(installation.logs())
