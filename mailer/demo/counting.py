"""Counting what the inbox got, and comparing it with what the ledgers say.

The messages are read by the standard library's parser, which knows nothing of how we wrote them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses
from pathlib import Path

from mailer.delivery.ledger import LedgerCounts, Standing
from mailer.delivery.press import Press
from mailer.issues.mailing import MailingId
from mailer.tokens import Kind, Tokens
from subscribers.cohort import SubscriberId

_NAMED = 3


@dataclass(slots=True)
class Copies:
    """How many copies the inbox got, of which mailing, for whom."""

    of: dict[MailingId, Counter[SubscriberId]] = field(default_factory=dict)
    addresses: dict[SubscriberId, set[str]] = field(default_factory=dict)
    """What stood in To."""
    strangers: list[Path] = field(default_factory=list)
    """Files that are not ours."""


def count_copies(folder: Path, tokens: Tokens) -> Copies:
    """Count the messages in a folder, by the signed token in each Message-ID."""
    copies = Copies()
    for file in sorted(folder.glob("*.eml")):
        header = read_header(file)
        whose = addressee(header, tokens)
        if whose is None:
            copies.strangers.append(file)
            continue
        mailing, subscriber = whose
        copies.of.setdefault(mailing, Counter())[subscriber] += 1
        copies.addresses.setdefault(subscriber, set()).update(
            address for _, address in getaddresses(header.get_all("To", []))
        )
    return copies


def addressee(header: Message, tokens: Tokens) -> tuple[MailingId, SubscriberId] | None:
    """Return the mailing and the person of a message, by its signed Message-ID; None if it is not ours."""
    numbers = tokens.read_local_part(Kind.MESSAGE_ID, header.get("Message-ID", "").strip("<> ").partition("@")[0])
    return (MailingId(numbers[0]), SubscriberId(numbers[1])) if numbers else None


def read_header(file: Path) -> Message:
    """Read a message's header."""
    with file.open("rb") as handle:
        return BytesHeaderParser().parse(handle)


async def find_differences(
    press: Press, mailings: Sequence[tuple[MailingId, LedgerCounts]], copies: Copies
) -> list[str]:
    """Return a sentence for whatever does not fit between ledgers and inbox: nobody too few, nobody too often."""
    problems = [f"{file.name} in the inbox is not from us." for file in copies.strangers]
    for mailing_id, counts in mailings:
        if not counts.balanced or counts.pending:
            problems.append(f"Mailing {mailing_id} does not balance, or {counts.pending} people are still pending.")
        accepted = set(await press.ledger.cohort(mailing_id, Standing.ACCEPTED))
        got = copies.of.get(mailing_id, Counter())
        problems += _named(f"accepted in mailing {mailing_id}, but without a message", accepted - got.keys())
        problems += _named(f"not accepted in mailing {mailing_id}, but with a message", got.keys() - accepted)
        problems += _named(f"with more than one copy of mailing {mailing_id}", (one for one in got if got[one] > 1))
    return problems + await _wrongly_addressed(press, copies)


async def _wrongly_addressed(press: Press, copies: Copies) -> list[str]:
    people = await press.people.subscribers.read(copies.addresses)
    wrong = [one for one, said in copies.addresses.items() if one not in people or said != {people[one].address}]
    return _named("whose message says another address in To", wrong)


def _named(what: str, people: Iterable[int]) -> list[str]:
    found = sorted(people)
    if not found:
        return []
    names = ", ".join(map(str, found[:_NAMED])) + (", …" if len(found) > _NAMED else "")
    return [f"{len(found)} people {what} (ids {names})."]
