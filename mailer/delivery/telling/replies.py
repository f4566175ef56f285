"""What mail servers said about the people of a mailing who were not accepted: replies that are alike, counted together.

Servers put addresses and the numbers of their queues into what they say; those are left out, so that a thousand replies
to a thousand people are one line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from mailer.delivery.ledger import Standing
from mailer.delivery.press import Press
from mailer.delivery.reply import instant
from mailer.issues.mailing import MailingId

LOOKED_AT = 5_000
"""People of each standing whose replies are read."""
_READ_AT_ONCE = 1_000
_THEIRS = re.compile(r"\S*@\S+|\b(?=[\w-]*\d)[\w-]{8,}\b|https?://\S+")


@dataclass(frozen=True, slots=True)
class Replies:
    """Replies that are alike, about people who stand in one place of the ledger."""

    standing: Standing
    words: str
    """As one of the servers said it."""
    people: int
    next_try: datetime | None
    """When the first of them is tried again; None where nobody is."""


@dataclass(frozen=True, slots=True)
class Said:
    """What servers said about those of a mailing who were put off or refused."""

    replies: list[Replies]
    """Those about the most people first."""
    is_part: bool
    """Whether there are more people than were looked at."""


async def said_by_servers(press: Press, mailing_id: MailingId, *, most: int = LOOKED_AT) -> Said:
    """Return what servers said last about who is put off or was refused: `most` people of each, the first by number."""
    found: list[Replies] = []
    is_part = False
    for standing in (Standing.DEFERRED, Standing.REFUSED):
        cohort = await press.ledger.cohort(mailing_id, standing)
        is_part |= len(cohort) > most
        people: defaultdict[str, int] = defaultdict(int)
        words: dict[str, str] = {}
        due: dict[str, int] = {}
        for start in range(0, min(len(cohort), most), _READ_AT_ONCE):
            some = cohort.slice(start, min(_READ_AT_ONCE, most - start))
            for tried in (await press.ledger.last_tries(mailing_id, some)).values():
                alike = without_what_is_theirs(tried.sentence)
                people[alike] += 1
                words.setdefault(alike, tried.sentence)
                if tried.next_ms:
                    due[alike] = min(tried.next_ms, due.get(alike, tried.next_ms))
        found += [
            Replies(standing, words[alike], count, instant(due[alike]) if alike in due else None)
            for alike, count in people.items()
        ]
    return Said(sorted(found, key=lambda one: one.people, reverse=True), is_part)


def without_what_is_theirs(sentence: str) -> str:
    """Return a reply without addresses, links and what looks like the number of a queue."""
    return _THEIRS.sub("…", sentence)
