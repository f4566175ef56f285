"""Pressrun's processes as a benchmark runs them: each in a group of its own, by the command line that operators use."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path


class Processes:
    """Started, killed and measured at will; each writes a log into the home folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, kind: str, *options: str) -> None:
        """Start one: `pressrun KIND OPTIONS`."""
        with self.log(kind).open("ab") as log:
            self._running[kind] = subprocess.Popen(
                [sys.executable, "-m", "mailer", kind, *options], stdout=log, stderr=log, start_new_session=True
            )

    def log(self, kind: str) -> Path:
        """Return the file with what processes of this kind have said."""
        return self._home / f"{kind}.log"

    def is_running(self, kind: str) -> bool:
        """Whether it has not ended."""
        return self._running[kind].poll() is None

    def end(self, kind: str, number: signal.Signals) -> None:
        """Signal one; SIGKILL goes to its whole group, SIGTERM to the parent, as a service manager does it."""
        process = self._running[kind]
        with suppress(ProcessLookupError):
            if number is signal.SIGKILL:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        process.wait()

    def kill_a_child(self, kind: str, chance: random.Random) -> bool:
        """Kill one of the processes that this one has forked; False if there is none just now."""
        if not (children := self.children(kind)):
            return False
        with suppress(ProcessLookupError):
            os.kill(chance.choice(children), signal.SIGKILL)
        return True

    def children(self, kind: str) -> list[int]:
        """Return the numbers of the processes that this one has forked."""
        pid = self._running[kind].pid
        listed = Path(f"/proc/{pid}/task/{pid}/children")
        return [int(child) for child in listed.read_text().split()] if listed.is_file() else []

    def peak_megabytes(self, kind: str) -> float:
        """Return the most memory that any of this process and its children has ever had in use."""
        return max(_peak_megabytes(pid) for pid in (self._running[kind].pid, *self.children(kind)))

    def processor_seconds(self, kind: str) -> float:
        """Return the processor time that this process and its children have used."""
        return sum(map(_processor_seconds, (self._running[kind].pid, *self.children(kind))))

    def end_all(self) -> None:
        """Kill whatever runs."""
        for kind in self._running:
            self.end(kind, signal.SIGKILL)


def _peak_megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
