"""A redis-server of a benchmark's own, on a unix socket in a folder that goes with it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory


class Server:
    """One redis-server (or valkey-server), started and killed at will; what it has on disk stays."""

    def __init__(self, folder: Path, *, is_append_only: bool) -> None:
        self._folder = folder
        self._is_append_only = is_append_only
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for `open_redis`."""
        return f"unix://{self._folder / 'redis.sock'}?db=0"

    def start(self) -> None:
        """Start it on what it has on disk, and wait until it has loaded that."""
        program = which("redis-server") or which("valkey-server") or sys.exit("This benchmark needs redis-server.")
        durable = ["--appendonly", "yes", "--appendfsync", "always"] if self._is_append_only else []
        command = [program, "--port", "0", "--unixsocket", str(self._folder / "redis.sock"), "--save", ""]
        command += ["--dir", str(self._folder), "--hash-max-listpack-entries", "256"]
        command += ["--hash-max-listpack-value", "1024", *durable]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while not self._answers():
            if self._process.poll() is not None:
                sys.exit("redis-server did not start.")
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def processor_seconds(self) -> float:
        """Return the processor time that it has used."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60.0)
            try:
                connection.connect(str(self._folder / "redis.sock"))
                connection.sendall(b"PING\r\n")
                return connection.recv(5) == b"+PONG"
            except OSError:
                return False


@contextmanager
def running_redis(*, is_append_only: bool = False) -> Iterator[Server]:
    """Give a server that has started, and end it afterwards."""
    with TemporaryDirectory(prefix="pressrun-bench-") as folder:
        server = Server(Path(folder), is_append_only=is_append_only)
        server.start()
        try:
            yield server
        finally:
            server.kill()
