"""A whole installation for each journey: Redis on disk, and a real worker, scheduler and inbox, killed at will."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.controlling import schedule
from mailer.delivery.ledger import LedgerCounts
from mailer.delivery.press import Press
from mailer.demo.loopback import free_ports, is_listening
from mailer.homefolder import make_secret, prepare_home
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.settings import Settings, UncertainPolicy, load_settings
from mailer.wiring import open_press
from subscribers.consent import Consent
from subscribers.importing import import_csv
from tests.newsroom import furnish

if TYPE_CHECKING:
    from tests.conftest import RedisServer, StartRedis

_PATIENCE_SECONDS = 60.0


@dataclass
class Installation:
    """Everything that one press needs, on loopback, in a folder of its own."""

    home: Path
    redis: RedisServer
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def settings(self) -> Settings:
        return load_settings()

    def start(self, kind: str, *options: str, **more: str) -> subprocess.Popen[bytes]:
        """Start one of Pressrun's processes, in a group of its own, by the command line that operators use.

        A worker serves mailings alone unless told otherwise.
        """
        if kind == "worker" and not options:
            options = ("--queues", "delivery")
        log = (self.home / f"{kind}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "mailer", kind, *options],
            env={**os.environ, **self.environment, **more},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.processes.append(process)
        return process

    def said(self, *command: str) -> str:
        """Run one of Pressrun's commands as an admin does, and return all that it said."""
        line = [sys.executable, "-m", "mailer", *command]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    def start_inbox(self) -> subprocess.Popen[bytes]:
        """Start the catch-all inbox and wait until it listens."""
        process = self.start("inbox")
        port = int(self.environment["PRESSRUN_INBOX_PORT"])
        self.wait_until(lambda: is_listening(port), "the inbox listens")
        return process

    def wait_until(self, is_so: Callable[[], bool], what: str, seconds: float = _PATIENCE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                pytest.fail(f"In {seconds:.0f} seconds it did not come about that {what}.\n{self.logs()}")
            time.sleep(0.02)

    def logs(self) -> str:
        return "\n".join(f"--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted(self.home.glob("*.log")))

    @asynccontextmanager
    async def press(self) -> AsyncIterator[Press]:
        async with open_press(self.settings()) as press:
            yield press

    async def prepare(self, people: int, *others: str, batch_size: int | None = None) -> None:
        """Bring in a newsletter, a list with so many confirmed people and these others, and an issue."""
        now = datetime.now(UTC)
        rows = "".join(f"reader{number}@example.com,Reader {number}\n" for number in range(people))
        rows += "".join(f"{address},\n" for address in others)
        async with self.press() as press:
            readers = await furnish(press)
            await import_csv(
                press.people,
                BytesIO(f"email,name\n{rows}".encode()),
                readers,
                consent=Consent(list_id=readers.id, when=now, words="They asked for The Daily at the harbour."),
                confirmed=True,
                now=now,
            )

    async def send(self, policy: UncertainPolicy | None = None) -> Mailing:
        async with self.press() as press:
            return await schedule(press, "harbour", ["readers"], now=await press.ledger.now(), policy=policy)

    async def counts(self, mailing: MailingId) -> LedgerCounts:
        async with self.press() as press:
            return await press.ledger.counts(mailing)

    async def until(
        self, mailing: MailingId, is_so: Callable[[Mailing, LedgerCounts], bool], seconds: float = _PATIENCE_SECONDS
    ) -> LedgerCounts:
        """Wait until something is true of a mailing; the ledger must balance at every look."""
        deadline = time.monotonic() + seconds
        async with self.press() as press:
            while True:
                counts = await press.ledger.counts(mailing)
                assert counts.balanced, counts
                if is_so(await press.mailings.get(mailing), counts):
                    return counts
                if time.monotonic() > deadline:
                    pytest.fail(f"Still {counts} after {seconds:.0f} seconds.\n{self.logs()}")
                await asyncio.sleep(0.02)

    async def until_complete(self, mailing: MailingId, seconds: float = _PATIENCE_SECONDS) -> LedgerCounts:
        return await self.until(mailing, lambda one, _: one.state is MailingState.COMPLETE, seconds)

    def messages(self) -> list[EmailMessage]:
        """Return every message that the inbox has got."""
        files = sorted((self.home / "inbox").glob("**/*.eml"))
        found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return [message for message in found if isinstance(message, EmailMessage)]

    def copies(self) -> Counter[str]:
        """Return how many copies each person got."""
        return Counter(str(message["Delivered-To"]) for message in self.messages())

    def end(self) -> None:
        for process in self.processes:
            kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started, and those that it started, as a power cut would."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def installation(tmp_path: Path, start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    """Give an installation with a Redis that keeps everything on disk; nothing else runs yet."""
    with installed(tmp_path, start_redis(appendonly=True), monkeypatch) as one:
        yield one


@contextmanager
def installed(
    tmp_path: Path, redis: RedisServer, monkeypatch: pytest.MonkeyPatch, **more: str
) -> Iterator[Installation]:
    """Give an installation; `more` are further environment variables, which win."""
    inbox_port, inbound_port, web_port = free_ports(3)
    prepare_home(tmp_path)
    make_secret(tmp_path)
    one = Installation(
        tmp_path,
        redis,
        {
            "PRESSRUN_HOME": str(tmp_path),
            "PRESSRUN_REDIS_URL": redis.url,
            "PRESSRUN_RELAY_PORT": str(inbox_port),
            "PRESSRUN_INBOX_PORT": str(inbox_port),
            "PRESSRUN_INBOUND_PORT": str(inbound_port),
            "PRESSRUN_WEB_PORT": str(web_port),
            "PRESSRUN_PUBLIC_URL": f"http://127.0.0.1:{web_port}",
            "PRESSRUN_LEASE_SECONDS": "3",
            "PRESSRUN_RETRY_DELAYS_SECONDS": "[0.5, 1, 2]",
            "PRESSRUN_HELLO_NAME": "press.example.com",
            **more,
        },
    )
    for name, value in one.environment.items():
        monkeypatch.setenv(name, value)
    try:
        yield one
    finally:
        one.end()
        redis.kill()
