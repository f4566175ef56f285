"""The tick: find in Redis everything that is due, however it came to be due.

New mailings, deferred people, batches whose worker died, mailings that are finished: all are found by looking, never
by having been told. So a tick may be missed, or done twice at once by any number of processes, and the broker may be
emptied at any moment.
"""

from __future__ import annotations

from datetime import datetime

from mailer import maillog
from mailer.delivery.batch import cut_batches
from mailer.delivery.experiments.deciding import tend_experiment
from mailer.delivery.ledger import LedgerCounts
from mailer.delivery.planning import plan
from mailer.delivery.press import Press
from mailer.delivery.quality.watching import watch
from mailer.delivery.series.recurring import recur
from mailer.delivery.timing.canarying import tend_canary
from mailer.delivery.timing.quiettimes import QuietTimes
from mailer.errors import ConflictError
from mailer.issues.mailing import Mailing, MailingId, MailingState
from subscribers.errors import RuleError

_TO_NOBODY = (
    "Nobody was mailed: there was nobody on its lists or in its segments when it began. Look at who is in them "
    "(`pressrun mailings send --count`), then send the issue again."
)
SHIFTS_AT_ONCE = 16
"""No more shifts are asked for than this, however many batches are due; a shift takes many batches."""


async def tick(press: Press, planner: str) -> int:
    """Plan what is to begin, complete what is finished; return how many shifts have something to do now.

    `planner` names this process, for the lock that keeps two from planning the same mailing.
    """
    now = await press.ledger.now()
    await recur(press, now)
    for mailing_id in await press.mailings.active():
        mailing = await press.mailings.get(mailing_id)
        if mailing.state is MailingState.SCHEDULED and (mailing.starts or now) <= now:
            await _plan(press, mailing_id, planner)
    due = 0
    quiet = await QuietTimes.ask(press)
    for mailing_id in await press.ledger.open_mailings():
        mailing = await press.mailings.get(mailing_id)
        found = await _tend(press, mailing, now)
        is_quiet = mailing.state is MailingState.SENDING and quiet.until(mailing.newsletter, now)
        due += 0 if is_quiet else found
    return min(due, SHIFTS_AT_ONCE)


async def _plan(press: Press, mailing_id: MailingId, planner: str) -> None:
    try:
        if not await plan(press, mailing_id, planner):
            return
    except (ConflictError, TimeoutError):
        # Cancelled or planned by another process while we looked, or too slow: the next tick sees.
        return
    except RuleError as error:
        # It must not hold up other mailings. Tried again when the planner's lock has run out.
        await press.mailings.set_problem(mailing_id, f"A segment cannot be asked: {error} Nobody was mailed yet.")
        return
    counts = await press.ledger.counts(mailing_id)
    maillog.planned(mailing_id, counts.audience, counts.pending)


async def _tend(press: Press, mailing: Mailing, now: datetime) -> int:
    """Return how many batches of an open ledger are due; close the ledger if nobody is pending."""
    if mailing.state in (MailingState.DRAFT, MailingState.SCHEDULED):
        return 0
    if not await press.ledger.unfinished(mailing.id):
        await _finish(press, mailing, now)
        return 0
    if mailing.state is MailingState.PAUSED:
        return 0
    if mailing.state is MailingState.CANCELLED:
        # Also those whose turn is far away are to be excluded now. What is in a worker's hands stays there.
        await press.ledger.hasten(mailing.id, beyond=now + press.ledger.lease_for, to=now)
    if mailing.state is MailingState.SENDING:
        await watch(press, mailing, now)
        await tend_canary(press, mailing, now)
        await tend_experiment(press, mailing, now)
    return len(await press.ledger.due(mailing.id, now, SHIFTS_AT_ONCE))


async def _finish(press: Press, mailing: Mailing, now: datetime) -> None:
    counts = await press.ledger.counts(mailing.id)
    if counts.pending:
        await _cut_again(press, mailing, counts, now)
        return
    if mailing.state is not MailingState.CANCELLED:
        try:
            problem = "" if counts.audience else _TO_NOBODY
            await press.mailings.move(mailing.id, MailingState.COMPLETE, problem=problem, now=now)
        except ConflictError:
            # Another tick was faster.
            return
        maillog.completed(mailing.id)
    await press.ledger.close(mailing.id)


async def _cut_again(press: Press, mailing: Mailing, counts: LedgerCounts, now: datetime) -> None:
    """Put pending people who are in no batch into new ones: the ledger is the truth, the batches only its index."""
    maillog.recut(mailing.id, counts.pending)
    for chunk, words in (await press.ledger.words(mailing.id)).items():
        batches = list(cut_batches(mailing.id, chunk, words.pending, press.settings.batch_size))
        await press.ledger.add_batches(batches, now)
