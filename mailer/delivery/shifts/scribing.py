"""The scribe of a shift: writes outcomes to the ledger, as often as the last writing returns.

It also draws the conclusions of refusals, renews the leases, notices a pause within a quarter of a second, and
concludes batches that are done.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

from mailer import maillog
from mailer.bounces.policy import BouncePolicy
from mailer.bounces.receiving import refused_in_session
from mailer.delivery.batchpass import Pass
from mailer.delivery.ledger import ExclusionReason
from mailer.delivery.shifts.shift import Shift
from mailer.issues.mailing import Mailing, MailingId, MailingState

_WRITE_EVERY_SECONDS = 0.01
_LOOK_EVERY_SECONDS = 0.25


class Scribe:
    """Writes for one shift."""

    def __init__(self, shift: Shift) -> None:
        """Begin with a look around."""
        self._shift = shift
        self._policy = BouncePolicy.from_settings(shift.press.settings)
        self._look_at = shift.clock.seconds() + _LOOK_EVERY_SECONDS
        self._mailings: set[MailingId] = set()
        self._counted: Counter[MailingId] = Counter()

    async def keep_writing(self) -> None:
        """Write outcomes until the shift is closed and everything is written."""
        try:
            await self._keep_writing()
        finally:
            self._shift.is_ended = True

    async def _keep_writing(self) -> None:
        shift = self._shift
        while shift.passes or not shift.is_closed:
            await shift.patiently(self._suppress_refused)
            if shift.clock.seconds() >= self._look_at:
                await shift.patiently(self._look_around)
            for batch_pass in list(shift.passes):
                await shift.patiently(partial(self._write, batch_pass))
            await self._wait_for_news()
        await shift.patiently(self._look_around)
        await shift.patiently(shift.ration.close)

    async def _suppress_refused(self) -> None:
        """Draw the conclusions of refusals before the refusals are written: a crash between the two repeats both."""
        shift = self._shift
        while shift.refusals:
            one, outcome = shift.refusals[0]
            if outcome.reply:
                await refused_in_session(
                    shift.press.people,
                    shift.press.reports,
                    one.batch_pass.mailing.id,
                    one.subscriber,
                    outcome.reply,
                    outcome.step,
                    self._policy,
                    shift.clock.now(),
                )
            shift.refusals.pop(0)
            shift.take_in(one, outcome)

    async def _write(self, batch_pass: Pass) -> None:
        shift = self._shift
        self._mailings.add(batch_pass.mailing.id)
        if batch_pass.is_done and batch_pass.mailing.state is MailingState.CANCELLED:
            batch_pass.exclude_pending(ExclusionReason.CANCELLED)
        renews = batch_pass.lease_until - shift.clock.seconds() < shift.press.ledger.lease_for.total_seconds() * 2 / 3
        if not batch_pass.is_lost and (batch_pass.has_news or renews):
            await batch_pass.write(shift.press)
        if batch_pass.is_lost:
            maillog.lost_lease(batch_pass.mailing.id, batch_pass.batch.name)
            shift.passes.remove(batch_pass)
        elif batch_pass.is_done and not batch_pass.has_news:
            await batch_pass.conclude(shift.press, rest=shift.trouble.rest)
            shift.passes.remove(batch_pass)

    async def _look_around(self) -> None:
        """See which mailings were paused or cancelled meanwhile, report troubles, and count the pace."""
        shift = self._shift
        self._look_at = shift.clock.seconds() + _LOOK_EVERY_SECONDS
        await shift.throttle.look(await shift.clock.set(shift.press.ledger))
        if shift.ration.is_needed:
            await shift.ration.look(shift.clock.now())
        # A relay that cannot be used concerns everybody, also mailings that this shift did not come to.
        concerned = await shift.press.ledger.open_mailings() if shift.trouble.sentence else list(self._mailings)
        for mailing_id in concerned:
            mailing = await self._report_trouble(await shift.press.mailings.get(mailing_id))
            if mailing.state is not MailingState.SENDING:
                shift.halted.add(mailing_id)
                for batch_pass in shift.passes:
                    if batch_pass.mailing.id == mailing_id:
                        batch_pass.mailing = mailing
        await self._count_pace()

    async def _count_pace(self) -> None:
        for mailing_id, count in list(self._shift.settled.items()):
            if more := count - self._counted[mailing_id]:
                self._counted[mailing_id] = count
                await self._shift.press.ledger.count_pace(mailing_id, self._shift.clock.now(), more)

    async def _report_trouble(self, mailing: Mailing) -> Mailing:
        shift = self._shift
        if (why := shift.troubles.pop(mailing.id, "")) and mailing.state is MailingState.SENDING:
            return await shift.pause(
                mailing,
                f"The relay does not take mail from this sender. {why}. Nobody was skipped; mend it, then resume.",
            )
        problem = shift.trouble.sentence
        if shift.trouble.pauses and mailing.state is MailingState.SENDING:
            return await shift.pause(mailing, problem)
        if mailing.state is MailingState.SENDING and mailing.problem != problem and (problem or shift.settled):
            await shift.press.mailings.set_problem(mailing.id, problem)
        return mailing

    async def _wait_for_news(self) -> None:
        shift = self._shift
        if not shift.is_closed:
            try:
                async with asyncio.timeout(_LOOK_EVERY_SECONDS):
                    await shift.news.wait()
            except TimeoutError:
                return
            shift.news.clear()
        await asyncio.sleep(_WRITE_EVERY_SECONDS)
