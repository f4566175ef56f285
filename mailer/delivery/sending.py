"""Sending: a shift of passes over whatever batches are due.

The story of a shift. A *feeder* takes due batches by lease, claims their people a window at a time and lays them out.
The *pool* picks them up as fast as its connections take them; each message is personalised at that moment. A *scribe*
writes what has become of them to the ledger, as often as the last writing returns, renews the leases, notices a pause
within a quarter of a second, and concludes batches that are done. When the shift is over nothing new is claimed, what
was laid out and not yet picked up is taken back, and what is on the wire is finished and written.

Many shifts may run at once, on many machines; leases keep them apart. If Redis goes away, outcomes are kept in memory
and written when it is back, unless somebody else has taken the batch by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeVar

import msgspec

from mailer import maillog
from mailer.bounces.receiving import refused_in_session
from mailer.delivery.batchpass import Pass, Recipient
from mailer.delivery.ledger import ExclusionReason
from mailer.delivery.press import Press
from mailer.delivery.steadyclock import SteadyClock
from mailer.delivery.workshop import Workshop
from mailer.errors import ConflictError, NotFoundError, PressrunError, RelayError, SourceError
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.rendering.headers import HeaderError
from mailer.smtp.envelope import HandOver
from mailer.smtp.outcome import Outcome, OutcomeKind, Step
from mailer.smtp.pool import Pool
from subscribers.errors import StorageDownError

_WRITE_EVERY_SECONDS = 0.01
_LOOK_EVERY_SECONDS = 0.25
_REDIS_AGAIN_SECONDS = 0.5
_REDIS_PATIENCE_SECONDS = 600.0
_REDIS_PATIENCE_WHEN_STOPPING_SECONDS = 5.0
_RELAY_REST = timedelta(seconds=5)
_DUE_AT_ONCE = 8

_T = TypeVar("_T")


async def work_shift(press: Press, pool: Pool, *, lasts: timedelta, is_stopping: Callable[[], bool]) -> int:
    """Pass over due batches of all mailings until none is due or the time is up; return how many people were settled.

    `is_stopping` is asked often: once it is true the shift ends within seconds. Raises StorageDownError if Redis stays
    away for ten minutes; a relay that cannot be used ends the shift, and its people come due again.
    """
    shift = _Shift(press, await SteadyClock.ask(press.ledger), lasts, is_stopping)
    feeder = asyncio.create_task(shift.feed())
    scribe = asyncio.create_task(shift.keep_writing())
    try:
        await pool.hand_over_all(shift.hand_overs(), shift.settle)
    except RelayError as error:
        shift.end_for_relay(str(error))
    finally:
        await shift.close(feeder)
        await scribe
    await feeder
    return shift.settled_count


@dataclass(frozen=True, slots=True)
class _InHand:
    """One person between claim and outcome."""

    batch_pass: Pass
    recipient: Recipient


class _Shift:
    """What feeder, pool and scribe share. One event loop, so nothing here needs a lock."""

    def __init__(self, press: Press, clock: SteadyClock, lasts: timedelta, is_stopping: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        self.press = press
        self.clock = clock
        self.is_stopping = is_stopping
        self.is_ended = False
        self.settled_count = 0
        self._ends_at = loop.time() + lasts.total_seconds()
        self._workshop = Workshop(press)
        self._passes: list[Pass] = []
        self._mailings: set[MailingId] = set()
        self._laid_out: asyncio.Queue[_InHand | None] = asyncio.Queue(press.settings.window_size)
        self._on_the_wire: dict[int, _InHand] = {}
        self._last_key = 0
        self._refusals: list[tuple[_InHand, Outcome]] = []
        # Mailings of which nobody more is handed over in this shift: paused, cancelled, or in trouble.
        self._halted: set[MailingId] = set()
        # Mailings that the relay does not take from this sender, with its words.
        self._troubles: dict[MailingId, str] = {}
        self._relay_problem = ""
        self._news = asyncio.Event()
        self._is_closed = False
        self._looked_at = loop.time()
        self._pace: dict[MailingId, int] = {}
        self._turn = 0

    # The feeder

    async def feed(self) -> None:
        """Lay out the people of one due batch after the other."""
        try:
            while not self._is_over() and (batch_pass := await self._patiently(self._next_pass)):
                self._passes.append(batch_pass)
                self._mailings.add(batch_pass.mailing.id)
                await self._lay_out(batch_pass)
                batch_pass.is_fed = True
                self._news.set()
        except Exception:
            self.is_ended = True
            await self._laid_out.put(None)
            raise
        await self._laid_out.put(None)

    async def _lay_out(self, batch_pass: Pass) -> None:
        if batch_pass.mailing.state is not MailingState.SENDING:
            return
        for window in batch_pass.windows(self.press.settings.window_size, self.clock.now()):
            if not self._may_go(batch_pass):
                return
            for recipient in await self._patiently(partial(batch_pass.claim, self.press, window)):
                await self._laid_out.put(_InHand(batch_pass, recipient))

    async def _next_pass(self) -> Pass | None:
        """Take the next due batch, from each mailing in turn."""
        mailings = await self.press.ledger.open_mailings()
        now = await self.clock.set(self.press.ledger)
        self._turn += 1
        for place in range(len(mailings)):
            mailing = await self.press.mailings.get(mailings[(place + self._turn) % len(mailings)])
            if not await self._is_workable(mailing):
                continue
            for batch in await self.press.ledger.due(mailing.id, now, _DUE_AT_ONCE):
                if batch_pass := await Pass.begin(self.press, mailing, batch, now):
                    return batch_pass
        return None

    async def _is_workable(self, mailing: Mailing) -> bool:
        if mailing.id in self._halted or mailing.state not in (MailingState.SENDING, MailingState.CANCELLED):
            return False
        try:
            await self._workshop.prepare(mailing)
        except (NotFoundError, SourceError) as error:
            # A mailing that cannot be made must not hold up the others.
            self._halted.add(mailing.id)
            await self._pause(mailing, f"{error} Nobody was skipped.")
            return False
        return True

    # The pool's side

    async def hand_overs(self) -> AsyncIterator[HandOver]:
        """Personalise what was laid out, one message at a time, as the connections ask for it."""
        while (one := await self._laid_out.get()) is not None:
            if not self._may_go(one.batch_pass):
                one.batch_pass.give_back(one.recipient.subscriber)
                continue
            try:
                made = self._workshop.hand_over(
                    one.batch_pass.mailing, one.recipient.list_id, one.recipient.subscriber, self.clock.now()
                )
            except (PressrunError, HeaderError) as error:
                refused = Outcome(kind=OutcomeKind.REFUSED, step=Step.CHECK, detail=str(error))
                self._take_in(one, refused)
                continue
            self._last_key += 1
            self._on_the_wire[self._last_key] = one
            yield HandOver(key=self._last_key, envelope=made.envelope, message=made.message)

    def settle(self, key: int, outcome: Outcome) -> None:
        """Take in what one hand-over ended as."""
        one = self._on_the_wire.pop(key)
        mailing = one.batch_pass.mailing.id
        if outcome.kind is OutcomeKind.REFUSED and outcome.step == Step.MAIL:
            # The relay refuses the sender, not the person: nobody is skipped for that.
            self._troubles[mailing] = outcome.sentence
            self._halted.add(mailing)
            outcome = msgspec.structs.replace(outcome, kind=OutcomeKind.DEFERRED)
        if outcome.kind is OutcomeKind.REFUSED:
            self._refusals.append((one, outcome))
        else:
            self._take_in(one, outcome)
        self._news.set()

    def _take_in(self, one: _InHand, outcome: Outcome) -> None:
        mailing, subscriber = one.batch_pass.mailing.id, one.recipient.subscriber
        one.batch_pass.settle(subscriber, outcome, self.clock.now())
        self.settled_count += 1
        self._pace[mailing] = self._pace.get(mailing, 0) + 1
        if outcome.kind is OutcomeKind.ACCEPTED:
            maillog.accepted(mailing, subscriber.id)
        else:
            maillog.not_accepted(mailing, subscriber.id, outcome.kind.value, outcome.sentence)

    # The scribe

    async def keep_writing(self) -> None:
        """Write outcomes until the shift is closed and everything is written."""
        try:
            await self._keep_writing()
        finally:
            self.is_ended = True

    async def _keep_writing(self) -> None:
        while self._passes or not self._is_closed:
            await self._patiently(self._suppress_refused)
            if asyncio.get_running_loop().time() - self._looked_at >= _LOOK_EVERY_SECONDS:
                await self._patiently(self._look_around)
            for batch_pass in list(self._passes):
                await self._patiently(partial(self._write, batch_pass))
            await self._wait_for_news()
        await self._patiently(self._look_around)

    async def _suppress_refused(self) -> None:
        """Draw the conclusions of refusals before the refusals are written: a crash between the two repeats both."""
        while self._refusals:
            one, outcome = self._refusals[0]
            if outcome.reply:
                await refused_in_session(
                    self.press.people,
                    self.press.reports,
                    one.batch_pass.mailing.id,
                    one.recipient.subscriber,
                    outcome.reply,
                    outcome.step,
                    self.clock.now(),
                )
            self._refusals.pop(0)
            self._take_in(one, outcome)

    async def _write(self, batch_pass: Pass) -> None:
        loop = asyncio.get_running_loop()
        if batch_pass.is_done and batch_pass.mailing.state is MailingState.CANCELLED:
            batch_pass.exclude_pending(ExclusionReason.CANCELLED)
        renews = batch_pass.lease_until - loop.time() < self.press.ledger.lease_for.total_seconds() * 2 / 3
        if not batch_pass.is_lost and (batch_pass.has_news or renews):
            await batch_pass.write(self.press)
        if batch_pass.is_lost:
            maillog.lost_lease(batch_pass.mailing.id, batch_pass.batch.name)
            self._passes.remove(batch_pass)
        elif batch_pass.is_done and not batch_pass.has_news:
            await batch_pass.conclude(self.press, rest=_RELAY_REST if self._relay_problem else timedelta(0))
            self._passes.remove(batch_pass)

    async def _look_around(self) -> None:
        """See which mailings were paused or cancelled meanwhile, report troubles, and count the pace."""
        self._looked_at = asyncio.get_running_loop().time()
        await self.clock.set(self.press.ledger)
        # A relay that cannot be used concerns everybody, also mailings that this shift did not come to.
        concerned = await self.press.ledger.open_mailings() if self._relay_problem else list(self._mailings)
        for mailing_id in concerned:
            mailing = await self._report_trouble(await self.press.mailings.get(mailing_id))
            if mailing.state is not MailingState.SENDING:
                self._halted.add(mailing_id)
                for batch_pass in self._passes:
                    if batch_pass.mailing.id == mailing_id:
                        batch_pass.mailing = mailing
        await self._count_pace()

    async def _count_pace(self) -> None:
        for mailing_id, count in list(self._pace.items()):
            del self._pace[mailing_id]
            await self.press.ledger.count_pace(mailing_id, self.clock.now(), count)

    async def _report_trouble(self, mailing: Mailing) -> Mailing:
        if (why := self._troubles.pop(mailing.id, "")) and mailing.state is MailingState.SENDING:
            return await self._pause(
                mailing,
                f"The relay does not take mail from this sender. {why}. Nobody was skipped; mend it, then resume.",
            )
        problem = self._relay_problem
        if mailing.state is MailingState.SENDING and mailing.problem != problem and (problem or self.settled_count):
            await self.press.mailings.set_problem(mailing.id, problem)
        return mailing

    async def _pause(self, mailing: Mailing, why: str) -> Mailing:
        maillog.paused(mailing.id, why)
        try:
            return await self.press.mailings.move(mailing.id, MailingState.PAUSED, problem=why, now=self.clock.now())
        except ConflictError:
            # Somebody else has paused or cancelled it meanwhile, which is as good.
            return await self.press.mailings.get(mailing.id)

    async def _wait_for_news(self) -> None:
        if not self._is_closed:
            try:
                async with asyncio.timeout(_LOOK_EVERY_SECONDS):
                    await self._news.wait()
            except TimeoutError:
                return
            self._news.clear()
        await asyncio.sleep(_WRITE_EVERY_SECONDS)

    # The end

    def end_for_relay(self, problem: str) -> None:
        """End the shift because the relay cannot be used."""
        self._relay_problem = f"{problem.rstrip('.')}. Tried again by itself every few seconds; nobody is skipped."
        maillog.relay_failed(problem)

    async def close(self, feeder: asyncio.Task[None]) -> None:
        """Take back everybody who was claimed and not handed over; let the scribe write what there is, and end."""
        self.is_ended = True
        # The feeder ends by itself, so that it does not drop a lease that it is just taking; it needs room to do so.
        while not feeder.done():
            while not self._laid_out.empty():
                self._laid_out.get_nowait()
            await asyncio.wait({feeder}, timeout=_WRITE_EVERY_SECONDS)
        for batch_pass in self._passes:
            refused = [one.recipient.subscriber for one, _ in self._refusals if one.batch_pass is batch_pass]
            batch_pass.give_back_all_but(refused)
            batch_pass.is_fed = True
        self._is_closed = True
        self._news.set()

    def _is_over(self) -> bool:
        return self.is_ended or self.is_stopping() or asyncio.get_running_loop().time() >= self._ends_at

    def _may_go(self, batch_pass: Pass) -> bool:
        return not self._is_over() and batch_pass.mailing.id not in self._halted and batch_pass.may_hand_over()

    async def _patiently(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """Ask again and again while Redis is away. Everything that is asked may be repeated."""
        waited = 0.0
        while True:
            try:
                return await ask()
            except StorageDownError as error:
                stopping = self.is_stopping()
                if waited >= (_REDIS_PATIENCE_WHEN_STOPPING_SECONDS if stopping else _REDIS_PATIENCE_SECONDS):
                    raise
                if not waited:
                    maillog.waiting_for_redis(str(error))
            await asyncio.sleep(_REDIS_AGAIN_SECONDS)
            waited += _REDIS_AGAIN_SECONDS
