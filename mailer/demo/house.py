"""The demo's house: its folder, its ports, and what its processes are told.

Everything is on loopback. Mail is handed to the demo's own inbox and to nobody else, whatever the operator's
environment says: a demo must not be able to mail people.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailer.demo.loopback import is_listening, require_free
from mailer.demo.supervisor import Child
from mailer.errors import ConfigError
from mailer.homefolder import make_secret, prepare_home

HOST = "127.0.0.1"
WEB_PORT = 8025

# Greylisted people are tried again after a second, so that a demo does not take a minute.
_RETRY_DELAYS_SECONDS = (1, 2, 4)
_PURPOSES = {"web": "the web pages", "inbox": "the inbox", "inbound": "the listener for reports"}


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo listens."""

    web: int
    inbox: int
    inbound: int

    @classmethod
    def from_web(cls, web: int) -> Ports:
        """Return this port and the two after it."""
        return cls(web, web + 1, web + 2)


@dataclass(frozen=True, slots=True)
class House:
    """Where the demo lives."""

    home: Path
    ports: Ports

    @property
    def url(self) -> str:
        """Where its web pages are."""
        return f"http://{HOST}:{self.ports.web}"

    @property
    def redis_folder(self) -> Path:
        """Where its Redis keeps its data."""
        return self.home / "redis"

    @property
    def logs(self) -> Path:
        """Where its processes write what they have to say."""
        return self.home / "logs"

    def settings(self, redis_socket: Path) -> dict[str, object]:
        """Return what is set for every process, over whatever the environment says."""
        return {
            "home": self.home,
            "redis_url": f"unix://{redis_socket}?db=0",
            "broker_url": "",
            "public_url": self.url,
            "web_host": HOST,
            "web_port": self.ports.web,
            "relay_host": HOST,
            "relay_port": self.ports.inbox,
            "relay_tls": "none",
            "relay_username": "",
            "relay_password": "",
            "inbound_host": HOST,
            "inbound_port": self.ports.inbound,
            "inbox_host": HOST,
            "inbox_port": self.ports.inbox,
            "retry_delays_seconds": _RETRY_DELAYS_SECONDS,
            # A demo shows refusals and complaints; of whoever brings their own people any share may be such.
            "quality_breaker": False,
            # Long enough to see that it can be undone, short enough not to wait for it.
            "undo_seconds": 5,
        }

    @property
    def shell_file(self) -> Path:
        """What a person's shell reads, so that commands in another terminal are about this demo."""
        return self.home / "demo.env"

    def environment(self, redis_socket: Path) -> dict[str, str]:
        """Return the environment of the demo's processes."""
        return {**os.environ, **self._told(redis_socket)}

    def write_shell_file(self, redis_socket: Path) -> None:
        """Write what the processes are told as lines of a shell, with `pressrun` itself where it is found."""
        told = [f"export {name}={shlex.quote(value)}" for name, value in self._told(redis_socket).items()]
        told.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
        self.shell_file.write_text("\n".join(told) + "\n")

    def _told(self, redis_socket: Path) -> dict[str, str]:
        return {f"PRESSRUN_{name.upper()}": _written(value) for name, value in self.settings(redis_socket).items()}

    def children(self, is_present: Callable[[str], Awaitable[bool]]) -> list[Child]:
        """Return the processes; one without a port is ready when it says so, or is present in Redis."""

        async def web(_said: str) -> bool:
            return is_listening(self.ports.web)

        async def inbox(_said: str) -> bool:
            return is_listening(self.ports.inbox)

        async def inbound(_said: str) -> bool:
            return is_listening(self.ports.inbound)

        async def worker(said: str) -> bool:
            return "worker ready" in said

        async def scheduler(_said: str) -> bool:
            return await is_present("scheduler")

        return [
            Child("inbox", _pressrun("inbox"), inbox),
            Child("inbound", _pressrun("inbound"), inbound),
            Child("worker", _pressrun("worker"), worker),
            Child("scheduler", _pressrun("scheduler"), scheduler),
            Child("web", _pressrun("serve"), web),
        ]

    def require_ports(self) -> None:
        """Raise ConfigError if a port is taken."""
        for name, purpose in _PURPOSES.items():
            require_free(getattr(self.ports, name), purpose=purpose)


@contextmanager
def moved_in(house: House) -> Iterator[None]:
    """Make the house ready and keep others out while the block runs.

    Raises ConfigError for a folder that cannot be written, one in which a demo runs already, and a taken port.
    """
    prepare_home(house.home)
    make_secret(house.home)
    with (house.home / "demo.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise ConfigError(
                f"A demo runs in {house.home} already (process {lock.read().strip()}). "
                "End that one, or name another folder with --home."
            ) from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        house.require_ports()
        yield


def _pressrun(command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "mailer", command)


def _written(value: object) -> str:
    return json.dumps(value) if isinstance(value, tuple | Mapping) else str(value)
