"""Who goes first: a few people of an audience who are known to want this mail, taken evenly from all of it.

Whoever opens or clicks is unlikely to complain, and their mailboxes are alive; a mailbox provider that sees them first
thinks better of the rest. Taken evenly, their mix of domains is about that of the audience.
"""

from __future__ import annotations

from collections.abc import Sequence

from mailer.bounces.store import Mark
from mailer.delivery.ledger import Standing
from mailer.delivery.press import Press
from mailer.issues.mailing import Mailing
from subscribers.cohort import Cohort

EARLIER_MAILINGS = 5
"""How many of the newsletter's mailings are looked at."""


def choose(audience: Cohort, preferred: Sequence[Cohort], size: int) -> Cohort:
    """Return `size` people of the audience: of the first preferred cohort as many as there are, then of the next."""
    chosen = Cohort()
    for cohort in (*preferred, audience):
        missing = size - len(chosen)
        if missing <= 0:
            break
        chosen = chosen | _evenly((cohort & audience) - chosen, missing)
    return chosen


async def trusted(press: Press, mailing: Mailing, chunks: Sequence[int]) -> list[Cohort]:
    """Return the cohorts to take a canary from, the best first: who took part of late, then who was reached."""
    engaged, reached, unhappy = Cohort(), Cohort(), Cohort()
    earlier = [one for one in await press.mailings.all() if one.newsletter == mailing.newsletter and one.started]
    for one in earlier[:EARLIER_MAILINGS]:
        for word in ("clicked", "opened"):
            engaged = engaged | await press.ledger.word(one.id, word, chunks)
        reached = reached | await press.ledger.cohort(one.id, Standing.ACCEPTED)
        for mark in Mark:
            unhappy = unhappy | await press.reports.cohort(one.id, mark, chunks)
    return [engaged - unhappy, reached - unhappy]


def _evenly(cohort: Cohort, size: int) -> Cohort:
    """Return so many people of the cohort, from its beginning to its end in equal steps."""
    if len(cohort) <= size:
        return cohort
    step = len(cohort) / size
    wanted = {int(number * step) for number in range(size)}
    return Cohort.of(person for rank, person in enumerate(cohort) if rank in wanted)
