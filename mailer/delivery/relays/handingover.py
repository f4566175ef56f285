"""Handing over through several relays: one call, from its first message to its last.

Those with the lowest priority number go first, in shares of their weight. A relay that cannot be used, or that has been
given all that its limits allow, leaves the rest to the others, and when none of its priority is left, the next priority
takes over. Whoever was on a connection that was lost before the final dot is handed over through another relay: nobody
has their message. After the dot nobody can know, so that person is uncertain, and no other relay is tried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from mailer import maillog
from mailer.delivery.relays.gate import Gate
from mailer.delivery.relays.shares import Shares
from mailer.errors import ConfigError, PressrunError, RelayError
from mailer.senders.relays.relaystore import RelayStore
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.smtp.envelope import HandOver
from mailer.smtp.errors import LoginRefusedError, RelayFullError, StandingError
from mailer.smtp.feeding import Settle
from mailer.smtp.outcome import Outcome, OutcomeKind
from mailer.smtp.pool import Pool
from mailer.smtp.states import SERVICE_CLOSING
from mailer.smtp.supply import Supply
from subscribers.errors import StorageDownError

WORTH_WAITING = timedelta(seconds=2)
"""Where a limit has room again so soon, it is waited for; else the relay has had enough for this call."""
TURN_SECONDS = 0.25
"""How long a relay waits for slower ones to take their share."""
REDIS_AGAIN = timedelta(seconds=5)


@dataclass(slots=True)
class Carrier:
    """One of the relays, as this process uses it."""

    stored: StoredRelay
    pool: Pool
    gate: Gate
    in_flight: dict[int, HandOver] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the operator calls it."""
        return self.stored.name


class HandingOver:
    """One call over all relays."""

    def __init__(
        self, carriers: Iterable[Carrier], supply: Supply, settle: Settle, *, store: RelayStore, holder: str
    ) -> None:
        self._carriers = {carrier.name: carrier for carrier in carriers}
        self._supply = supply
        self._settle_for_good = settle
        self._store = store
        self._holder = holder
        # Why a relay is out for the rest of this call, and for how long others of its kind may rest.
        self._out: dict[str, PressrunError] = {}
        self._unwell: set[str] = set()
        # Who waits for another relay, with what became of them at the last.
        self._again: list[tuple[HandOver, Outcome]] = []
        self._tried: dict[int, frozenset[str]] = {}
        self._changed = asyncio.Event()

    def leave_out(self, troubles: Mapping[str, PressrunError]) -> None:
        """Say of further relays why they cannot be used at all."""
        self._out |= troubles

    async def run(self, now: Callable[[], datetime]) -> None:
        """Hand over until the source ends. Raises RelayError when no relay is left for the rest of it."""
        for carrier in self._carriers.values():
            carrier.gate.begin(now)
        try:
            await self._leave_out_resting(now())
            while tier := self._next_tier():
                await self._run_tier(tier, now)
                self._settle_hopeless()
                if self._supply.is_exhausted and not self._again and not self._must_somebody_act():
                    return
            raise self._why_nobody_is_left()
        finally:
            for hand_over, outcome in self._again:
                self._settle_for_good(hand_over.key, outcome)

    async def _leave_out_resting(self, now: datetime) -> None:
        """Leave out who is paused, and who could not be used lately, except for one worker that tries it again."""
        for name, carrier in self._carriers.items():
            health = await self._store.health(name)
            if not health.is_well:
                self._unwell.add(name)
            is_ready = health.is_well or (health.may_be_probed(now) and await self._store.may_probe(name, self._holder))
            if carrier.stored.is_paused:
                self._out[name] = RelayError(f"{name} is paused by its operator.")
            elif not is_ready:
                self._out[name] = RelayError(health.reason)

    def _next_tier(self) -> list[Carrier]:
        usable = [carrier for name, carrier in self._carriers.items() if name not in self._out]
        first = min((carrier.stored.priority for carrier in usable), default=0)
        return [carrier for carrier in usable if carrier.stored.priority == first]

    async def _run_tier(self, tier: list[Carrier], now: Callable[[], datetime]) -> None:
        shares = Shares({carrier.name: carrier.stored.weight for carrier in tier})
        tasks = [asyncio.create_task(self._run_carrier(carrier, shares, now)) for carrier in tier]
        try:
            await asyncio.wait(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        for task in tasks:
            task.result()

    async def _run_carrier(self, carrier: Carrier, shares: Shares, now: Callable[[], datetime]) -> None:
        """Hand over through one relay until the source ends or it can take no more."""
        try:
            await carrier.pool.hand_over_all(_Portion(self, carrier, shares), partial(self._settle, carrier))
            if carrier.name in self._unwell:
                await self._note_success(carrier)
        except RelayFullError as error:
            self._out[carrier.name] = error
        except (RelayError, ConfigError) as error:
            self._out[carrier.name] = error
            await self._note_failure(carrier, error, now())
        finally:
            shares.left(carrier.name)
            self._changed.set()
            if carrier.stored.connections_in_all:
                # Others may be waiting for these connections.
                await carrier.pool.close()
            await carrier.gate.end()

    def at_hand(self, carrier: Carrier, shares: Shares) -> HandOver | None:
        """Give a relay what it may have of the source, if that needs no waiting."""
        if not (shares.may_take(carrier.name) and carrier.gate.take_leave()):
            return None
        hand_over = self._waiting_for(carrier.name) or self._supply.at_hand()
        if hand_over is None:
            carrier.gate.spare()
            return None
        return self._given(carrier, shares, hand_over)

    async def wait(self, carrier: Carrier, shares: Shares) -> HandOver | None:
        """Give a relay the next that it may have of the source; none where there is nothing more for it."""
        if not await self._has_leave(carrier):
            return None
        await self._turn(carrier.name, shares)
        hand_over = self._waiting_for(carrier.name) or await self._supply.take()
        if hand_over is None:
            carrier.gate.spare()
            return None
        return self._given(carrier, shares, hand_over)

    def _given(self, carrier: Carrier, shares: Shares, hand_over: HandOver) -> HandOver:
        shares.took(carrier.name)
        self._changed.set()
        carrier.in_flight[hand_over.key] = hand_over
        return hand_over

    async def _has_leave(self, carrier: Carrier) -> bool:
        """Wait for the relay's limits, if that is not for long; else note that it is full."""
        try:
            while wait := await carrier.gate.wait_for_leave():
                if wait > WORTH_WAITING:
                    self._out[carrier.name] = RelayFullError(
                        f"The relay {carrier.name} has been given all that its limits allow for now.", wait
                    )
                    return False
                await asyncio.sleep(wait.total_seconds())
        except StorageDownError as error:
            self._out[carrier.name] = RelayFullError(str(error), REDIS_AGAIN)
            return False
        return True

    async def _turn(self, name: str, shares: Shares) -> None:
        while not shares.may_take(name):
            self._changed.clear()
            try:
                async with asyncio.timeout(TURN_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                shares.wait_no_more(name)

    def _waiting_for(self, name: str) -> HandOver | None:
        """Take somebody whom another relay could not take to the end."""
        for place, (hand_over, _) in enumerate(self._again):
            if name not in self._tried[hand_over.key]:
                del self._again[place]
                return hand_over
        return None

    def _settle(self, carrier: Carrier, key: int, outcome: Outcome) -> None:
        """Settle, unless nobody has the message and another relay can try."""
        hand_over = carrier.in_flight.pop(key)
        if _nobody_heard(outcome):
            self._tried[key] = self._tried.get(key, frozenset()) | {carrier.name}
            if self._others_for(key):
                self._again.append((hand_over, outcome))
                return
        self._tried.pop(key, None)
        self._settle_for_good(key, outcome)

    def _others_for(self, key: int) -> bool:
        return any(name not in self._out and name not in self._tried[key] for name in self._carriers)

    def _settle_hopeless(self) -> None:
        """Settle those for whom no relay is left."""
        waiting, self._again = self._again, []
        for hand_over, outcome in waiting:
            if self._others_for(hand_over.key):
                self._again.append((hand_over, outcome))
            else:
                self._settle_for_good(hand_over.key, outcome)

    async def _note_success(self, carrier: Carrier) -> None:
        try:
            await self._store.note_success(carrier.name)
        except StorageDownError as down:
            maillog.waiting_for_redis(str(down))

    async def _note_failure(self, carrier: Carrier, error: PressrunError, now: datetime) -> None:
        maillog.relay_failed(str(error))
        try:
            health = await self._store.health(carrier.name)
            worse = health.after_failure(str(error), now, is_login=isinstance(error, LoginRefusedError))
            await self._store.note_failure(carrier.name, worse)
        except StorageDownError as down:
            maillog.waiting_for_redis(str(down))

    def _why_nobody_is_left(self) -> RelayError:
        troubles = list(self._out.values())
        words = " ".join(dict.fromkeys(str(error) for error in troubles))
        if full := [error for error in troubles if isinstance(error, RelayFullError)]:
            return RelayFullError(words, min(error.rest for error in full))
        return (StandingError if self._must_somebody_act() else RelayError)(words)

    def _must_somebody_act(self) -> bool:
        """Whether no relay is left, and none will be by itself."""
        troubles = [self._out.get(name) for name in self._carriers] + list(self._out.values())
        return bool(troubles) and all(isinstance(error, StandingError | ConfigError) for error in troubles)


class _Portion:
    """One relay's part of the source, itself a source."""

    def __init__(self, call: HandingOver, carrier: Carrier, shares: Shares) -> None:
        self._call = call
        self._carrier = carrier
        self._shares = shares
        self._waited_for: HandOver | None = None

    def at_hand(self) -> HandOver | None:
        if self._waited_for:
            one, self._waited_for = self._waited_for, None
            return one
        return self._call.at_hand(self._carrier, self._shares)

    async def more(self) -> bool:
        self._waited_for = await self._call.wait(self._carrier, self._shares)
        return self._waited_for is not None


def _nobody_heard(outcome: Outcome) -> bool:
    """Whether a connection ended before the dot; a 421 with 4.7.x is what the destination says, whoever asks."""
    if outcome.kind is not OutcomeKind.DEFERRED:
        return False
    reply = outcome.reply
    return not reply or (reply.code == SERVICE_CLOSING and not reply.status.startswith("4.7."))
