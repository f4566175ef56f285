"""Postfix's own sink and source: what mail is handed to, and the program beside which we are measured.

Both are of Debian's package postfix, whose daemon need not run.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which

_PROGRAM_FOLDERS = os.environ.get("PATH", "") + ":/usr/sbin"


def program(name: str) -> str:
    """Return the path of one of Postfix's programs, or end with a sentence."""
    return which(name, path=_PROGRAM_FOLDERS) or sys.exit(f"This benchmark needs {name}, of Debian's package postfix.")


@contextmanager
def sink() -> Iterator[int]:
    """Run smtp-sink on a free port, and give the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    as_nobody = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([program("smtp-sink"), *as_nobody, f"127.0.0.1:{port}", "100"])
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Return when somebody listens."""
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("smtp-sink did not start.")


def source_command(port: int, messages: int, size_bytes: int, connections: int = 20) -> list[str]:
    """Return the command that lets smtp-source hand over so many messages, on connections that it keeps."""
    return [
        *(program("smtp-source"), "-d", "-s", str(connections), "-m", str(messages), "-l", str(size_bytes)),
        *("-f", "bounce@example.com", "-t", "reader@example.com", f"127.0.0.1:{port}"),
    ]


def source_seconds(port: int, messages: int, size_bytes: int) -> float:
    """Let smtp-source hand over so many messages, on 20 connections; return how long it took."""
    start = time.perf_counter()
    subprocess.run(source_command(port, messages, size_bytes), check=True)
    return time.perf_counter() - start
