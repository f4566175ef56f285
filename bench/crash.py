"""Kill everything at random moments of a mailing, and count copies.

    python -m bench.crash [--people N] [--kills K] [--signal KILL|TERM] [--policy resend|hold] [--seed S] [--json]

Real processes on loopback: redis-server (append-only, every write on disk), the catch-all inbox, a scheduler, a worker.
Victims take turns, when random parts of the audience are settled: a child of the worker, the worker with its children,
the scheduler, Redis, and the wire, whose connections are all cut at once. With TERM, which asks, only worker and
scheduler. Whoever died is started again. The inbox keeps every copy that it ever took, so copies are counted.

`missed` have no copy and are not held as uncertain. `bound` is how many second copies there may be: for each kill of a
worker, those who had a copy and no recorded reply just after it; for each cut, one for each connection. The last line
is one JSON object.
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
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench.copies import Copies
from bench.processes import Processes
from bench.redisserver import Server
from bench.wire import Wire, stretched
from mailer.delivery.controlling import schedule
from mailer.delivery.ledger import LedgerCounts, Standing
from mailer.delivery.press import Press
from mailer.demo.loopback import free_ports
from mailer.homefolder import make_secret
from mailer.issues.mailing import Mailing, MailingState
from mailer.settings import UncertainPolicy, load_settings
from mailer.wiring import open_press
from subscribers.cohort import Cohort
from subscribers.errors import StorageDownError
from tests.newsroom import crowd, enrol, furnish

_LONGEST_SECONDS = 3_000.0
_LOOK_SECONDS = 0.05
_INBOX_SECONDS = 0.2
"""The inbox has written by then what had reached it."""
_VICTIMS = {"KILL": ("child", "worker", "scheduler", "redis", "wire"), "TERM": ("worker", "scheduler")}


class Run:
    """One mailing under fire."""

    def __init__(self, options: argparse.Namespace, redis: Server, processes: Processes, home: Path) -> None:
        self.options = options
        self.redis = redis
        self.processes = processes
        self.copies = Copies(home / "inbox")
        self.chance = random.Random(options.seed)  # reproducible, not secret
        self.number = signal.Signals[f"SIG{options.signal}"]
        self.moments = sorted(int(self.chance.uniform(0.01, 0.98) * options.people) for _ in range(options.kills))
        """How many people are settled when the next victim dies."""
        self.killed = 0
        self.bound = 0

    async def mail(self, wire: Wire) -> dict[str, object]:
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
                    sys.exit(f"Not complete after {_LONGEST_SECONDS:.0f} s: {await self._counts(press, mailing)}")
                counts = await self._counts(press, mailing)
                if self.killed < len(self.moments) and counts.audience - counts.pending >= self.moments[self.killed]:
                    await self._kill(press, mailing, wire)
                await asyncio.sleep(_LOOK_SECONDS)
            return await self._report(press, mailing, time.monotonic() - began)

    async def _kill(self, press: Press, mailing: Mailing, wire: Wire) -> None:
        victims = _VICTIMS[self.options.signal]
        victim = victims[self.killed % len(victims)]
        match victim:
            case "child":
                if not self.processes.kill_a_child("worker", self.chance):
                    return
                self.bound += await self._with_a_copy_and_no_reply(press, mailing)
            case "worker":
                await self._end(victim)
                self.bound += await self._with_a_copy_and_no_reply(press, mailing)
                self.processes.start(victim)
            case "scheduler":
                await self._end(victim)
                self.processes.start(victim)
            case "redis":
                await asyncio.to_thread(self.redis.kill)
                await asyncio.to_thread(self.redis.start)
            case _:
                self.bound += wire.cut()
        self.killed += 1

    async def _end(self, kind: str) -> None:
        # Beside the loop, on which the wire lives: whoever is asked to end has something to say to the inbox yet.
        await asyncio.to_thread(self.processes.end, kind, self.number)

    async def _with_a_copy_and_no_reply(self, press: Press, mailing: Mailing) -> int:
        if self.number is not signal.SIGKILL:
            return 0
        await asyncio.sleep(_INBOX_SECONDS)
        copies = await asyncio.to_thread(self.copies.look)
        words = await press.ledger.words(mailing.id)
        unsettled = Cohort({chunk: one.pending | one.uncertain for chunk, one in words.items()})
        people = await press.people.subscribers.read(unsettled & Cohort({c: one.claimed for c, one in words.items()}))
        return sum(one.address in copies for one in people.values())

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
        copies = self.copies.look()
        uncertain = await press.ledger.cohort(mailing.id, Standing.UNCERTAIN)
        held = {one.address for one in (await press.people.subscribers.read(uncertain)).values()}
        if held and not self.options.json:
            print("Held as uncertain:", *sorted(held))
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


async def run(options: argparse.Namespace, redis: Server, processes: Processes, home: Path) -> dict[str, object]:
    """Mail through a wire; return what is to be printed."""
    async with stretched() as wire:
        # A free port is only then sure to be another one than the wire's.
        (wire.to_port,) = free_ports(1)
        os.environ.update(PRESSRUN_RELAY_PORT=str(wire.port), PRESSRUN_INBOX_PORT=str(wire.to_port))
        return await Run(options, redis, processes, home).mail(wire)


def main() -> None:
    """Run once and print the result."""
    parser = argparse.ArgumentParser(prog="python -m bench.crash", description=(__doc__ or "").splitlines()[0])
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
        os.environ.update(
            PRESSRUN_HOME=folder,
            PRESSRUN_REDIS_URL=redis.url,
            PRESSRUN_LEASE_SECONDS="3",
            PRESSRUN_RETRY_DELAYS_SECONDS="[0.5, 1]",
            PRESSRUN_HELLO_NAME="press.example.com",
        )
        redis.start()
        try:
            result = uvloop.run(run(options, redis, processes, home))
        finally:
            processes.end_all()
            redis.kill()
    if not options.json:
        print(f"{result['people']} people, {result['kills']} kills: {result['missed']} missed.")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
