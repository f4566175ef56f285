"""Where a shift's messages are made, and given to the connections that have room for them.

A message is made the moment that a connection can take it, from whoever was laid out. Two things take longer than a
connection should wait for. A signature takes longer than all the rest of a message, and OpenSSL makes it without
holding Python's lock: so groups are signed in threads, a few ahead. And where a sender is warming up or a destination
is slowed, Redis is asked for each person's leave.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cache, partial

from mailer.delivery.batchpass import Claimed
from mailer.delivery.shifts.shift import Shift
from mailer.delivery.workshop import signed
from mailer.errors import PressrunError
from mailer.rendering.headers import HeaderError
from mailer.senders.signing import Sign
from mailer.smtp.envelope import HandOver
from mailer.smtp.outcome import Outcome, OutcomeKind, Step

_GROUP = 8
_GROUPS_AHEAD = 4
_SIGNERS = 2
"""Threads. One signs while the other hands a group back; on two processors both sign."""

_Made = tuple[Claimed, HandOver]
_Group = list[_Made] | asyncio.Future[list[_Made]]


class Maker:
    """The source of a shift's hand-overs (see `smtp.supply`)."""

    def __init__(self, shift: Shift) -> None:
        """Begin with nothing made."""
        self._shift = shift
        self._keys = 0
        self._under_way: deque[_Group] = deque()
        self._made: deque[_Made] = deque()
        self._with_leave: _Made | None = None
        """Whoever Redis has just given leave to go."""

    def at_hand(self) -> HandOver | None:
        """Return the next message that can go now."""
        if self._with_leave:
            (one, message), self._with_leave = self._with_leave, None
            return self._let_go(one, message)
        if self._shift.asks_for_leave:
            return None
        while self._made:
            one, message = self._made.popleft()
            if self._may_go(one):
                return self._let_go(one, message)
        if not self._shift.workshop.signs:
            while laid_out := self._shift.layout.next_at_hand():
                if made := self._unsigned(laid_out):
                    return self._let_go(laid_out, made)
        return None

    async def more(self) -> bool:
        """Return when something may be at hand; false when everybody who was laid out has gone."""
        if not (self._shift.workshop.signs or self._shift.asks_for_leave or self._made):
            return await self._shift.layout.until_somebody()
        while self._made or await self._make_group():
            if not self._shift.asks_for_leave:
                return True
            one, message = self._made.popleft()
            if self._may_go(one) and not await self._is_held(one):
                self._with_leave = one, message
                return True
        return False

    def _let_go(self, one: Claimed, message: HandOver) -> HandOver:
        self._shift.on_the_wire[message.key] = one
        return message

    def _may_go(self, one: Claimed) -> bool:
        """Whether somebody may be handed over now; if not, they are given back."""
        if self._shift.may_go(one.batch_pass):
            return True
        one.batch_pass.give_back(one.subscriber)
        return False

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

    async def _make_group(self) -> bool:
        """Make the next group, while those after it are being signed; false when nobody is left."""
        layout = self._shift.layout
        while not self._made:
            while len(self._under_way) < _GROUPS_AHEAD and (group := layout.at_hand(_GROUP)):
                self._under_way.append(self._begin(group))
            if self._under_way:
                made = self._under_way.popleft()
                self._made.extend(made if isinstance(made, list) else await made)
            elif not await layout.until_somebody():
                return False
        return True

    def _begin(self, group: Sequence[Claimed]) -> _Group:
        """Make the messages of a group, and have them signed where the sender's domain has a key."""
        shift = self._shift
        made = [(one, message) for one in group if (message := self._unsigned(one))]
        if not shift.workshop.signs:
            return made
        signs = [shift.workshop.signer(one.batch_pass.mailing) for one, _ in made]
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(_signers(), partial(_signed, shift.clock.now(), made, signs))

    def _unsigned(self, one: Claimed) -> HandOver | None:
        """Personalise one message; None for whoever is given back, or cannot be written to."""
        shift = self._shift
        if not self._may_go(one):
            return None
        now = shift.clock.now()
        if shift.throttle.is_needed and (until := shift.throttle.rests_until(one.domain, now)):
            # Neither made nor signed in vain.
            one.batch_pass.hold_back(one.subscriber, until)
            return None
        self._keys += 1
        try:
            return shift.workshop.unsigned(one.batch_pass.mailing, one.list_id, one.subscriber, now, self._keys)
        except (PressrunError, HeaderError) as error:
            shift.take_in(one, Outcome(kind=OutcomeKind.REFUSED, step=Step.CHECK, detail=str(error)))
            return None


def _signed(now: datetime, made: Sequence[_Made], signs: Sequence[Sign]) -> list[_Made]:
    return [(one, signed(each, sign, now)) for (one, each), sign in zip(made, signs, strict=True)]


@cache
def _signers() -> ThreadPoolExecutor:
    # Made when first needed, and so after Celery has forked.
    return ThreadPoolExecutor(_SIGNERS, thread_name_prefix="signer")
