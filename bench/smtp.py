"""How fast messages are handed over, beside Postfix's own `smtp-source`: `python -m bench.smtp`.

Both send to the same `smtp-sink` (package `postfix`) on loopback, in turns, several rounds; the medians count. The last
line printed is one JSON object: `size_bytes messages connections rate reference_rate ratio cpu_microseconds accepted`.
Every message is another one, made while sending, as a mailing does.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from shutil import which

import uvloop

from mailer.smtp import Envelope, HandOver, Outcome, OutcomeKind, Pool, Relay

LINE = b"Six short stories, and a line of seventy-six characters, as editions have.\r\n"
PROGRAM_FOLDERS = os.environ.get("PATH", "") + ":/usr/sbin"


def program(name: str) -> str:
    """Return the path of one of Postfix's programs, or end with a sentence."""
    return which(name, path=PROGRAM_FOLDERS) or sys.exit(f"This benchmark needs {name}, of Debian's package postfix.")


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


def reference_seconds(port: int, messages: int, size_bytes: int) -> float:
    """Let smtp-source hand over as many, on 20 connections."""
    command = [program("smtp-source"), "-d", "-s", "20", "-m", str(messages), "-l", str(size_bytes)]
    command += ["-f", "bounce@example.com", "-t", "reader@example.com", f"127.0.0.1:{port}"]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - start


class Letters:
    """Makes hand-overs, and counts how they end."""

    def __init__(self, messages: int, size_bytes: int) -> None:
        self.messages = messages
        self.body = LINE * (size_bytes // len(LINE))
        self.accepted = 0

    def __iter__(self) -> Iterator[HandOver]:
        for number in range(self.messages):
            address = f"reader{number}@example.com"
            envelope = Envelope(f"b+{number:026}@bounces.example.com", address, f"{number:026}")
            yield HandOver(number, envelope, f"To: {address}\r\nSubject: Six stories\r\n\r\n".encode() + self.body)

    def settle(self, _key: int, outcome: Outcome) -> None:
        """Count the accepted."""
        self.accepted += outcome.kind is OutcomeKind.ACCEPTED


async def our_seconds(port: int, letters: Letters, connections: int) -> tuple[float, float]:
    """Hand over all letters; return the seconds by the wall and of the processor."""
    pool = Pool(Relay("127.0.0.1", port, connections=connections, hello_name="bench.example.com"))
    start, start_cpu = time.perf_counter(), time.process_time()
    await pool.hand_over_all(iter(letters), letters.settle)
    seconds = time.perf_counter() - start, time.process_time() - start_cpu
    await pool.close()
    return seconds


def main() -> None:
    """Measure in turns, so that whatever else the machine does meets both."""
    parser = ArgumentParser(prog="python -m bench.smtp", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=4_000, help="bytes of one message")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    options = parser.parse_args()
    ours, processor, reference, accepted = [], [], [], 0
    for round_ in range(options.rounds):
        # A sink of its own for each side: neither finds the other's connections closing.
        with sink() as port:
            reference.append(options.messages / reference_seconds(port, options.messages, options.size))
        letters = Letters(options.messages, options.size)
        with sink() as port:
            wall, cpu = uvloop.run(our_seconds(port, letters, options.connections))
        ours.append(options.messages / wall)
        processor.append(cpu / options.messages * 1e6)
        accepted += letters.accepted
        if not options.json:
            print(f"round {round_ + 1}: {ours[-1]:,.0f} messages a second; smtp-source {reference[-1]:,.0f}")
    rate, reference_rate = statistics.median(ours), statistics.median(reference)
    facts = {
        "size_bytes": options.size,
        "messages": options.messages * options.rounds,
        "connections": options.connections,
        "rate": round(rate),
        "reference_rate": round(reference_rate),
        "ratio": round(rate / reference_rate, 2),
        "cpu_microseconds": round(statistics.median(processor), 1),
        "accepted": accepted,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
