"""Planning: freezing who is in the audience of a mailing, and who of them is excluded at once and why.

The audience is everybody who has a place on one of the chosen lists, whatever its state: so the ledger has an answer
for the person who left or bounced, too. Who may not be mailed is excluded here, with the reason; who stops being
mailable between planning and hand-over is excluded by the pass.

A planner may die at any point: nothing is handed over before the mailing moves to `sending`, and that move is the
last step. The next tick plans again from the beginning.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mailer.delivery.batch import Batch, cut_batches
from mailer.delivery.ledger import ExclusionReason, Words
from mailer.delivery.press import Press
from mailer.issues.mailing import MailingId, MailingState
from subscribers.lists import ListId
from subscribers.people import People
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

_PLANNER_MS = 60_000

_SUPPRESSED = {
    Reason.COMPLAINT: ExclusionReason.COMPLAINT,
    Reason.HARD_BOUNCE: ExclusionReason.HARD_BOUNCE,
    Reason.LEGAL: ExclusionReason.LEGAL,
    Reason.ERASED: ExclusionReason.ERASED,
    Reason.MANUAL: ExclusionReason.MANUAL,
}
"""The strongest reason first: whoever complained and bounced is excluded for the complaint."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Who would be mailed if the mailing began now."""

    audience: int
    to_mail: int
    excluded_by: dict[str, int]


async def forecast(press: Press, list_ids: Sequence[ListId]) -> Forecast:
    """Count the audience of these lists and its exclusions, as planning would freeze them now."""
    audience = to_mail = 0
    excluded: Counter[str] = Counter()
    for chunk in range(await press.people.subscribers.chunk_count()):
        words = await audience_of(press.people, list_ids, chunk)
        audience += words.audience.bit_count()
        to_mail += words.pending.bit_count()
        excluded.update({reason.value: bits.bit_count() for reason, bits in words.excluded_by.items()})
    return Forecast(audience, to_mail, {reason: count for reason, count in excluded.items() if count})


async def plan(press: Press, mailing_id: MailingId, planner: str) -> bool:
    """Freeze the audience of a scheduled mailing, cut it into batches, and let it begin.

    False if another process is at it. `planner` names this process.
    """
    mailing = await press.mailings.get(mailing_id)
    if mailing.state is not MailingState.SCHEDULED:
        return False
    if not await press.ledger.begin_planning(mailing_id, planner, _PLANNER_MS):
        return False
    # A planner that was stopped and wakes up late must not write over the work of the one that took its place.
    async with asyncio.timeout(_PLANNER_MS / 1000 / 2):
        await press.ledger.open(mailing_id)
        now = await press.ledger.now()
        for chunk in range(await press.people.subscribers.chunk_count()):
            words = await audience_of(press.people, mailing.lists, chunk)
            if words.audience:
                await press.ledger.freeze(mailing_id, chunk, words)
                await press.ledger.add_batches(_batches(press, mailing_id, chunk, words), now)
        await press.mailings.move(mailing_id, MailingState.SENDING, now=now)
    return True


def _batches(press: Press, mailing_id: MailingId, chunk: int, words: Words) -> list[Batch]:
    return list(cut_batches(mailing_id, chunk, words.pending, press.settings.batch_size))


async def audience_of(people: People, list_ids: Sequence[ListId], chunk: int) -> Words:
    """Return a chunk's part of the audience, with everybody excluded who may not be mailed now."""
    by_state = {
        state: await _on_lists(people, list_ids, state, chunk)
        for state in (SubscriptionState.ACTIVE, SubscriptionState.PENDING, SubscriptionState.LEFT)
    }
    active, pending, left = by_state.values()
    words = Words(audience=active | pending | left)
    if not words.audience:
        return words
    if suppressed := await people.suppressions.bits(chunk) & words.audience:
        for reason, bits in (await reasons_of(people, chunk, suppressed)).items():
            words.exclude(bits & ~words.excluded, reason)
    words.exclude(words.pending & ~active & pending, ExclusionReason.NOT_CONFIRMED)
    words.exclude(words.pending & ~active, ExclusionReason.LEFT)
    return words


async def reasons_of(people: People, chunk: int, suppressed: int) -> dict[ExclusionReason, int]:
    """Return why each of these suppressed people of a chunk is excluded; whoever has several reasons, for the first."""
    by_reason: dict[ExclusionReason, int] = {}
    unexplained = suppressed
    for reason, exclusion in _SUPPRESSED.items():
        if bits := await people.suppressions.bits_for(reason, chunk) & unexplained:
            by_reason[exclusion] = bits
            unexplained &= ~bits
    if unexplained:
        by_reason[ExclusionReason.MANUAL] = by_reason.get(ExclusionReason.MANUAL, 0) | unexplained
    return by_reason


async def _on_lists(people: People, list_ids: Sequence[ListId], state: SubscriptionState, chunk: int) -> int:
    bits = 0
    for list_id in list_ids:
        bits |= await people.lists.bits(list_id, state, chunk)
    return bits
