"""A Redis for one rehearsal: in memory, behind a Unix socket, and gone when the rehearsal is, however that ends.

Everything that a mailing writes goes there, so that nothing of it can count: the real Redis is only read. The server is
tied to this process: `kill -9` of the rehearsal ends it too. What then stays is an empty folder, which the next
rehearsal takes away.
"""

from __future__ import annotations

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from mailer.clock import monotonic
from mailer.demo.loopback import redis_answers
from mailer.demo.redisserver import find_redis_server, short_socket_path
from mailer.errors import ConfigError
from mailer.tether import tethered

_START_SECONDS = 20.0
_LOOK_SECONDS = 0.01
_OPTIONS = (
    *("--port", "0", "--unixsocketperm", "700", "--save", "", "--appendonly", "no"),
    *("--maxmemory-policy", "noeviction", "--hash-max-listpack-entries", "256", "--hash-max-listpack-value", "1024"),
)


@asynccontextmanager
async def open_scratch(home: Path) -> AsyncIterator[str]:
    """Start a Redis for this rehearsal and give its address. Raises ConfigError where there is no server program."""
    shelf = home / "rehearsals"
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(shelf)
    folder = Path(mkdtemp(dir=shelf))
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        socket = short_socket_path(folder)
        command = (str(find_redis_server()), *_OPTIONS, "--unixsocket", str(socket), "--dir", str(folder))
        process = await asyncio.create_subprocess_exec(
            *tethered((*command, "--logfile", str(folder / "redis.log"))),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await _until_it_answers(socket, process, folder)
            yield f"unix://{socket}?db=0"
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            _remove(folder, socket)


def sweep(shelf: Path) -> int:
    """Take away the folders of rehearsals that were killed; return how many there were."""
    swept = 0
    for folder in shelf.iterdir():
        if folder.is_dir() and _is_left(folder):
            _remove(folder, short_socket_path(folder))
            swept += 1
    return swept


def _is_left(folder: Path) -> bool:
    """Whether nobody is rehearsing there."""
    try:
        with (folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove(folder: Path, socket: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if socket.parent.is_symlink():
        # The path was too long for a socket, so a link in the temp folder led there.
        socket.parent.unlink()


async def _until_it_answers(socket: Path, process: asyncio.subprocess.Process, folder: Path) -> None:
    deadline = monotonic() + _START_SECONDS
    while not redis_answers(socket):
        if process.returncode is not None or monotonic() > deadline:
            log = folder / "redis.log"
            said = log.read_text(errors="replace").splitlines()[-1:] if log.is_file() else ["it said nothing"]
            raise ConfigError(f"The rehearsal's Redis does not start: {''.join(said)}")
        await asyncio.sleep(_LOOK_SECONDS)
