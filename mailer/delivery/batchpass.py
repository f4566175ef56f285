"""A pass: one run over the pending people of one batch, under a lease.

The order that makes a crash harmless: "claimed" is written before the first byte leaves; an outcome is written after
its reply came; a suppression that follows from a refusal is written before the refusal itself. What lies between can
only be "claimed and not settled", and the next pass sees it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from mailer.delivery.batch import Batch
from mailer.delivery.claimed import Claimed
from mailer.delivery.ledger import ExclusionReason, Words
from mailer.delivery.planning import suppressed_in
from mailer.delivery.press import Press
from mailer.delivery.reply import LOST, LastTry, instant, milliseconds
from mailer.delivery.retry import RetryPolicy
from mailer.delivery.store import Lease, as_written, changed
from mailer.delivery.timing.turn import Waiting
from mailer.issues.mailing import Mailing
from mailer.settings import UncertainPolicy
from mailer.smtp.outcome import Outcome, OutcomeKind
from subscribers.cohort import bits_of, positions_in
from subscribers.lists import ListId
from subscribers.subscriber import Subscriber
from subscribers.subscription import SubscriptionState

_ACCEPTED = OutcomeKind.ACCEPTED
_GONE = {
    SubscriptionState.PAUSED: ExclusionReason.PAUSED,
    # Active, and yet on behalf of no list: it was archived; or they left another one since.
    SubscriptionState.LEFT: ExclusionReason.LEFT,
    SubscriptionState.ACTIVE: ExclusionReason.LIST_ARCHIVED,
}


@dataclass(slots=True)
class Pass:
    """One batch while its lease is ours: its words in memory, and what was not written yet."""

    mailing: Mailing
    lease: Lease
    words: Words
    retry: RetryPolicy
    lease_until: float
    """When the lease runs out at the earliest, by the event loop's clock."""
    last_tries: dict[int, LastTry] = field(default_factory=dict)
    """By place in the batch."""
    waiting: Waiting = field(default_factory=Waiting)
    """Who is due later than the mailing begins."""
    through: dict[ListId, int] = field(default_factory=dict)
    """Who is reached by a segment alone, by the lists on whose behalf they can be mailed."""
    orphans: int = 0
    """Whom an earlier pass had claimed and not settled: they stay claimed, since their message may have left."""
    held: dict[int, int] = field(default_factory=dict)
    """By place: who was not tried because their destination wants less mail, and until when (milliseconds)."""
    is_lost: bool = False
    """Somebody else has taken the batch: nothing of ours counts any more."""
    is_fed: bool = False
    """Nobody more will be claimed in this pass."""
    _written: dict[str, int] = field(default_factory=dict)
    _unwritten_tries: dict[int, LastTry | None] = field(default_factory=dict)
    _in_hand: int = 0
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def begin(cls, press: Press, mailing: Mailing, batch: Batch, now: datetime) -> Pass | None:
        """Take a batch's lease and read where its people stand; None while somebody else has it."""
        asked_at = asyncio.get_running_loop().time()
        lease = await press.ledger.take(batch, now)
        if lease is None:
            return None
        words = await press.ledger.read(batch)
        one = cls(
            mailing,
            lease,
            words,
            RetryPolicy.from_settings(press.settings),
            lease_until=asked_at + press.ledger.lease_for.total_seconds(),
            _written=as_written(words),
        )
        if mailing.scope.through:
            one.through = await press.ledger.read_through(batch, mailing.scope.through)
        tried = {place: batch.subscriber_at(place) for place in positions_in(words.put_off | words.orphaned)}
        if mailing.has_turns:
            one.waiting = await press.turns.waiting(batch)
        if mailing.experiment and mailing.winner is None:
            # The winner is written before the rest comes due: whoever is seen due here has one.
            one.mailing = await press.mailings.get(mailing.id)
        found = await press.ledger.last_tries(mailing.id, tried.values())
        one.last_tries = {place: found[person] for place, person in tried.items() if person in found}
        for place in positions_in(words.orphaned):
            one._take_over(place, now)
        return one

    @property
    def batch(self) -> Batch:
        """The batch that is passed over."""
        return self.lease.batch

    @property
    def is_done(self) -> bool:
        """Whether nobody is in hand and nobody more will be."""
        return self.is_fed and not self._in_hand

    @property
    def has_news(self) -> bool:
        """Whether anything changed since the last write."""
        return bool(self._unwritten_tries or changed(self.words, self._written))

    def may_hand_over(self, seconds: float) -> bool:
        """Whether the lease surely still stands: a process that was stopped and wakes up must not go on.

        `seconds` is the present by the event loop's clock.
        """
        return not self.is_lost and seconds < self.lease_until

    def due(self, now: datetime) -> list[int]:
        """Return the places of the people who are due now."""
        now_ms = milliseconds(now)
        return [
            place
            for place in positions_in(self.words.pending & ~self.waiting.bits(now_ms))
            if place not in self.last_tries or self.last_tries[place].next_ms <= now_ms
        ]

    async def claim(self, press: Press, places: Sequence[int]) -> list[Claimed]:
        """Check a window of people once more, exclude those who may no longer be mailed, and claim the rest.

        Empty, and the pass lost, if the batch is somebody else's now.
        """
        window = bits_of(places)
        people = [self.batch.subscriber_at(place) for place in places]
        lists, suppressed, records = await asyncio.gather(
            self._active_by_list(press),
            suppressed_in(press.people, self.mailing.newsletter, self.batch.chunk),
            press.people.subscribers.read(people),
        )
        await self._exclude_unmailable(press, window, lists, suppressed)
        recipients: list[Claimed] = []
        left = claimed = window & self.words.pending
        for list_id, active in lists.items():
            theirs, left = left & active, left & ~active
            for place in positions_in(theirs):
                if person := records.get(self.batch.subscriber_at(place)):
                    recipients.append(Claimed(self, person, list_id))
                else:
                    # A record that is gone was erased after planning.
                    self._exclude(1 << place, ExclusionReason.ERASED)
        claimed &= self.words.pending
        self.words.claim(claimed)
        self._in_hand |= claimed
        return recipients if await self.write(press) else []

    def settle(self, subscriber: Subscriber, outcome: Outcome, now: datetime) -> None:
        """Take in what one hand-over ended as."""
        place = self.lease.batch.place_of(subscriber.id)
        bit = 1 << place
        self._in_hand &= ~bit
        if self.orphans:
            self.orphans &= ~bit
        # First, since nearly all are, and thousands a second.
        if outcome.kind is _ACCEPTED:
            self.words.accept(bit)
            if place in self.last_tries:
                del self.last_tries[place]
                self._unwritten_tries[place] = None
            return
        match outcome.kind:
            case OutcomeKind.REFUSED:
                self._note(place, outcome, now)
                self.words.refuse(1 << place)
            case OutcomeKind.DEFERRED:
                self._put_off(place, outcome, now)
            case OutcomeKind.UNCERTAIN:
                self._doubt(place, outcome, now)

    def gives_up_on(self, subscriber: Subscriber, now: datetime) -> bool:
        """Whether one more deferral of this person is the last one."""
        earlier = self.last_tries.get(self.batch.place_of(subscriber.id))
        return earlier is not None and self.retry.is_given_up(earlier.first, now)

    def give_back(self, subscriber: Subscriber) -> None:
        """Take back somebody whose hand-over never began."""
        self._give_back(1 << self.batch.place_of(subscriber.id))

    def hold_back(self, subscriber: Subscriber, until: datetime) -> None:
        """Take back somebody who is to be handed over later; nothing of this is written, they are simply pending."""
        self.held[self.batch.place_of(subscriber.id)] = milliseconds(until)
        self.give_back(subscriber)

    def hold(self, places: Iterable[int], until: datetime) -> None:
        """Leave these people, who were not claimed, for later."""
        self.held |= dict.fromkeys(places, milliseconds(until))

    def give_back_all_but(self, kept: Iterable[Subscriber]) -> None:
        """Take back everybody in hand whose hand-over never began, except these."""
        self._give_back(self._in_hand & ~sum(1 << self.batch.place_of(one.id) for one in kept))

    def exclude_pending(self, reason: ExclusionReason) -> None:
        """Exclude everybody who is still pending and not in hand."""
        self._exclude(self.words.pending & ~self._in_hand, reason)

    async def write(self, press: Press) -> bool:
        """Write what has changed and renew the lease; False, and the pass lost, if somebody else has the batch.

        One writing at a time: feeder and scribe both write, and two on their way at once could arrive in either order.
        """
        async with self._writing:
            return await self._write(press)

    async def conclude(self, press: Press, *, rest: timedelta = timedelta(0)) -> None:
        """Say when the batch is due again (after a rest at least), or that it is finished; give the lease back."""
        if self.words.pending:
            now = await press.ledger.now()
            await press.ledger.put_off(self.batch, max(self._next_due(now) or now, now + rest))
        else:
            await press.ledger.finish(self.batch)
        await press.ledger.release(self.lease)

    async def _write(self, press: Press) -> bool:
        changes, tries = changed(self.words, self._written), dict(self._unwritten_tries)
        by_position = {self.batch.first + place: last_try for place, last_try in tries.items()}
        asked_at = asyncio.get_running_loop().time()
        if not await press.ledger.write(self.lease, changes, by_position):
            self.is_lost = True
            return False
        self.lease_until = asked_at + press.ledger.lease_for.total_seconds()
        self._written |= changes
        for place, last_try in tries.items():
            if self._unwritten_tries.get(place) is last_try:
                del self._unwritten_tries[place]
        return True

    def _next_due(self, now: datetime) -> datetime | None:
        """Return when the first of those who were put off is due; None if somebody is due who was never tried."""
        now_ms = milliseconds(now)
        turn_ms = self.waiting.next_due_ms(self.words.pending, now_ms)
        dues = [] if turn_ms is None else [turn_ms]
        for place in positions_in(self.words.pending & ~self.waiting.bits(now_ms)):
            if place not in self.last_tries and place not in self.held:
                return None
            tried = self.last_tries.get(place)
            dues.append(max(tried.next_ms if tried else 0, self.held.get(place, 0)))
        return instant(min(dues))

    def _exclude(self, bits: int, reason: ExclusionReason) -> None:
        if bits:
            self.words.exclude(bits, reason)

    async def _active_by_list(self, press: Press) -> dict[ListId, int]:
        """Return on behalf of which list each person can be mailed now.

        Whoever is reached by a segment alone, and has left any list since, is on none: the segment may have meant it.
        """
        archived = {one.id for one in await press.people.lists.all() if one.is_archived}
        active = {
            list_id: self._cut(await press.people.lists.bits(list_id, SubscriptionState.ACTIVE, self.batch.chunk))
            for list_id in self.mailing.through
            if list_id not in archived
        }
        gone = reduce(or_, (bits & ~active.get(list_id, 0) for list_id, bits in self.through.items()), 0)
        return active | {list_id: bits & active.get(list_id, 0) & ~gone for list_id, bits in self.through.items()}

    async def _exclude_unmailable(
        self, press: Press, window: int, lists: dict[ListId, int], by_reason: dict[ExclusionReason, int]
    ) -> None:
        suppressed = 0
        for reason, bits in by_reason.items():
            concerned = self._cut(bits) & window
            self._exclude(concerned, reason)
            suppressed |= concerned
        active = 0
        for bits in lists.values():
            active |= bits
        if gone := window & ~active & ~suppressed:
            await self._exclude_gone(press, gone)

    async def _exclude_gone(self, press: Press, gone: int) -> None:
        """Exclude people who cannot be mailed on behalf of any list, though planning has seen that they could."""
        found = [await press.people.lists.states(list_id, self.batch.chunk) for list_id in self.mailing.through]
        for state, reason in _GONE.items():
            bits = gone & self._cut(reduce(or_, (one[state] for one in found), 0))
            self._exclude(bits, reason)
            gone &= ~bits
        self._exclude(gone, ExclusionReason.LEFT)

    def _cut(self, chunk_bits: int) -> int:
        return chunk_bits >> self.batch.first & ((1 << (self.batch.last + 1 - self.batch.first)) - 1)

    def _give_back(self, bits: int) -> None:
        self._in_hand &= ~bits
        self.words.give_back(bits & ~self.orphans)

    def _take_over(self, place: int, now: datetime) -> None:
        """Hold an orphan, or let them be due at once: no deferral, for no relay has said anything about them."""
        if self.mailing.uncertain_policy is UncertainPolicy.HOLD:
            self._doubt(place, LOST, now)
            return
        self.orphans |= 1 << place
        if place not in self.last_tries or self.last_tries[place].sentence != LOST.sentence:
            self._note(place, LOST, now, now)

    def _doubt(self, place: int, outcome: Outcome, now: datetime) -> None:
        if self.mailing.uncertain_policy is UncertainPolicy.HOLD:
            self._note(place, outcome, now)
            self.words.hold(1 << place)
        else:
            self._put_off(place, outcome, now)

    def _put_off(self, place: int, outcome: Outcome, now: datetime) -> None:
        earlier = self.last_tries.get(place)
        tries = earlier.tries + 1 if earlier else 1
        last_try = self._note(place, outcome, now, self.retry.next_try(tries, now))
        if self.retry.is_given_up(last_try.first, now):
            self.words.refuse(1 << place)
        else:
            self.words.defer(1 << place)

    def _note(self, place: int, outcome: Outcome, now: datetime, due: datetime | None = None) -> LastTry:
        last_try = LastTry.after(
            self.last_tries.get(place),
            outcome,
            now_ms=milliseconds(now),
            next_ms=milliseconds(due) if due else 0,
        )
        self.last_tries[place] = self._unwritten_tries[place] = last_try
        return last_try
