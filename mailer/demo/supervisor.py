"""Keeps the demo's processes: starts them, waits until each is ready, starts a dead one again, ends them all.

`async with Supervisor(...) as supervisor: await supervisor.start(children)`. What it promises:

- `start` returns when every child is ready, or raises ConfigError with the last words of the one that is not.
- A child that ends by itself is started once more, and said so; when it ends again, `until_broken` returns the
  sentence.
- Leaving the block ends every child and its own children: SIGTERM, and SIGKILL after ten seconds.
- If this process is killed -9, the kernel ends the children (see `tether`).

Each child has a log file. A child is the leader of its own session, so that Ctrl-C in the terminal reaches this process
alone, which ends the others in good order.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from mailer.errors import ConfigError
from mailer.tether import tethered

_READY_SECONDS = 60.0
_END_SECONDS = 10.0
_LOOK_SECONDS = 0.05

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Child:
    """One process of the demo."""

    name: str
    command: tuple[str, ...]
    is_ready: Callable[[str], Awaitable[bool]]
    """Asked again and again until it says yes; it is told what the child has written since it was started."""


class Supervisor:
    """Runs children until the block is left."""

    def __init__(self, *, environment: Mapping[str, str], logs: Path, say: Callable[[str], None]) -> None:
        """Keep what every child gets: the environment, and a file in the log folder."""
        self._environment = dict(environment)
        self._logs = logs
        self._say = say
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._watches: list[asyncio.Task[None]] = []
        self._broken: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        """Begin with no child."""
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every child, whatever happened. A second Ctrl-C does not leave one behind."""
        await asyncio.shield(self._end())

    async def start(self, children: Sequence[Child]) -> None:
        """Start these and wait until each is ready."""
        written = {child.name: self._log_size(child) for child in children}
        for child in children:
            self._processes[child.name] = await self._spawn(child)
        for child in children:
            await self._until_ready(child, written[child.name])
        self._watches += [asyncio.create_task(self._watch(child)) for child in children]

    def break_off(self, sentence: str) -> None:
        """Say that this cannot go on: `until_broken` returns the sentence."""
        if not self._broken.done():
            self._broken.set_result(sentence)

    async def until_broken(self) -> str:
        """Wait until a child has ended for the second time; return the sentence that says so."""
        return await asyncio.shield(self._broken)

    async def while_whole(self, story: Coroutine[Any, Any, T]) -> T:
        """Run a story to its end. Raises ConfigError as soon as a child has ended for the second time."""
        telling = asyncio.create_task(story)
        try:
            futures: set[asyncio.Future[Any]] = {telling, self._broken}
            await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
            if not telling.done():
                raise ConfigError(self._broken.result())
            return telling.result()
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def process_id(self, name: str) -> int:
        """Return the process id of a child that was started."""
        return self._processes[name].pid

    async def _spawn(self, child: Child) -> asyncio.subprocess.Process:
        with self._log(child).open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *tethered(child.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )

    async def _until_ready(self, child: Child, written: int) -> None:
        process = self._processes[child.name]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_SECONDS):
                while process.returncode is None:
                    if await child.is_ready(self._log(child).read_bytes()[written:].decode(errors="replace")):
                        return
                    await asyncio.sleep(_LOOK_SECONDS)
        raise ConfigError(f"The {child.name} does not start: {self._last_words(child)}")

    async def _watch(self, child: Child) -> None:
        status = await self._processes[child.name].wait()
        self._say(f"The {child.name} {_ending(status)}; starting it again. What it said is in {self._log(child)}.")
        self._processes[child.name] = await self._spawn(child)
        status = await self._processes[child.name].wait()
        self.break_off(f"The {child.name} {_ending(status)} again: {self._last_words(child)}")

    async def _end(self) -> None:
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        for process in self._processes.values():
            _signal(process, signal.SIGTERM)
        endings = [process.wait() for process in self._processes.values()]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*endings), _END_SECONDS)
        for process in self._processes.values():
            # The whole group: a killed worker cannot end its own pool.
            _signal_group(process, signal.SIGKILL)
            await process.wait()

    def _log(self, child: Child) -> Path:
        return self._logs / f"{child.name}.log"

    def _log_size(self, child: Child) -> int:
        return self._log(child).stat().st_size if self._log(child).exists() else 0

    def _last_words(self, child: Child) -> str:
        log = self._log(child)
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()] if log.is_file() else []
        return f"{lines[-1].strip()} ({log})" if lines else f"it said nothing ({log})"


def _ending(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
