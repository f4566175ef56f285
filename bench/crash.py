"""Kill everything at random moments of a mailing, and count copies.

    python -m bench.crash [--people N] [--kills K] [--signal KILL|TERM] [--policy resend|hold] [--seed S] [--json]

Real processes on loopback: redis-server (append-only, every write on disk), the catch-all inbox, a scheduler, a worker.
Victims take turns: a child of the worker, the worker with its children, the scheduler, Redis. With TERM, which asks,
only worker and scheduler. Each is started again.
The inbox keeps every copy that it ever took, so copies are counted, not estimated.

`bound` is how many second copies there may be: the people who were claimed and not settled at the moments when a worker
died, read from the ledger before the next worker starts. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.processes import Processes
from bench.redisserver import Server
from mailer.delivery.controlling import schedule
from mailer.delivery.ledger import LedgerCounts, Standing
from mailer.delivery.press import Press
from mailer.demo.loopback import free_ports
from mailer.homefolder import make_secret
from mailer.issues.mailing import Mailing, MailingState
from mailer.settings import UncertainPolicy, load_settings
from mailer.wiring import open_press
from subscribers.errors import StorageDownError
from tests.newsroom import crowd, enrol, furnish

_LONGEST_SECONDS = 900.0
_PAUSE_BETWEEN_KILLS = (0.3, 1.5)
_VICTIMS = {"KILL": ("child", "worker", "scheduler", "redis"), "TERM": ("worker", "scheduler")}


class Run:
    """One mailing under fire."""

    def __init__(self, options: argparse.Namespace, redis: Server, processes: Processes, home: Path) -> None:
        self.options = options
        self.redis = redis
        self.processes = processes
        self.home = home
        self.chance = random.Random(options.seed)  # reproducible, not secret
        self.number = signal.Signals[f"SIG{options.signal}"]
        self.killed = 0
        self.bound = 0

    async def mail(self) -> dict[str, object]:
        """Mail everybody, killing meanwhile; return what is to be printed."""
        async with open_press(load_settings()) as press:
            readers = await furnish(press)
            await enrol(press, readers, crowd(self.options.people))
            policy = UncertainPolicy(self.options.policy)
            mailing = await schedule(press, "harbour", ["readers"], now=await press.ledger.now(), policy=policy)
            began = time.monotonic()
            for kind in ("inbox", "scheduler", "worker"):
                self.processes.start(kind)
            while not await self._is_complete(press, mailing):
                if time.monotonic() - began > _LONGEST_SECONDS:
                    sys.exit(f"Not complete after {_LONGEST_SECONDS:.0f} s; logs are in {self.home}.")
                await asyncio.sleep(self.chance.uniform(*_PAUSE_BETWEEN_KILLS))
                if self.killed < self.options.kills and await self._has_begun(press, mailing):
                    await self._kill(press, mailing)
            return await self._report(press, mailing, time.monotonic() - began)

    async def _kill(self, press: Press, mailing: Mailing) -> None:
        victims = _VICTIMS[self.options.signal]
        victim = victims[self.killed % len(victims)]
        if victim == "child" and not self.processes.kill_a_child("worker", self.chance):
            return
        self.killed += 1
        if victim == "redis":
            self.redis.kill()
            self.redis.start()
        elif victim in ("worker", "scheduler"):
            self.processes.end(victim, self.number)
        if victim in ("child", "worker"):
            self.bound += sum(words.orphaned.bit_count() for words in (await press.ledger.words(mailing.id)).values())
        if victim in ("worker", "scheduler"):
            self.processes.start(victim)

    async def _has_begun(self, press: Press, mailing: Mailing) -> bool:
        return (await self._counts(press, mailing)).accepted > 0

    async def _is_complete(self, press: Press, mailing: Mailing) -> bool:
        try:
            return (await press.mailings.get(mailing.id)).state is MailingState.COMPLETE
        except StorageDownError:
            return False

    async def _counts(self, press: Press, mailing: Mailing) -> LedgerCounts:
        counts = await press.ledger.counts(mailing.id)
        if not counts.balanced:
            sys.exit(f"The ledger does not balance: {counts}")
        return counts

    async def _report(self, press: Press, mailing: Mailing, seconds: float) -> dict[str, object]:
        counts = await self._counts(press, mailing)
        copies = Counter(_recipient(file) for file in (self.home / "inbox").glob("**/*.eml"))
        uncertain = await press.ledger.cohort(mailing.id, Standing.UNCERTAIN)
        held = {one.address for one in (await press.people.subscribers.read(uncertain)).values()}
        return {
            "people": self.options.people,
            "kills": self.killed,
            "missed": self.options.people - len(copies.keys() | held),
            "extra_copies": copies.total() - len(copies),
            "bound": self.bound,
            "uncertain": counts.uncertain,
            "balanced": counts.balanced,
            "seconds": round(seconds, 1),
        }


def _recipient(file: Path) -> str:
    for line in file.read_bytes().split(b"\r\n", 20):
        if line.startswith(b"Delivered-To:"):
            return line.decode().partition(":")[2].strip()
    sys.exit(f"{file} names no recipient.")


def main() -> None:
    """Run once and print the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=12)
    parser.add_argument("--signal", choices=["KILL", "TERM"], default="KILL")
    parser.add_argument("--policy", choices=["resend", "hold"], default="resend")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print nothing but the result")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="pressrun-crash-") as folder:
        home = Path(folder)
        make_secret(home)
        redis, processes = Server(home, is_append_only=True), Processes(home)
        (port,) = free_ports(1)
        os.environ.update(
            PRESSRUN_HOME=folder,
            PRESSRUN_REDIS_URL=redis.url,
            PRESSRUN_RELAY_PORT=str(port),
            PRESSRUN_INBOX_PORT=str(port),
            PRESSRUN_LEASE_SECONDS="3",
            PRESSRUN_RETRY_DELAYS_SECONDS="[0.5, 1]",
            PRESSRUN_HELLO_NAME="press.example.com",
        )
        redis.start()
        try:
            result = asyncio.run(Run(options, redis, processes, home).mail())
        finally:
            processes.end_all()
            redis.kill()
    if not options.json:
        print(f"{result['people']} people, {result['kills']} kills: {result['missed']} missed.")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
