"""The supervisor of the demo's processes, with small processes of the test."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic

import pytest

from mailer.demo.supervisor import Child, Supervisor
from mailer.errors import ConfigError

# Says that it is up by making a file, and ends in good order on SIGTERM.
STEADY = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text('up'); time.sleep(60)"
# Ends by itself at once, with something to say.
SHORT = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('up'); print('out of ink'); sys.exit(3)"
# Does not care for SIGTERM.
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + STEADY


def child(name: str, code: str, mark: Path) -> Child:
    async def is_ready(_said: str) -> bool:
        return mark.exists()  # noqa: ASYNC240 - a test may look at a file

    return Child(name, (sys.executable, "-c", code, str(mark)), is_ready)


def is_running(process: int) -> bool:
    try:
        # A process that has ended but was not collected is a zombie: its command line is empty.
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until(question: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    deadline = monotonic() + seconds
    while not question():
        assert monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


def supervisor(folder: Path, said: list[str]) -> Supervisor:
    return Supervisor(environment=os.environ, logs=folder / "logs", say=said.append)


async def test_leaving_the_block_ends_every_child(tmp_path: Path) -> None:
    said: list[str] = []

    async with supervisor(tmp_path, said) as running:
        await running.start([child("web", STEADY, tmp_path / "a"), child("worker", STEADY, tmp_path / "b")])
        processes = [running.process_id("web"), running.process_id("worker")]
        assert all(is_running(process) for process in processes)

    assert not any(is_running(process) for process in processes)
    assert said == []


async def test_a_child_that_ends_is_started_once_more_and_said_so(tmp_path: Path) -> None:
    said: list[str] = []
    async with supervisor(tmp_path, said) as running:
        await running.start([child("worker", STEADY, tmp_path / "mark")])
        first = running.process_id("worker")

        os.kill(first, signal.SIGKILL)
        await until(lambda: running.process_id("worker") != first)

        assert said == [
            f"The worker was ended by SIGKILL; starting it again. What it said is in {tmp_path}/logs/worker.log."
        ]


async def test_a_child_that_ends_twice_breaks_the_demo_with_its_last_words(tmp_path: Path) -> None:
    said: list[str] = []
    async with supervisor(tmp_path, said) as running:
        await running.start([child("worker", STEADY, tmp_path / "mark")])
        for _ in range(2):
            process = running.process_id("worker")
            os.kill(process, signal.SIGTERM)
            if not said:
                await until(lambda before=process: running.process_id("worker") != before)

        sentence = await asyncio.wait_for(running.until_broken(), 10)

    assert sentence.startswith("The worker was ended by SIGTERM again: it said nothing")


async def test_a_child_that_never_gets_ready_is_said_with_its_last_words(tmp_path: Path) -> None:
    async def never(_said: str) -> bool:
        return False

    async with supervisor(tmp_path, []) as running:
        short = Child("web", (sys.executable, "-c", SHORT, str(tmp_path / "mark")), never)
        with pytest.raises(ConfigError, match="The web does not start: out of ink"):
            await running.start([short])


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.demo.supervisor._END_SECONDS", 0.2)
    async with supervisor(tmp_path, []) as running:
        await running.start([child("worker", STUBBORN, tmp_path / "mark")])
        process = running.process_id("worker")

    assert not is_running(process)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
async def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    keeper = subprocess.Popen([sys.executable, "-c", KEEPER, str(tmp_path), STEADY])  # noqa: ASYNC220
    mark = tmp_path / "process"
    await until(lambda: mark.exists() and mark.read_text().endswith("\n"))
    process = int(mark.read_text())

    keeper.kill()
    keeper.wait()

    await until(lambda: not is_running(process))


KEEPER = """
import asyncio, os, sys
from pathlib import Path
from mailer.demo.supervisor import Child, Supervisor

async def main(folder, code):
    async def is_ready(said):
        return (folder / "up").exists()
    async with Supervisor(environment=os.environ, logs=folder, say=print) as running:
        await running.start([Child("worker", (sys.executable, "-c", code, str(folder / "up")), is_ready)])
        (folder / "process").write_text(f"{running.process_id('worker')}\\n")
        await asyncio.sleep(60)

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""
