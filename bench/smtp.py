"""How fast messages are handed over, beside Postfix's own `smtp-source`: `python -m bench.smtp`.

Both send to the same `smtp-sink` (package `postfix`) on loopback, in turns, several rounds; the medians count. The last
line printed is one JSON object: `size_bytes messages connections rate reference_rate ratio cpu_microseconds accepted`.
Every message is another one, made while sending, as a mailing does.
"""

from __future__ import annotations

import json
import statistics
import time
from argparse import ArgumentParser
from collections.abc import Iterator

import uvloop

from bench.smtpsink import sink, source_seconds
from mailer.smtp import Envelope, HandOver, Outcome, OutcomeKind, Pool, Relay

LINE = b"Six short stories, and a line of seventy-six characters, as editions have.\r\n"


class Letters:
    """Makes hand-overs as they are asked for, and counts how they end."""

    def __init__(self, messages: int, size_bytes: int) -> None:
        self.messages = messages
        self.body = LINE * (size_bytes // len(LINE))
        self.accepted = 0
        self._made = self._make()

    def at_hand(self) -> HandOver | None:
        """Return the next."""
        return next(self._made, None)

    async def more(self) -> bool:
        """Return false: whoever found nothing at hand has come to the end."""
        return False

    def _make(self) -> Iterator[HandOver]:
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
    await pool.hand_over_all(letters, letters.settle)
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
            reference.append(options.messages / source_seconds(port, options.messages, options.size))
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
