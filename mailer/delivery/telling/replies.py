"""What mail servers said about the people of a mailing who were not accepted: replies that are alike, counted together.

Servers put addresses and the numbers of their queues into what they say; those are left out, so that a thousand replies
to a thousand people are one line.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailer.delivery.destinations.destination import Destinations
from mailer.delivery.ledger import Standing
from mailer.delivery.press import Press
from mailer.delivery.reply import instant, milliseconds
from mailer.issues.mailing import MailingId, MailingState
from subscribers.cohort import SubscriberId

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
    """When the first of them is tried again; None where nobody is, or not before a paused mailing is resumed."""


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
    resting = await _Resting.now(press)
    is_paused = (await press.mailings.get(mailing_id)).state is MailingState.PAUSED
    for standing in (Standing.DEFERRED, Standing.REFUSED):
        cohort = await press.ledger.cohort(mailing_id, standing)
        is_part |= len(cohort) > most
        people: defaultdict[str, int] = defaultdict(int)
        words: dict[str, str] = {}
        due: dict[str, int] = {}
        for start in range(0, min(len(cohort), most), _READ_AT_ONCE):
            some = list(cohort.slice(start, min(_READ_AT_ONCE, most - start)))
            rests = await resting.of(press, some) if standing is Standing.DEFERRED else {}
            for person, tried in (await press.ledger.last_tries(mailing_id, some)).items():
                alike = without_what_is_theirs(tried.sentence)
                people[alike] += 1
                words.setdefault(alike, tried.sentence)
                if tried.next_ms and not is_paused:
                    next_ms = max(tried.next_ms, rests.get(person, 0))
                    due[alike] = min(next_ms, due.get(alike, next_ms))
        found += [
            Replies(standing, words[alike], count, instant(due[alike]) if alike in due else None)
            for alike, count in people.items()
        ]
    return Said(sorted(found, key=lambda one: one.people, reverse=True), is_part)


@dataclass(frozen=True, slots=True)
class _Resting:
    """The destinations that want no mail just now, and until when (ms): nobody there is tried before."""

    until: dict[str, int]

    @classmethod
    async def now(cls, press: Press) -> _Resting:
        now = await press.ledger.now()
        slowed = await press.slowed.slowed(now)
        return cls({name: milliseconds(one.rests_until) for name, one in slowed.items() if now < one.rests_until})

    async def of(self, press: Press, people: Sequence[SubscriberId]) -> dict[SubscriberId, int]:
        """Return until when the destinations of these people rest; without those whose destination does not."""
        if not self.until:
            return {}
        destination = Destinations(press.settings.destination_groups).of
        found = await press.people.subscribers.read(people)
        names = {person: destination(one.address.rpartition("@")[2]) for person, one in found.items()}
        return {person: self.until[name] for person, name in names.items() if name in self.until}


def without_what_is_theirs(sentence: str) -> str:
    """Return a reply without addresses, links and what looks like the number of a queue."""
    return _THEIRS.sub("…", sentence)
