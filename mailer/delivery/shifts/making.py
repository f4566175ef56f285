"""Where a shift's messages are made, and given to the connections that have room for them.

A message is made the moment that a connection can take it, from whoever was laid out. Two things take longer than all
the rest of it. OpenSSL makes a signature without holding Python's lock; so a thread signs ahead, and whenever it has
nothing ready the loop signs as well instead of waiting, which keeps two processors busy with one change of threads a
message. And where a sender is warming up or a destination is slowed, Redis is asked for each person's leave.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import cache, partial

from mailer.delivery.claimed import Claimed
from mailer.delivery.shifts.shift import Shift
from mailer.delivery.workshop import signed
from mailer.errors import PressrunError
from mailer.rendering.headers import HeaderError
from mailer.senders.signing import Sign
from mailer.smtp.envelope import HandOver
from mailer.smtp.outcome import Outcome, OutcomeKind, Step

_GROUP = 8
"""Messages that the thread signs in one go."""
_GROUPS_AHEAD = 2

_Made = tuple[Claimed, HandOver]


class Maker:
    """The source of a shift's hand-overs (see `smtp.supply`)."""

    def __init__(self, shift: Shift) -> None:
        """Begin with nothing made."""
        self._shift = shift
        self._keys = 0
        self._being_signed: deque[Future[list[_Made]]] = deque()
        self._made: deque[_Made] = deque()
        self._with_leave: _Made | None = None
        """Whoever Redis has just given leave to go."""
        self._failure: Exception | None = None

    def at_hand(self) -> HandOver | None:
        """Return the next message that can go now; never raises, `more` does."""
        if self._with_leave:
            (one, message), self._with_leave = self._with_leave, None
            return self._let_go(one, message)
        if self._failure or self._shift.asks_for_leave:
            return None
        try:
            return self._next()
        except Exception as error:  # noqa: BLE001 - kept for `more`: a connection's callback is no place to fail
            self._failure = error
            return None

    async def more(self) -> bool:
        """Return when something may be at hand; false when everybody who was laid out has gone."""
        if self._failure:
            raise self._failure
        if not self._shift.asks_for_leave:
            return bool(self._made) or await self._until_more()
        while self._made or await self._make_group():
            one, message = self._made.popleft()
            if self._may_go(one) and not await self._is_held(one):
                self._with_leave = one, message
                return True
        return False

    def _next(self) -> HandOver | None:
        shift = self._shift
        if shift.workshop.signs:
            self._sign_ahead()
        while self._made:
            one, message = self._made.popleft()
            if self._may_go(one):
                return self._let_go(one, message)
        while laid_out := shift.layout.next_at_hand():
            if made := self._unsigned(laid_out):
                return self._let_go(laid_out, self._signed_here(laid_out, made) if shift.workshop.signs else made)
        return None

    def _sign_ahead(self) -> None:
        """Take what the thread has signed, and see that it has more to do."""
        while self._being_signed and self._being_signed[0].done():
            self._made += self._being_signed.popleft().result()
        while len(self._being_signed) < _GROUPS_AHEAD and (group := self._shift.layout.at_hand(_GROUP)):
            self._being_signed.append(self._begin_to_sign(group))

    async def _until_more(self) -> bool:
        if self._being_signed:
            await asyncio.wrap_future(self._being_signed[0])
            return True
        return await self._shift.layout.until_somebody()

    async def _make_group(self) -> bool:
        """Make the next group, while those after it are being signed; false when nobody is left."""
        while not self._made:
            if self._shift.workshop.signs:
                self._sign_ahead()
            elif group := self._shift.layout.at_hand(_GROUP):
                self._made += self._group(group)
            if not self._made and not await self._until_more():
                return False
        return True

    def _signed_here(self, one: Claimed, made: HandOver) -> HandOver:
        shift = self._shift
        return signed(made, shift.workshop.signer(one.batch_pass.mailing), shift.clock.now())

    def _begin_to_sign(self, group: Sequence[Claimed]) -> Future[list[_Made]]:
        shift, made = self._shift, self._group(group)
        signs = [shift.workshop.signer(one.batch_pass.mailing) for one, _ in made]
        return _signer().submit(partial(_signed, shift.clock.now(), made, signs))

    def _group(self, group: Sequence[Claimed]) -> list[_Made]:
        return [(one, message) for one in group if not self._rests(one) and (message := self._unsigned(one))]

    def _unsigned(self, one: Claimed) -> HandOver | None:
        """Personalise one message; None for whoever is given back, or cannot be written to."""
        shift = self._shift
        if not self._may_go(one):
            return None
        self._keys += 1
        try:
            return shift.workshop.unsigned(
                one.batch_pass.mailing, one.list_id, one.subscriber, shift.clock.now(), self._keys
            )
        except (PressrunError, HeaderError) as error:
            shift.take_in(one, Outcome(kind=OutcomeKind.REFUSED, step=Step.CHECK, detail=str(error)))
            return None

    def _let_go(self, one: Claimed, message: HandOver) -> HandOver:
        self._shift.on_the_wire[message.key] = one
        return message

    def _may_go(self, one: Claimed) -> bool:
        """Whether somebody may be handed over now; if not, they are given back."""
        if self._shift.may_go(one.batch_pass):
            return True
        one.batch_pass.give_back(one.subscriber)
        return False

    def _rests(self, one: Claimed) -> bool:
        """Whether nothing goes to somebody's destination for now, as far as is known; nothing is made in vain."""
        throttle = self._shift.throttle
        until = throttle.rests_until(one.domain, self._shift.clock.now()) if throttle.is_needed else None
        if until:
            one.batch_pass.hold_back(one.subscriber, until)
        return until is not None

    async def _is_held(self, one: Claimed) -> bool:
        """Whether somebody is not to go now: the sender's domain is warming up, or theirs wants less; they pend."""
        shift = self._shift
        sender, now, until = shift.workshop.domain(one.batch_pass.mailing), shift.clock.now(), None
        if shift.ration.is_needed:
            until = await shift.patiently(partial(shift.ration.held_until, sender, now))
        if until is None and shift.throttle.is_needed:
            until = await shift.patiently(partial(shift.throttle.held_until, one.domain, one.holder, now))
            if until:
                shift.ration.spare(sender)
        if until:
            one.batch_pass.hold_back(one.subscriber, until)
        return until is not None


def _signed(now: datetime, made: Sequence[_Made], signs: Sequence[Sign]) -> list[_Made]:
    return [(one, signed(each, sign, now)) for (one, each), sign in zip(made, signs, strict=True)]


@cache
def _signer() -> ThreadPoolExecutor:
    # Made when first needed, and so after Celery has forked.
    return ThreadPoolExecutor(1, thread_name_prefix="signer")
