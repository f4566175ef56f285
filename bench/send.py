"""How fast a whole mailing goes, from the ledger to the wire: `python -m bench.send --messages N --size BYTES`.

Everything is real and on loopback: redis-server (append-only, every write on disk), a scheduler, a Celery worker of one
process, and Postfix's `smtp-sink`. Each person has their own record, greeting, return path, Message-ID and links.
`smtp-source -d -s 20` hands as many messages of the same size to a sink of its own, in turns with us; medians count.

The last line is one JSON object: `rate reference_rate ratio worker_peak_mb accepted balanced plan_seconds`. With
`--dkim` each message is signed with RSA-2048, and there are `openssl_rate`, what `openssl speed` signs on one core, and
`signed_ratio`, ours of that. With `--latency-ms` there is `latency_ratio`: our rate, of what so many connections allow
if each message waits once so long. A rate is counted from the first acceptance that stands in the ledger to the last.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench.processes import Processes
from bench.redisserver import Server
from bench.render import openssl_rate
from bench.smtpsink import sink, source_command
from bench.wire import stretched
from mailer.delivery import keys
from mailer.delivery.controlling import schedule
from mailer.delivery.planning import plan
from mailer.delivery.press import Press
from mailer.demo.waiting import until_complete
from mailer.homefolder import make_secret
from mailer.issues.issue import Issue
from mailer.issues.mailing import MailingId
from mailer.rendering.compiling import compile_edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.senders.rotating import activate_unseen, make_key
from mailer.settings import RelayTls, load_settings
from mailer.wiring import open_press
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.storage import Command, run_all
from subscribers.subscriber import Subscriber
from tests.newsroom import DAILY, HARBOUR, NOW, crowd, enrol, furnish

_LOOK_SECONDS = 0.01
_LONGEST_SECONDS = 3_600.0
_ON_A_LONG_WIRE = 400
"""Messages for smtp-source there: it waits four times for each."""
_STORY = "<p>Ships of all sizes came in.</p>\n"
_FRAME = """<html><body><h1>The harbour opens</h1>
<p>Dear {{ subscriber.first_name | default("friend") }}, here is the news of a day.</p>
STORIES<p><a href="https://news.example.com/harbour">Read on</a> or <a href="{{ view_url }}">look at it</a>.</p>
<p>{{ newsletter.postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>
"""


@dataclass
class Measured:
    """What the rounds have shown."""

    rates: list[float] = field(default_factory=list)
    reference_rates: list[float] = field(default_factory=list)
    plan_seconds: list[float] = field(default_factory=list)
    accepted: list[int] = field(default_factory=list)
    openssl_rates: list[float] = field(default_factory=list)
    worker_seconds: list[float] = field(default_factory=list)
    is_balanced: bool = True


def issue_of(press: Press, size_bytes: int) -> Issue:
    """Return an issue whose messages have so many bytes, or a line more."""
    stories = 0
    while (missing := size_bytes - _message_bytes(press, _issue(stories))) > 0:
        # A story stands twice in a message: as HTML and as text.
        stories += max(1, missing // (2 * len(_STORY)))
    return _issue(stories)


def _issue(stories: int) -> Issue:
    return replace(HARBOUR, format="html", source=_FRAME.replace("STORIES", _STORY * stories))


def _message_bytes(press: Press, issue: Issue) -> int:
    edition = compile_edition(issue, DAILY, public_url=press.settings.public_url)
    facts = MailingFacts(mailing_id=1, list_id=1, list_slug="readers")
    assembler = Assembler(edition, DAILY, facts, press.tokens, press.settings.public_url)
    reader = Subscriber(
        id=SubscriberId(10_000), address=parse_address(next(iter(crowd(1)))), name="reader10000", joined=NOW
    )
    return len(assembler.hand_over(reader, NOW).message)


class Bench:
    """One press; each round hands over one mailing to everybody."""

    def __init__(self, options: argparse.Namespace, press: Press, processes: Processes) -> None:
        self.options = options
        self.press = press
        self.processes = processes
        self.measured = Measured()

    async def run(self) -> None:
        """Bring people in, start worker and scheduler, and mail to all, as often as asked."""
        readers = await furnish(self.press, issue=issue_of(self.press, self.options.size))
        await enrol(self.press, readers, crowd(self.options.messages))
        if self.options.dkim:
            key = await make_key(self.press.keys, DAILY.sender_domain, now=NOW)
            await activate_unseen(self.press.keys, key.domain, key.selector, NOW)
        for number in range(self.options.relays):
            await self.press.relays.add(self._relay(number))
        self.processes.start("worker", "--queues", "delivery")
        self.processes.start("scheduler")
        await self._until_ready()
        for round_ in range(self.options.rounds):
            self.measured.reference_rates.append(await self._reference_rate())
            if self.options.dkim:
                self.measured.openssl_rates.append(await asyncio.to_thread(openssl_rate))
            self.measured.rates.append(await self._rate())
            if not self.options.json:
                ours, theirs = self.measured.rates[-1], self.measured.reference_rates[-1]
                print(f"round {round_ + 1}: {ours:,.0f} messages a second; smtp-source {theirs:,.0f}")

    def _relay(self, number: int) -> StoredRelay:
        """Return the sink as one of several relays, with its part of the connections, and a limit that is kept."""
        return StoredRelay(
            name=f"sink-{number}",
            host="127.0.0.1",
            port=self.press.settings.relay_port,
            tls=RelayTls.NONE,
            connections=max(1, self.options.connections // self.options.relays),
            hello_name=self.press.settings.hello_name,
            per_day=1_000_000_000,
        )

    async def _until_ready(self) -> None:
        while b"worker ready" not in self.processes.log("worker").read_bytes():
            if not self.processes.is_running("worker"):
                sys.exit(self.processes.log("worker").read_text())
            await asyncio.sleep(0.1)

    async def _reference_rate(self) -> float:
        messages = _ON_A_LONG_WIRE if self.options.latency_ms else self.options.messages
        # A sink of its own: neither finds the other's connections closing.
        with sink() as port:
            async with stretched(port, self.options.latency_ms / 1000) as wire:
                to = wire.port if self.options.latency_ms else port
                command = source_command(to, messages, self.options.size, self.options.connections)
                began = time.perf_counter()
                source = await asyncio.create_subprocess_exec(*command)
                if await source.wait():
                    sys.exit("smtp-source failed.")
                return messages / (time.perf_counter() - began)

    async def _rate(self) -> float:
        """Mail to everybody once; return the messages a second between the first and the last that was accepted."""
        # Tomorrow, so that the scheduler does not plan it before we do.
        tomorrow = await self.press.ledger.now() + timedelta(days=1)
        mailing = await schedule(self.press, "harbour", ["readers"], now=NOW, starts=tomorrow)
        used = self.processes.processor_seconds("worker")
        began = time.perf_counter()
        await plan(self.press, mailing.id, "bench")
        self.measured.plan_seconds.append(time.perf_counter() - began)

        first = await self._until_accepted(mailing.id, 1)
        began = time.perf_counter()
        last = await self._until_accepted(mailing.id, self.options.messages)
        rate = (last - first) / (time.perf_counter() - began)
        await until_complete(self.press, mailing.id, self.options.messages)
        self.measured.worker_seconds.append(self.processes.processor_seconds("worker") - used)
        counts = await self.press.ledger.counts(mailing.id)
        self.measured.accepted.append(counts.accepted)
        self.measured.is_balanced &= counts.balanced
        return rate

    async def _until_accepted(self, mailing: MailingId, enough: int) -> int:
        """Return how many are accepted, once so many are."""
        chunks = range(await self.press.people.subscribers.chunk_count())
        patience = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < patience:
            counts: list[Command] = [("BITCOUNT", keys.word(mailing, chunk, "accepted")) for chunk in chunks]
            accepted: int = sum(await run_all(self.press.redis, counts))
            if accepted >= enough:
                return accepted
            # Looking takes some of the two processors: often only where the end is near.
            await asyncio.sleep(_LOOK_SECONDS if accepted > 0.9 * enough else 5 * _LOOK_SECONDS)
        sys.exit(f"Not complete after {_LONGEST_SECONDS:.0f} s.")

    def report(self) -> dict[str, object]:
        """Return what is to be printed."""
        measured = self.measured
        rate, reference = statistics.median(measured.rates), statistics.median(measured.reference_rates)
        facts: dict[str, object] = {
            "messages": self.options.messages,
            "size_bytes": self.options.size,
            "rate": round(rate),
            "reference_rate": round(reference),
            "ratio": round(rate / reference, 2),
            "worker_peak_mb": round(self.processes.peak_megabytes("worker"), 1),
            "accepted": min(measured.accepted),
            "balanced": measured.is_balanced,
            "cpu_microseconds": round(statistics.median(measured.worker_seconds) / self.options.messages * 1e6, 1),
            "plan_seconds": round(max(measured.plan_seconds), 2),
        }
        if self.options.dkim:
            openssl = statistics.median(measured.openssl_rates)
            facts |= {"openssl_rate": round(openssl), "signed_ratio": round(rate / openssl, 2) if openssl else None}
        if self.options.latency_ms:
            allowed = self.options.connections / (self.options.latency_ms / 1000)
            facts["latency_ratio"] = round(rate / allowed, 2)
        return facts


async def run(options: argparse.Namespace, processes: Processes, sink_port: int) -> dict[str, object]:
    """Measure; return what is to be printed."""
    async with stretched(sink_port, options.latency_ms / 1000) as wire:
        os.environ["PRESSRUN_RELAY_PORT"] = str(wire.port if options.latency_ms else sink_port)
        async with open_press(load_settings()) as press:
            bench = Bench(options, press, processes)
            await bench.run()
            return bench.report()


def main() -> None:
    """Run once and print the result."""
    parser = argparse.ArgumentParser(prog="python -m bench.send", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=20_000, help="people, each of whom gets one message a round")
    parser.add_argument("--size", type=int, default=4_000, help="bytes of one message")
    parser.add_argument("--connections", type=int, default=20, help="connections of the worker, and of smtp-source")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="let every reply of the sink take so long")
    parser.add_argument("--relays", type=int, default=0, help="so many relays as `pressrun relays` defines them")
    parser.add_argument("--dkim", action="store_true", help="sign each message with RSA-2048")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    options = parser.parse_args()
    with TemporaryDirectory(prefix="pressrun-send-") as folder, sink() as port:
        home = Path(folder)
        make_secret(home)
        redis, processes = Server(home, is_append_only=True), Processes(home)
        os.environ.update(
            PRESSRUN_HOME=folder,
            PRESSRUN_REDIS_URL=redis.url,
            PRESSRUN_RELAY_CONNECTIONS=str(options.connections),
            PRESSRUN_WORKER_PROCESSES="1",
            PRESSRUN_HELLO_NAME="press.example.com",
            PRESSRUN_PUBLIC_URL="https://news.example.com",
        )
        redis.start()
        try:
            result = uvloop.run(run(options, processes, port))
            processes.end("worker", signal.SIGTERM)
        finally:
            processes.end_all()
            redis.kill()
    print(json.dumps(result))


if __name__ == "__main__":
    main()
