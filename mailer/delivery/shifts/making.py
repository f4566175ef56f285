"""Where a shift's messages are made: a few ahead of the connections that ask for them.

A signature takes longer than all the rest of a message, and OpenSSL makes it without holding Python's lock. So people
are picked up in small groups, and the messages of a group are signed in a thread, while the loop goes on with others.
Without a key for the sender's domain nothing is handed to threads.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
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

Made = tuple[Claimed, HandOver]
_Group = list[Made] | asyncio.Future[list[Made]]


async def made_ahead(shift: Shift) -> AsyncIterator[list[Made]]:
    """Yield whoever was laid out with their message, in order, a group at a time."""
    under_way: deque[_Group] = deque()
    while True:
        while len(under_way) < _GROUPS_AHEAD and (group := shift.layout.at_hand(_GROUP)):
            under_way.append(_begin(shift, group))
        if under_way:
            group_made = under_way.popleft()
            yield group_made if isinstance(group_made, list) else await group_made
        elif (next_one := await shift.layout.pick_up()) is None:
            return
        else:
            under_way.append(_begin(shift, [next_one]))


def _begin(shift: Shift, group: Sequence[Claimed]) -> _Group:
    """Make the messages of a group, and have them signed where the sender's domain has a key."""
    made = [(one, message) for one in group if (message := _unsigned(shift, one))]
    if not shift.workshop.signs:
        return made
    signs = [shift.workshop.signer(one.batch_pass.mailing) for one, _ in made]
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(_signers(), partial(_signed, shift.clock.now(), made, signs))


def _unsigned(shift: Shift, one: Claimed) -> HandOver | None:
    """Personalise one message; None for whoever is given back, or cannot be written to."""
    if not shift.may_go(one.batch_pass):
        one.batch_pass.give_back(one.subscriber)
        return None
    if shift.throttle.is_needed and (until := shift.throttle.rests_until(one.domain, shift.clock.now())):
        # Neither made nor signed in vain.
        one.batch_pass.hold_back(one.subscriber, until)
        return None
    try:
        return shift.workshop.unsigned(one.batch_pass.mailing, one.list_id, one.subscriber, shift.clock.now())
    except (PressrunError, HeaderError) as error:
        shift.take_in(one, Outcome(kind=OutcomeKind.REFUSED, step=Step.CHECK, detail=str(error)))
        return None


def _signed(now: datetime, made: Sequence[Made], signs: Sequence[Sign]) -> list[Made]:
    return [(one, signed(each, sign, now)) for (one, each), sign in zip(made, signs, strict=True)]


@cache
def _signers() -> ThreadPoolExecutor:
    # Made when first needed, and so after Celery has forked.
    return ThreadPoolExecutor(_SIGNERS, thread_name_prefix="signer")
