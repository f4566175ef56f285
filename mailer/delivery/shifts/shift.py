"""What the three parties to a shift share: the feeder, the relay's pool, and the scribe (see `sending`).

All run on one event loop, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from mailer import maillog
from mailer.delivery.batchpass import Pass
from mailer.delivery.claimed import Claimed
from mailer.delivery.destinations.throttling import Throttle
from mailer.delivery.press import Press
from mailer.delivery.shifts.layout import Layout
from mailer.delivery.shifts.steadyclock import SteadyClock
from mailer.delivery.shifts.suspicion import Suspicion
from mailer.delivery.shifts.trouble import Trouble
from mailer.delivery.timing.quiettimes import QuietTimes
from mailer.delivery.warming.ration import Ration
from mailer.delivery.workshop import Workshop
from mailer.errors import ConflictError
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.smtp.outcome import Outcome, OutcomeKind
from subscribers.errors import StorageDownError

_REDIS_AGAIN_SECONDS = 0.1
OTHERS_FIRST_SECONDS = 1.0
"""When Redis is back, everybody has written down by then what they know, and nobody takes a batch before."""
_REDIS_PATIENCE_SECONDS = 600.0
_REDIS_PATIENCE_WHEN_STOPPING_SECONDS = 5.0

_ACCEPTED = OutcomeKind.ACCEPTED
_T = TypeVar("_T")


class Shift:
    """One shift of one worker process."""

    def __init__(
        self, press: Press, clock: SteadyClock, quiet: QuietTimes, lasts: timedelta, is_stopping: Callable[[], bool]
    ) -> None:
        """Begin, for so long at most; `is_stopping` is asked often."""
        self.press = press
        self.clock = clock
        self.is_stopping = is_stopping
        self.is_ended = False
        """Nobody more is claimed or handed over."""
        self.waiting_for_redis = 0
        """How many are asking Redis in vain: nothing can be written, so nobody more is handed over."""
        self.has_waited_for_redis = False
        """Redis was away at some time."""
        self.is_closed = False
        """Whatever was handed over has its outcome; what is left is writing."""
        self.workshop = Workshop(press)
        self.layout = Layout()
        self.passes: list[Pass] = []
        self.on_the_wire: dict[int, Claimed] = {}
        """Whoever is being handed over, by the key of their hand-over."""
        self.refusals: list[tuple[Claimed, Outcome]] = []
        """What the scribe has not drawn conclusions from yet."""
        self.halted: set[MailingId] = set()
        """Mailings of which nobody more is handed over in this shift: paused, cancelled, or in trouble."""
        self.troubles: dict[MailingId, str] = {}
        """Mailings that the relay does not take from this sender, with its words."""
        self.trouble = Trouble()
        """Why the shift ended before its work did."""
        self.throttle = Throttle(press.slowed, press.settings)
        self.ration = Ration(press.warmups)
        self.suspicion: Suspicion[Claimed] = Suspicion()
        self.settled: Counter[MailingId] = Counter()
        """How many people were settled, by mailing."""
        self.news = asyncio.Event()
        """Set for the scribe, when there is something to write."""
        self.quiet = quiet
        if falls_quiet := quiet.next_begin(clock.now()):
            lasts = min(lasts, falls_quiet - clock.now())
        self._ends_at = clock.seconds() + lasts.total_seconds()

    def is_over(self) -> bool:
        """Whether nobody more is to be claimed or handed over."""
        return self.is_ended or self.is_stopping() or self.clock.seconds() >= self._ends_at

    def ends_in(self) -> timedelta:
        """Return how long it may still last."""
        return timedelta(seconds=self._ends_at - self.clock.seconds())

    def may_go(self, batch_pass: Pass) -> bool:
        """Whether somebody of this pass may be claimed or handed over now."""
        return (
            not (self.is_ended or self.waiting_for_redis or self.is_stopping())
            and batch_pass.may_hand_over(seconds := self.clock.seconds())
            and seconds < self._ends_at
            and batch_pass.mailing.id not in self.halted
        )

    @property
    def asks_for_leave(self) -> bool:
        """Whether Redis has to be asked before anybody goes: a domain is warming up, or a destination limited."""
        return self.throttle.is_needed or self.ration.is_needed

    def take_in(self, one: Claimed, outcome: Outcome) -> None:
        """Take in what one hand-over ended as."""
        mailing = one.batch_pass.mailing.id
        one.batch_pass.settle(one.subscriber, outcome, self.clock.now())
        self.settled[mailing] += 1
        if outcome.kind is _ACCEPTED:
            maillog.accepted(mailing, one.subscriber.id)
        else:
            maillog.not_accepted(mailing, one.subscriber.id, outcome.kind.value, outcome.sentence)

    async def pause(self, mailing: Mailing, why: str) -> Mailing:
        """Pause a mailing in trouble; return it as it is then."""
        maillog.paused(mailing.id, why)
        self.halted.add(mailing.id)
        try:
            return await self.press.mailings.move(mailing.id, MailingState.PAUSED, problem=why, now=self.clock.now())
        except ConflictError:
            # Somebody else has paused or cancelled it meanwhile, which is as good.
            return await self.press.mailings.get(mailing.id)

    def end_for(self, trouble: Trouble) -> None:
        """End the shift because no relay can be used."""
        self.trouble = trouble
        maillog.relay_failed(trouble.sentence)

    async def close(self, feeder: asyncio.Task[None]) -> None:
        """Take back everybody who was claimed and not handed over; let the scribe write what there is, and end."""
        self.is_ended = True
        self.layout.clear()
        # The feeder ends by itself, so that it does not drop a lease that it is just taking.
        await asyncio.wait({feeder})
        for batch_pass in self.passes:
            refused = [one.subscriber for one, _ in self.refusals if one.batch_pass is batch_pass]
            batch_pass.give_back_all_but(refused)
            batch_pass.is_fed = True
        self.is_closed = True
        self.news.set()

    async def patiently(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask again and again while Redis is away. Everything that is asked may be repeated."""
        try:
            return await ask()
        except StorageDownError as error:
            maillog.waiting_for_redis(str(error))
        self.has_waited_for_redis = True
        self.waiting_for_redis += 1
        try:
            return await self._ask_again(ask)
        finally:
            self.waiting_for_redis -= 1

    async def _ask_again(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        waited = 0.0
        while True:
            await asyncio.sleep(_REDIS_AGAIN_SECONDS)
            waited += _REDIS_AGAIN_SECONDS
            try:
                return await ask()
            except StorageDownError:
                is_stopping = self.is_stopping()
                if waited >= (_REDIS_PATIENCE_WHEN_STOPPING_SECONDS if is_stopping else _REDIS_PATIENCE_SECONDS):
                    raise
