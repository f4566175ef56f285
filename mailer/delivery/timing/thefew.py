"""The few who get a mailing first: how they stand, for whoever judges them. Derived on read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.bounces.store import Mark
from mailer.delivery.ledger import Words
from mailer.delivery.press import Press
from mailer.delivery.timing.canary import CanaryState
from mailer.delivery.timing.sharing import THE_FEW
from mailer.issues.mailing import Mailing


@dataclass(frozen=True, slots=True)
class FewStanding:
    """How many of the few stand where, and what came back about them."""

    people: int
    accepted: int
    refused: int
    deferred: int
    bounced: int
    complained: int
    unsubscribed: int
    judged: datetime | None
    """When the numbers judge them; None where they fly still, a person judges, or it is done."""

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        return (
            f"{self.people:,} people: {self.accepted:,} accepted, {self.refused:,} refused, {self.deferred:,} put off; "
            f"{self.bounced:,} bounced, {self.complained:,} complained, {self.unsubscribed:,} left"
        )


async def few_of(press: Press, mailing: Mailing, words: Mapping[int, Words]) -> FewStanding | None:
    """Return how the few of a mailing stand, given its ledger; None where there is no canary, or it has not begun."""
    canary = mailing.timing.canary
    if canary is None or mailing.started is None:
        return None
    few = await press.turns.cohort(mailing.id, THE_FEW, words)
    standing = await press.turns.canary(mailing.id)
    waits_since = standing.since if standing.state is CanaryState.WAITING and not canary.by_hand else None

    def among(name: str) -> int:
        return sum((getattr(one, name) & few.bits(chunk)).bit_count() for chunk, one in words.items())

    marked = {mark: len(few & await press.reports.cohort(mailing.id, mark, words)) for mark in Mark}
    return FewStanding(
        people=len(few),
        accepted=among("accepted"),
        refused=among("refused"),
        deferred=among("put_off"),
        bounced=marked[Mark.BOUNCED],
        complained=marked[Mark.COMPLAINED],
        unsubscribed=marked[Mark.UNSUBSCRIBED],
        judged=waits_since + timedelta(seconds=canary.hold_seconds) if waits_since else None,
    )
