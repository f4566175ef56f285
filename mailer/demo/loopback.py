"""Answer the demo's questions about sockets: whether a port is free, is listened on, whether a Redis answers.

Only loopback, only questions: nothing here serves anything. The demo asks Redis without a client library, because it
must know whether one is there before anything else of Pressrun is loaded.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path

from mailer.errors import ConfigError

_PATIENCE_SECONDS = 2.0


def free_ports(count: int, host: str = "127.0.0.1") -> tuple[int, ...]:
    """Return that many different ports that were free a moment ago."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((host, 0))
        return tuple(one.getsockname()[1] for one in sockets)


def require_free(port: int, *, purpose: str, host: str = "127.0.0.1") -> None:
    """Raise ConfigError, in one sentence that names the port, if nothing could listen there."""
    with socket.socket() as probe:
        # As every server does: a port that a closed connection lingers on counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigError(f"Port {port} for {purpose} {_refusal(error)}; choose another with --port.") from error


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(_PATIENCE_SECONDS)
        return probe.connect_ex((host, port)) == 0


def redis_answers(path: Path) -> bool:
    """Whether a Redis behind this Unix socket says PONG; one that is still loading its data does not."""
    return _ask(path, b"PING").startswith(b"+PONG")


def redis_shut_down(path: Path) -> bool:
    """Ask the Redis behind this Unix socket to put everything on disk and end. Return whether it agreed.

    It agrees by closing the connection without a word; a refusal is an error line.
    """
    return not _ask(path, b"SHUTDOWN", silence=b"").startswith(b"-")


def _ask(path: Path, command: bytes, *, silence: bytes = b"-no answer") -> bytes:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PATIENCE_SECONDS)
            connection.connect(str(path))
            connection.sendall(command + b"\r\n")
            return connection.recv(512) or silence
    except OSError:
        return b"-no answer"


def _refusal(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "is taken by another program"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "may not be used by this account (ports below 1024 belong to the administrator)"
    return f"cannot be used ({(error.strerror or str(error)).lower()})"
