"""Planning: freezing who is in the audience of a mailing, and who of them is excluded at once and why.

The audience is everybody who has a place on one of the chosen lists, whatever its state, or is in one of the chosen
segments: so the ledger has an answer for the person who left or bounced, too. Who may not be mailed is excluded here,
with the reason; who stops being mailable between planning and hand-over is excluded by the pass.

A planner may die at any point: nothing is handed over before the mailing moves to `sending`, and that move is the
last step. The next tick plans again from the beginning.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from mailer.delivery.addressing import Asked, ask
from mailer.delivery.ledger import ExclusionReason, Words
from mailer.delivery.press import Press
from mailer.delivery.timing.sharing import Sharing
from mailer.issues.aims.scope import ONLY_LISTS, Scope
from mailer.issues.mailing import Mailing, MailingId, MailingState
from subscribers.cohort import Cohort
from subscribers.lists import ListId
from subscribers.people import People
from subscribers.segmenting import bits_in
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

_PLANNER_MS = 60_000

_SUPPRESSED = {
    Reason.COMPLAINT: ExclusionReason.COMPLAINT,
    Reason.HARD_BOUNCE: ExclusionReason.HARD_BOUNCE,
    Reason.LEGAL: ExclusionReason.LEGAL,
    Reason.ERASED: ExclusionReason.ERASED,
    Reason.MANUAL: ExclusionReason.MANUAL,
    Reason.LEFT: ExclusionReason.LEFT,
    Reason.MAILBOX_FULL: ExclusionReason.MAILBOX_FULL,
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Who would be mailed if the mailing began now: parts − duplicates = audience; audience − exclusions = to mail."""

    audience: int
    to_mail: int
    excluded_by: dict[str, int]
    parts: tuple[tuple[str, int], ...] = ()
    """Each list and segment by its name, with everybody on it or in it."""

    @property
    def duplicates(self) -> int:
        """How often somebody stands in the parts who stands there already."""
        return sum(count for _, count in self.parts) - self.audience


@dataclass(frozen=True, slots=True)
class Gathered:
    """A chunk's part of an audience."""

    words: Words
    through: dict[ListId, int]
    """Who is reached by a segment alone, by the lists on which they are active."""
    parts: tuple[int, ...]
    """Everybody on each list, and then in each segment."""


async def forecast(
    press: Press, list_ids: Sequence[ListId], scope: Scope = ONLY_LISTS, cohort: Cohort | None = None
) -> Forecast:
    """Count the audience of these lists and this scope, with its exclusions, as planning would freeze them now.

    With a cohort, nobody else is counted.
    """
    return await _counted(await ask(press, list_ids, scope, await press.ledger.now(), cohort=cohort))


async def forecast_of(press: Press, mailing: Mailing) -> Forecast:
    """Count who would get a mailing that has not begun, if it began now. Raises RuleError as `plan` would."""
    return await _counted(await ask(press, mailing.lists, mailing.scope, await press.ledger.now(), mailing.id))


async def _counted(asked: Asked) -> Forecast:
    audience = to_mail = 0
    excluded: Counter[str] = Counter()
    parts = [0] * len(asked.names)
    for chunk in range(await asked.press.people.subscribers.chunk_count()):
        found = await audience_of(asked, chunk)
        audience += found.words.audience.bit_count()
        to_mail += found.words.pending.bit_count()
        excluded.update({reason.value: bits.bit_count() for reason, bits in found.words.excluded_by.items()})
        parts = [sum_ + bits.bit_count() for sum_, bits in zip(parts, found.parts, strict=True)]
    by_reason = {reason: count for reason, count in excluded.items() if count}
    return Forecast(audience, to_mail, by_reason, tuple(zip(asked.names, parts, strict=True)))


async def pending_of(press: Press, list_ids: Sequence[ListId], scope: Scope = ONLY_LISTS) -> Cohort:
    """Return who of these lists and this scope would be mailed if the mailing began now."""
    asked = await ask(press, list_ids, scope, await press.ledger.now())
    chunks = range(await press.people.subscribers.chunk_count())
    return Cohort({chunk: (await audience_of(asked, chunk)).words.pending for chunk in chunks})


async def plan(press: Press, mailing_id: MailingId, planner: str) -> bool:
    """Freeze the audience of a scheduled mailing, cut it into batches, and let it begin.

    False if another process is at it. `planner` names this process. Raises RuleError for a segment that asks for what
    is gone.
    """
    mailing = await press.mailings.get(mailing_id)
    if mailing.state is not MailingState.SCHEDULED or not mailing.is_approved:
        return False
    if not await press.ledger.begin_planning(mailing_id, planner, _PLANNER_MS):
        return False
    # A planner that was stopped and wakes up late must not write over the work of the one that took its place.
    async with asyncio.timeout(_PLANNER_MS / 1000 / 2):
        now = await press.ledger.now()
        asked = await ask(press, mailing.lists, mailing.scope, now, mailing_id)
        await press.ledger.open(mailing_id)
        sharing = await Sharing.begin(press, mailing, now)
        for chunk in range(await press.people.subscribers.chunk_count()):
            found = await audience_of(asked, chunk)
            if found.words.audience:
                await press.ledger.freeze(mailing_id, chunk, found.words, found.through)
                await sharing.add(chunk, found.words.pending)
        await sharing.finish()
        await press.mailings.move(mailing_id, MailingState.SENDING, now=now)
    return True


async def audience_of(asked: Asked, chunk: int) -> Gathered:
    """Return a chunk's part of the audience, with everybody excluded who may not be mailed now."""
    people = asked.press.people
    within = await _confined_to(asked, chunk)
    chosen = [await _on_list(asked, list_id, chunk) for list_id in asked.lists]
    others = [await _on_list(asked, list_id, chunk) for list_id in asked.scope.through]
    segments = [await bits_in(people, plan, chunk) for plan in asked.segments]
    parts = tuple(bits & within for bits in (*(one.everybody for one in chosen), *segments))
    words = Words(audience=_union(parts))
    active = _union(one.active for one in chosen)
    beyond = _union(segments) & ~active
    through = {list_id: one.active & beyond for list_id, one in zip(asked.scope.through, others, strict=True)}
    if not words.audience:
        return Gathered(words, through, parts)
    for reason, bits in (await suppressed_in(people, asked.newsletter, chunk)).items():
        words.exclude(bits & words.pending, reason)
    unreached = ~active & ~_union(through.values())
    on_any = [*chosen, *others]
    words.exclude(words.pending & unreached & _union(one.pending for one in on_any), ExclusionReason.NOT_CONFIRMED)
    words.exclude(words.pending & unreached & _union(one.paused for one in on_any), ExclusionReason.PAUSED)
    words.exclude(words.pending & unreached & _union(one.archived for one in on_any), ExclusionReason.LIST_ARCHIVED)
    words.exclude(words.pending & unreached & _union(one.left for one in on_any), ExclusionReason.LEFT)
    words.exclude(words.pending & unreached, ExclusionReason.NO_LIST)
    await _leave_out(asked, chunk, words)
    return Gathered(words, through, parts)


async def _confined_to(asked: Asked, chunk: int) -> int:
    if asked.cohort is not None:
        return asked.cohort.bits(chunk)
    if asked.mailing is None or not asked.scope.is_within_cohort:
        return -1
    return await asked.press.ledger.cohort_bits(asked.mailing, chunk)


async def _leave_out(asked: Asked, chunk: int, words: Words) -> None:
    """Exclude those who were to be left out, of those who would be mailed else."""
    people, scope = asked.press.people, asked.scope
    for mailing_id in scope.without_mailings:
        earlier = await asked.press.ledger.chunk(MailingId(mailing_id), chunk)
        # Whoever is uncertain may have got it, and whoever is pending may yet get it.
        got = earlier.audience & ~earlier.refused & ~earlier.excluded
        words.exclude(words.pending & got, ExclusionReason.MAILED_BEFORE)
    for list_id in scope.without_lists:
        on_it = await people.lists.bits(list_id, SubscriptionState.ACTIVE, chunk)
        words.exclude(words.pending & on_it, ExclusionReason.EXCLUDED_LIST)
    for segment in asked.without_segments:
        words.exclude(words.pending & await bits_in(people, segment, chunk), ExclusionReason.EXCLUDED_SEGMENT)


@dataclass(frozen=True, slots=True)
class _OnList:
    active: int
    pending: int
    paused: int
    left: int
    archived: int = 0
    """Who would be active, if the list were not archived."""

    @property
    def everybody(self) -> int:
        return self.active | self.pending | self.paused | self.left | self.archived


async def _on_list(asked: Asked, list_id: ListId, chunk: int) -> _OnList:
    found = await asked.press.people.lists.states(list_id, chunk)
    active = found[SubscriptionState.ACTIVE]
    is_archived = list_id in asked.archived
    return _OnList(
        active=0 if is_archived else active,
        pending=found[SubscriptionState.PENDING],
        paused=found[SubscriptionState.PAUSED],
        left=found[SubscriptionState.LEFT],
        archived=active if is_archived else 0,
    )


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)


async def suppressed_in(people: People, newsletter: str, chunk: int) -> dict[ExclusionReason, int]:
    """Return who of a chunk this newsletter may not mail, by why; whoever has several reasons, for the strongest."""
    found = await people.suppressions.suppressed.of(chunk, newsletter)
    return {_SUPPRESSED[reason]: bits for reason, bits in found.items()}
