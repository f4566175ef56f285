"""How fast an issue is compiled, and a message personalised: `python -m bench.render`.

The last line printed is one JSON object: `compile_ms message_bytes personalise_per_second tracked_per_second
stdlib_per_second ratio signed_per_second openssl_per_second signed_ratio`. `tracked` is with tracked links and a pixel:
one token more, in more places. The first ratio is against `email.message` and Jinja2 making the
same parts in the same run, as newsletter systems usually do; the second, of messages made and signed with RSA-2048, is
against what `openssl speed` signs in the same run, which is the most that one core can do. All of it in seconds of
this process's own work, as `openssl speed` counts: other work of the machine makes the numbers no smaller.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from time import process_time

from jinja2 import Environment

from mailer.issues.aims.tracking import Tracking
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.senders.dkim import load_key, make_private_key, sign_canonical
from mailer.tokens import Tokens
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.subscriber import Subscriber

PUBLIC_URL = "https://press.example.com"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
NEWSLETTER = Newsletter(
    slug="bench",
    name="Bench",
    sender_name="Bench",
    sender_address="letter@news.example.com",
    postal_address="Bench Press\n12 Quay Street",
)
_STORY = """\
## {number}. A story about slow ferries

![A ferry at a pier](https://images.example.com/{number}.jpg)

{words}

[Read on](https://example.com/{number}){{.button}}
"""


def sample_issue() -> Issue:
    """Return an issue of six stories with images and buttons."""
    words = "The ferries ran all week at two degrees above zero, and [the log](https://example.com/log) is open. " * 5
    stories = "\n".join(_STORY.format(number=number, words=words) for number in range(1, 7))
    source = 'Dear {{ subscriber.first_name | default("friend") }},\n\n' + stories
    return Issue(slug="bench", title="Six", subject="Six stories", source=source, created=NOW, updated=NOW)


def people(count: int) -> list[Subscriber]:
    """Return made-up people."""
    return [
        Subscriber(id=SubscriberId(id_), address=parse_address(f"p{id_}@example.com"), name=f"Ann{id_} Lee", joined=NOW)
        for id_ in range(100_000, 100_000 + count)
    ]


def best_rate(work: Callable[[], None], count: int, rounds: int = 5) -> float:
    """Return how many a second the best of some rounds made: the others met other work of the machine."""
    best = 0.0
    for _ in range(rounds):
        start = process_time()
        work()
        best = max(best, count / (process_time() - start))
    return best


def openssl_rate() -> float:
    """Return how many RSA-2048 signatures a second OpenSSL makes on one core; 0 where there is no `openssl`."""
    command = ["openssl", "speed", "-seconds", "1", "rsa2048"]
    try:
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0.0
    match = re.search(r"^rsa\s+2048 bits\s+\S+\s+\S+\s+(?:\S+s\s+\S+s\s+)?([\d.]+)", printed, re.MULTILINE)
    return float(match[1]) if match else 0.0


def signed_rates(assembler: Assembler, crowd: list[Subscriber]) -> tuple[float, float]:
    """Return how many messages a second are made and signed, and the rate of OpenSSL: in turns and in short rounds.

    A core shared with other work changes its pace from second to second: the best of each is the least disturbed.
    """
    key = load_key("news.example.com", "bench", make_private_key())

    def personalise_and_sign() -> None:
        for person in crowd:
            sign_canonical(assembler.hand_over(person, NOW).message, [key], NOW)

    turns = [(best_rate(personalise_and_sign, len(crowd), rounds=12), openssl_rate()) for _ in range(5)]
    return max(ours for ours, _ in turns), max(theirs for _, theirs in turns)


def tracked_rate(issue: Issue, crowd: list[Subscriber]) -> float:
    """Return how many messages a second are made with tracked links and a pixel."""
    edition = compile_edition(issue, NEWSLETTER, public_url=PUBLIC_URL, tracking=Tracking.ALL)
    assembler = Assembler(edition, NEWSLETTER, MailingFacts(7, 3, "bench"), Tokens(b"b" * 32), PUBLIC_URL)

    def personalise() -> None:
        for person in crowd:
            assembler.hand_over(person, NOW)

    return best_rate(personalise, len(crowd))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.render", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print nothing but the object, which is all there is")
    parser.parse_args()
    issue = sample_issue()
    seconds = []
    for _ in range(12):
        start = process_time()
        edition = compile_edition(issue, NEWSLETTER, public_url=PUBLIC_URL)
        seconds.append(process_time() - start)
    assembler = Assembler(edition, NEWSLETTER, MailingFacts(7, 3, "bench"), Tokens(b"b" * 32), PUBLIC_URL)
    crowd = people(4_000)

    def personalise() -> None:
        for person in crowd:
            assembler.hand_over(person, NOW)

    ours = best_rate(personalise, len(crowd))
    signed, openssl = signed_rates(assembler, crowd[:100])
    theirs = best_rate(_standard_library(assembler, crowd[:150]), 150, rounds=3)
    print(
        json.dumps(
            {
                "compile_ms": round(statistics.median(seconds[2:]) * 1_000, 1),
                "message_bytes": len(assembler.hand_over(crowd[0], NOW).message),
                "personalise_per_second": round(ours),
                "tracked_per_second": round(tracked_rate(issue, crowd)),
                "stdlib_per_second": round(theirs),
                "ratio": round(ours / theirs, 1),
                "signed_per_second": round(signed),
                "openssl_per_second": round(openssl),
                "signed_ratio": round(signed / openssl, 2) if openssl else None,
            }
        )
    )


def _standard_library(assembler: Assembler, crowd: list[Subscriber]) -> Callable[[], None]:
    """Return the same work as it is usually done: two templates a person, and the email package."""
    marked = assembler.view(crowd[0]).replace(crowd[0].first_name, "{{ name }}")
    marked_text = assembler.text(crowd[0]).replace(crowd[0].first_name, "{{ name }}")
    html, text = (Environment(autoescape=True).from_string(template) for template in (marked, marked_text))

    def work() -> None:
        for person in crowd:
            message = EmailMessage(policy=policy.SMTP)
            message["From"], message["To"], message["Subject"] = "a@example.com", person.address, "Six stories"
            message.set_content(text.render(name=person.first_name))
            message.add_alternative(html.render(name=person.first_name), subtype="html")
            message.as_bytes()

    return work


if __name__ == "__main__":
    main()
