"""A worker that is told nothing serves all queues, as two crews that end together."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.journeys.conftest import Installation


def _children(pid: int) -> set[int]:
    return {
        int(child)
        for task in Path(f"/proc/{pid}/task").glob("*/children")
        for child in task.read_text().split()
        if Path(f"/proc/{child}").exists()
    }


def _crew(pid: int, queues: str) -> int:
    """Return the process of a worker's child that serves these queues; 0 if there is none."""
    for child in _children(pid):
        # It may end while it is looked at.
        with suppress(FileNotFoundError, ProcessLookupError):
            if queues in Path(f"/proc/{child}/cmdline").read_text().split("\0"):
                return child
    return 0


def test_the_second_crew_is_kept_going_and_ends_with_the_worker(installation: Installation) -> None:
    worker = installation.start("worker", "--queues", "")
    installation.wait_until(lambda: bool(_crew(worker.pid, "transactional,feedback")), "there is a second crew")
    first = _crew(worker.pid, "transactional,feedback")

    os.kill(first, signal.SIGKILL)

    installation.wait_until(
        lambda: _crew(worker.pid, "transactional,feedback") not in (0, first), "the second crew is started again"
    )
    second = _crew(worker.pid, "transactional,feedback")
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    installation.wait_until(lambda: not _is_running(second), "the second crew ends with the worker")


@pytest.mark.slow
def test_a_worker_says_which_queues_nobody_serves(installation: Installation) -> None:
    installation.start("worker", "--queues", "delivery,bulk")
    installation.start("worker", "--queues", "transactional")
    log = installation.home / "worker.log"

    installation.wait_until(lambda: log.read_text().count("unserved: ") == 2, "each of the two says it once")

    assert log.read_text().count("No worker serves the queue feedback: bounces and complaints are taken in") == 2


def _is_running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
