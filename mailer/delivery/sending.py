"""Sending: a shift of passes over whatever batches are due.

The story of a shift. A *feeder* (`shifts.layingout`) takes due batches by lease, claims their people a window at a
time and lays them out. The *pool* picks them up as fast as its connections take them; each message is personalised at
that moment. A *scribe* (`shifts.scribing`) writes what has become of them to the ledger, as often as the last writing
returns, renews the leases, notices a pause within a quarter of a second, and concludes batches that are done. When the
shift is over nothing new is claimed, what was laid out and not yet picked up is taken back, and what is on the wire is
finished and written.

Many shifts may run at once, on many machines; leases keep them apart. If Redis goes away, outcomes are kept in memory
and written when it is back, unless somebody else has taken the batch by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial

import msgspec

from mailer.delivery.press import Press
from mailer.delivery.relays.relays import Relays
from mailer.delivery.shifts.layingout import Feeder
from mailer.delivery.shifts.scribing import Scribe
from mailer.delivery.shifts.shift import Shift
from mailer.delivery.shifts.steadyclock import SteadyClock
from mailer.errors import PressrunError, RelayError
from mailer.rendering.headers import HeaderError
from mailer.smtp.envelope import HandOver
from mailer.smtp.outcome import Outcome, OutcomeKind, Step
from mailer.smtp.pool import Pool


async def work_shift(press: Press, pool: Pool | Relays, *, lasts: timedelta, is_stopping: Callable[[], bool]) -> int:
    """Pass over due batches of all mailings until none is due or the time is up; return how many people were settled.

    `is_stopping` is asked often: once it is true the shift ends within seconds. Raises StorageDownError if Redis stays
    away for ten minutes; a relay that cannot be used ends the shift, and its people come due again.
    """
    shift = Shift(press, await SteadyClock.ask(press.ledger), lasts, is_stopping)
    feeder = asyncio.create_task(Feeder(shift).feed())
    scribe = asyncio.create_task(Scribe(shift).keep_writing())
    try:
        await pool.hand_over_all(_hand_overs(shift), partial(_settle, shift))
    except RelayError as error:
        shift.end_for_relay(str(error))
    finally:
        await shift.close(feeder)
        await scribe
    await feeder
    return shift.settled.total()


async def _hand_overs(shift: Shift) -> AsyncIterator[HandOver]:
    """Personalise what was laid out, one message at a time, as the connections ask for it."""
    key = 0
    while (one := await shift.layout.pick_up()) is not None:
        if not shift.may_go(one.batch_pass):
            one.batch_pass.give_back(one.subscriber)
            continue
        try:
            made = shift.workshop.hand_over(one.batch_pass.mailing, one.list_id, one.subscriber, shift.clock.now())
        except (PressrunError, HeaderError) as error:
            shift.take_in(one, Outcome(kind=OutcomeKind.REFUSED, step=Step.CHECK, detail=str(error)))
            continue
        key += 1
        shift.on_the_wire[key] = one
        yield HandOver(key=key, envelope=made.envelope, message=made.message)


def _settle(shift: Shift, key: int, outcome: Outcome) -> None:
    """Take in what one hand-over ended as; a refusal waits until the scribe has drawn the conclusions."""
    one = shift.on_the_wire.pop(key)
    if outcome.kind is OutcomeKind.REFUSED and outcome.step == Step.MAIL:
        # The relay refuses the sender, not the person: nobody is skipped for that.
        mailing = one.batch_pass.mailing.id
        shift.troubles[mailing] = outcome.sentence
        shift.halted.add(mailing)
        outcome = msgspec.structs.replace(outcome, kind=OutcomeKind.DEFERRED)
    is_last = outcome.kind is OutcomeKind.DEFERRED and one.batch_pass.gives_up_on(one.subscriber, shift.clock.now())
    if outcome.kind is OutcomeKind.REFUSED or is_last:
        shift.refusals.append((one, outcome))
    else:
        shift.take_in(one, outcome)
    shift.news.set()
