"""The feeder of a shift: takes due batches by lease, and lays their people out, a window at a time.

It keeps ahead of the wire: a window is claimed while the one before is being handed over, and a batch is taken and read
while the end of the one before is. So nobody waits for Redis. A window is as many people as the wire takes in a
thirtieth of a second, so that a fast one costs Redis as few questions as a slow one. That costs no second copies, since
whoever was claimed and not handed over gets their first; but with `hold` a crash would leave them all uncertain, so
there a window has as few people as `window_size` says.
"""

from __future__ import annotations

import asyncio
from functools import partial

from mailer.delivery.batchpass import Pass
from mailer.delivery.shifts.shift import OTHERS_FIRST_SECONDS, Shift
from mailer.errors import ConfigError, NotFoundError, SourceError
from mailer.issues.mailing import Mailing, MailingState
from mailer.settings import UncertainPolicy
from subscribers.errors import StorageDownError

_DUE_AT_ONCE = 8
_WINDOW_SECONDS = 1 / 30
_TICK_SECONDS = 0.001
"""Of the event loop's clock."""
_LARGEST_WINDOW = 10
"""In times of `window_size`."""
_WINDOWS_AHEAD = 3
"""How many windows before the end of a batch the next one is taken: that is some more round trips than a claim."""


class Feeder:
    """Feeds one shift."""

    def __init__(self, shift: Shift) -> None:
        """Begin with the oldest mailing."""
        self._shift = shift
        self._turn = 0
        self._pace = 0.0
        """How many a second were picked up lately."""
        self._next: asyncio.Task[Pass | None] | None = None

    async def feed(self) -> None:
        """Lay out the people of one due batch after the other, until none is due or the shift is over."""
        shift = self._shift
        try:
            while not shift.is_over() and (batch_pass := await self._take_next()):
                await self._lay_out(batch_pass)
                batch_pass.is_fed = True
                shift.news.set()
        except Exception:
            shift.is_ended = True
            raise
        finally:
            shift.layout.finish()
            # What is just being taken must not be dropped; if that fails, it is what has failed.
            if self._next:
                await self._next

    async def _take_next(self) -> Pass | None:
        """Return the batch that was taken ahead, or take one."""
        ahead, self._next = self._next, None
        taken = await ahead if ahead else None
        # Something may have come due since the look ahead found nothing.
        return taken or await self._take()

    def _look_ahead(self) -> None:
        if self._next is None:
            self._next = asyncio.create_task(self._take())

    async def _take(self) -> Pass | None:
        """Take the next due batch into the shift, with all that it takes to go on with it."""
        shift, batch_pass = self._shift, None
        try:
            batch_pass = await self._next_pass()
        except StorageDownError:
            # Leases run out meanwhile, though nobody has died: whoever has something to write down comes first.
            await shift.patiently(shift.press.ledger.write_nothing)
            await asyncio.sleep(OTHERS_FIRST_SECONDS)
            return None if shift.is_over() else await self._take()
        if batch_pass:
            shift.passes.append(batch_pass)
        return batch_pass

    async def _lay_out(self, batch_pass: Pass) -> None:
        shift = self._shift
        due = batch_pass.due(shift.clock.now()) if batch_pass.mailing.state is MailingState.SENDING else []
        while due:
            domain, now = shift.workshop.domain(batch_pass.mailing), shift.clock.now()
            if shift.ration.is_needed and (until := shift.ration.full_until(domain, now)):
                batch_pass.hold(due, until)
                return
            size, picked_up, since = self._window_for(batch_pass.mailing), shift.layout.picked_up, shift.clock.seconds()
            await shift.layout.until_fewer_than(size)
            if not shift.may_go(batch_pass):
                return
            if len(due) <= _WINDOWS_AHEAD * size:
                self._look_ahead()
            window, due = due[:size], due[size:]
            shift.layout.put(await shift.patiently(partial(batch_pass.claim, shift.press, window)))
            self._pace = (shift.layout.picked_up - picked_up) / max(shift.clock.seconds() - since, _TICK_SECONDS)

    def _window_for(self, mailing: Mailing) -> int:
        least = self._shift.press.settings.window_size
        if mailing.uncertain_policy is UncertainPolicy.HOLD:
            return least
        return min(max(least, int(self._pace * _WINDOW_SECONDS)), _LARGEST_WINDOW * least)

    async def _next_pass(self) -> Pass | None:
        """Take the next due batch, from each mailing in turn."""
        press, clock = self._shift.press, self._shift.clock
        mailings, now = await asyncio.gather(press.ledger.open_mailings(), clock.set(press.ledger))
        self._turn += 1
        for place in range(len(mailings)):
            mailing = await press.mailings.get(mailings[(place + self._turn) % len(mailings)])
            if not await self._is_workable(mailing):
                continue
            for batch in await press.ledger.due(mailing.id, now, _DUE_AT_ONCE):
                if batch_pass := await Pass.begin(press, mailing, batch, now):
                    return batch_pass
        return None

    async def _is_workable(self, mailing: Mailing) -> bool:
        shift = self._shift
        if mailing.id in shift.halted or mailing.state not in (MailingState.SENDING, MailingState.CANCELLED):
            return False
        if mailing.state is MailingState.SENDING and shift.quiet.until(mailing.newsletter, shift.clock.now()):
            return False
        try:
            await shift.workshop.prepare(mailing)
        except (ConfigError, NotFoundError, SourceError) as error:
            # A mailing that cannot be made must not hold up the others.
            await shift.pause(mailing, f"{error} Nobody was skipped.")
            return False
        return True
