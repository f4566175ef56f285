"""Working the outbox: a shift that takes what is due, and writes what became of each as soon as it is known.

The order of the writes, and what `kill -9` leaves after each:

- taken: pending, due again when the lease ends; nothing had been said to anybody.
- claimed, with the message: pending, and perhaps on the wire. Whoever takes it next hands over the same message once
  more, or leaves it as uncertain where the operator wants to decide (`uncertain_policy`).
- the conclusion of a refusal (a suppression), then the refusal itself: a crash between the two repeats both.
- settled, or put off: final.

A worker that was stopped for longer than its lease can write nothing any more: its fence is old.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from mailer import maillog
from mailer.bounces.policy import BouncePolicy
from mailer.bounces.receiving import refused_in_session
from mailer.bounces.verp import ONE_OFFS
from mailer.delivery.outbox.making import NoticeMaker
from mailer.delivery.outbox.oneoff import WANTED, OneOff, OneOffId, OneOffState
from mailer.delivery.press import Press
from mailer.delivery.relays.relays import Relays
from mailer.delivery.retry import RetryPolicy
from mailer.delivery.shifts.steadyclock import SteadyClock
from mailer.errors import ConfigError, PressrunError, RelayError
from mailer.rendering.headers import HeaderError
from mailer.settings import UncertainPolicy
from mailer.smtp.envelope import HandOver
from mailer.smtp.outcome import Outcome, OutcomeKind, Step
from mailer.smtp.pool import Pool
from subscribers.errors import StorageDownError, UnknownListError
from subscribers.subscriber import Subscriber
from subscribers.suppression import Reason

_AT_ONCE = 20
_RELAY_REST = timedelta(seconds=5)
_OPERATOR_REST = timedelta(minutes=1)
_AGAIN_SECONDS = 0.5
_PATIENCE_SECONDS = 600.0
_PATIENCE_WHEN_STOPPING_SECONDS = 5.0


async def work_outbox(press: Press, pool: Pool | Relays, *, lasts: timedelta, is_stopping: Callable[[], bool]) -> int:
    """Hand over what is due until nothing is or the time is up; return how many were settled or put off.

    A relay that cannot be used ends the shift; what was taken comes due again after a few seconds.
    """
    clock = await SteadyClock.ask(press.ledger)
    maker = NoticeMaker(press)
    ends = clock.now() + lasts
    count = 0
    while clock.now() < ends and not is_stopping():
        taken = await press.outbox.take(clock.now(), lease_for=press.ledger.lease_for, most=_AT_ONCE)
        if not taken:
            break
        one_round = _Round(press, clock, maker, taken, is_stopping)
        is_usable = await one_round.work(pool)
        count += len(taken)
        if not is_usable:
            break
    return count


class _Round:
    """What was taken at once. One event loop, so nothing here needs a lock."""

    def __init__(
        self,
        press: Press,
        clock: SteadyClock,
        maker: NoticeMaker,
        taken: list[OneOff],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._press = press
        self._clock = clock
        self._maker = maker
        self._retry = RetryPolicy.from_settings(press.settings)
        self._is_stopping = is_stopping
        # In hand: taken, and nothing written yet.
        self._held = {one.id: one for one in taken}
        self._people: dict[int, Subscriber] = {}
        self._is_done = asyncio.Event()
        self._outcomes: asyncio.Queue[tuple[int, Outcome] | None] = asyncio.Queue()

    async def work(self, pool: Pool | Relays) -> bool:
        """Hand over everything in hand; return whether the relay could be used."""
        scribe = asyncio.create_task(self._write_outcomes())
        keeper = asyncio.create_task(self._keep())
        problem = ""
        try:
            await pool.hand_over_all(self._hand_overs(), lambda key, outcome: self._outcomes.put_nowait((key, outcome)))
        except RelayError as error:
            problem = str(error)
            maillog.relay_failed(problem)
        finally:
            self._outcomes.put_nowait(None)
            await scribe
            # Told, not cancelled: in the middle of a question to Redis a cancellation can get lost.
            self._is_done.set()
            await keeper
        for one in list(self._held.values()):
            await self._give_back(one, problem)
        return not problem

    async def _hand_overs(self) -> AsyncIterator[HandOver]:
        for one in list(self._held.values()):
            if self._is_stopping():
                return
            try:
                made = await self._prepared(one)
            except ConfigError as error:
                # The operator can mend that, so nobody should have to ask for the message again.
                await self._put_off(one, self._clock.now() + _OPERATOR_REST, str(error))
            except (PressrunError, HeaderError, UnknownListError) as error:
                await self._settle(one, OneOffState.REFUSED, str(error))
            else:
                if made:
                    yield made

    async def _prepared(self, one: OneOff) -> HandOver | None:
        """Return the message, claimed; None where it must not leave, which is written."""
        if one.is_claimed and self._press.settings.uncertain_policy is UncertainPolicy.HOLD:
            await self._settle(one, OneOffState.UNCERTAIN, "Its worker died while it was handed over.")
            return None
        subscriber = await self._press.people.subscribers.get(one.order.subscriber)
        if subscriber is None:
            await self._settle(one, OneOffState.EXCLUDED, "The person was erased.")
            return None
        if why := await self._why_not(one, subscriber):
            await self._settle(one, OneOffState.EXCLUDED, why)
            return None
        self._people[one.id] = subscriber
        now = self._clock.now()
        made = await self._maker.make(one, subscriber, now)
        signed = await self._maker.signed(made, one, now)
        if not await self._press.outbox.claim(one, now + self._press.ledger.lease_for, made.message):
            del self._held[one.id]
            return None
        return signed

    async def _why_not(self, one: OneOff, subscriber: Subscriber) -> str:
        people, order = self._press.people, one.order
        found = await people.suppressions.all_of(subscriber.address)
        # Where they stand on the list says more than that they once left the newsletter.
        here = [one for one in found if one.newsletter in ("", order.newsletter) and one.reason is not Reason.LEFT]
        if here:
            return f"The address is suppressed: {here[0].reason}."
        state = await people.lists.state_of(order.list_id, subscriber.id)
        if state not in WANTED[order.notice]:
            return f"The person is {state or 'not'} on the list by now."
        return ""

    async def _write_outcomes(self) -> None:
        while (told := await self._outcomes.get()) is not None:
            key, outcome = told
            await self._patiently(self._held[OneOffId(key)], outcome)

    async def _patiently(self, one: OneOff, outcome: Outcome) -> None:
        """Keep an outcome in memory while Redis is away: forgotten, it would be a second copy."""
        waited = 0.0
        while True:
            try:
                await self._take_in(one, outcome)
            except StorageDownError as error:
                if waited >= (_PATIENCE_WHEN_STOPPING_SECONDS if self._is_stopping() else _PATIENCE_SECONDS):
                    raise
                maillog.waiting_for_redis(str(error))
                await asyncio.sleep(_AGAIN_SECONDS)
                waited += _AGAIN_SECONDS
            else:
                return

    async def _take_in(self, one: OneOff, outcome: Outcome) -> None:
        match outcome.kind:
            case OutcomeKind.ACCEPTED:
                await self._settle(one, OneOffState.ACCEPTED, outcome.sentence, tries=one.tries + 1)
            case OutcomeKind.REFUSED if outcome.step != Step.MAIL:
                if outcome.reply:
                    await refused_in_session(
                        self._press.people,
                        self._press.reports,
                        ONE_OFFS,
                        self._people[one.id],
                        outcome.reply,
                        outcome.step,
                        BouncePolicy.from_settings(self._press.settings),
                        self._clock.now(),
                    )
                await self._settle(one, OneOffState.REFUSED, outcome.sentence, tries=one.tries + 1)
            case OutcomeKind.UNCERTAIN if self._press.settings.uncertain_policy is UncertainPolicy.HOLD:
                await self._settle(one, OneOffState.UNCERTAIN, outcome.sentence, tries=one.tries + 1)
            case _:
                # Also where the relay refuses the sender: that is not the person's fault.
                await self._try_again(one, outcome.sentence)

    async def _try_again(self, one: OneOff, sentence: str) -> None:
        now, tries = self._clock.now(), one.tries + 1
        first = one.first_try or now
        if self._retry.is_given_up(first, now):
            await self._settle(one, OneOffState.REFUSED, f"Given up. {sentence}", tries=tries)
        else:
            await self._put_off(one, self._retry.next_try(tries, now), sentence, tries=tries, first=first)

    async def _give_back(self, one: OneOff, problem: str) -> None:
        """Give back what was taken and not tried: after a rest if the relay is to blame."""
        rest = _RELAY_REST if problem else timedelta(0)
        await self._put_off(one, self._clock.now() + rest, problem or one.sentence, first=one.first_try)

    async def _put_off(
        self, one: OneOff, due: datetime, sentence: str, *, tries: int | None = None, first: datetime | None = None
    ) -> None:
        wanted = one.tries if tries is None else tries
        await self._press.outbox.put_off(one, due, tries=wanted, first=first or one.first_try, sentence=sentence)
        maillog.one_off(one.id, one.order.subscriber, "deferred", sentence)
        self._held.pop(one.id, None)

    async def _settle(self, one: OneOff, state: OneOffState, sentence: str, *, tries: int | None = None) -> None:
        wanted = one.tries if tries is None else tries
        await self._press.outbox.settle(one, state, tries=wanted, sentence=sentence)
        maillog.one_off(one.id, one.order.subscriber, state, sentence)
        self._held.pop(one.id, None)

    async def _keep(self) -> None:
        """Renew the lease on everything in hand, for as long as relays may take."""
        lease_for = self._press.ledger.lease_for
        while not await self._is_done_within(lease_for / 3):
            with suppress(StorageDownError):
                now = await self._clock.set(self._press.ledger)
                for one in list(self._held.values()):
                    await self._press.outbox.keep(one, now + lease_for)

    async def _is_done_within(self, wait: timedelta) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait.total_seconds()):
                await self._is_done.wait()
        return self._is_done.is_set()
