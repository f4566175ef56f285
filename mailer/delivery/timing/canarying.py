"""A canary's way: the few are mailed, what comes back is waited for, and then the rest is let go or held.

The tick looks, again and again, and any number of schedulers may. The state is moved first, by a script that lets one
win; what follows from it is done after, and found undone by the next look if a process dies in between.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from mailer import maillog
from mailer.delivery.press import Press
from mailer.delivery.quality.rate import Level, Rate, Window, rates_of, windows_of
from mailer.delivery.quality.watching import forgive, take_tally
from mailer.delivery.timing.canary import LET_GO, CanaryState
from mailer.delivery.timing.releasing import let_go
from mailer.delivery.timing.sharing import THE_FEW, THE_REST
from mailer.errors import ConflictError
from mailer.issues.mailing import Mailing, MailingId, MailingState

LEAST_EVENTS = 2
"""Of the few, one bad event can be chance."""


async def tend_canary(press: Press, mailing: Mailing, now: datetime) -> None:
    """Take a sending mailing's canary one step further, if it is time for it."""
    canary = mailing.timing.canary
    if canary is None:
        return
    standing = await press.turns.canary(mailing.id)
    match standing.state:
        case CanaryState.FLYING:
            if await _are_all_tried(press, mailing.id):
                await press.turns.move_canary(mailing.id, CanaryState.WAITING, now=now)
        case CanaryState.WAITING:
            waited = now - (standing.since or now)
            if not canary.by_hand and waited >= timedelta(seconds=canary.hold_seconds):
                await _judge(press, mailing, now)
        case CanaryState.FAILED:
            await _pause(press, mailing, standing.why, now)
        case CanaryState.PASSED | CanaryState.RELEASED:
            await let_go(press, mailing, THE_REST, now)


async def release(press: Press, mailing_id: MailingId, *, now: datetime) -> Mailing:
    """Let the rest go, whatever the numbers say; a paused mailing goes on. Raises ConflictError if nothing is held."""
    mailing = await press.mailings.get(mailing_id)
    standing = await press.turns.canary(mailing_id)
    if mailing.timing.canary is None or standing.state in LET_GO:
        raise ConflictError(f"Nobody is held back in mailing {mailing_id}.")
    if mailing.state not in (MailingState.SENDING, MailingState.PAUSED):
        raise ConflictError(f"Mailing {mailing_id} is {mailing.state}, so there is nothing to let go.")
    await press.turns.move_canary(mailing_id, CanaryState.RELEASED, now=now, why="Somebody has let the rest go.")
    await forgive(press, mailing_id, now)
    await let_go(press, mailing, THE_REST, now)
    return await press.mailings.move(mailing_id, MailingState.SENDING, now=now)


def judge(rates: list[Rate]) -> Rate | None:
    """Return the rate that speaks against letting the rest go; None if none does."""
    return max((rate for rate in rates if rate.level is Level.PAUSE), key=lambda rate: rate.share, default=None)


async def _are_all_tried(press: Press, mailing_id: MailingId) -> bool:
    words = await press.ledger.words(mailing_id)
    few = await press.turns.cohort(mailing_id, THE_FEW, words)
    return not any(one.pending & ~one.deferred & few.bits(chunk) for chunk, one in words.items())


async def _judge(press: Press, mailing: Mailing, now: datetime) -> None:
    # Nobody but the few was mailed so far, so the mailing's whole tally is theirs.
    tally = await take_tally(press, mailing.id, now)
    hour, _ = windows_of(press.settings)
    window = Window("of those who got it first", hour.span, 1, LEAST_EVENTS, hour.limits)
    bad = judge(list(rates_of(tally, window)))
    if bad is None:
        why = (
            f"{tally.accepted:,} of {tally.tried:,} people were accepted, {tally.bounces:,} bounced, "
            f"{tally.complaints:,} complained."
        )
        await press.turns.move_canary(mailing.id, CanaryState.PASSED, now=now, why=why)
        await let_go(press, mailing, THE_REST, now)
        return
    why = f"The few who got it first speak against it, by {bad.kind}: {bad.sentence} The rest is held."
    if await press.turns.move_canary(mailing.id, CanaryState.FAILED, now=now, why=why):
        await _pause(press, mailing, why, now)


async def _pause(press: Press, mailing: Mailing, why: str, now: datetime) -> None:
    try:
        await press.mailings.move(mailing.id, MailingState.PAUSED, problem=why, now=now)
    except ConflictError:
        return
    maillog.paused(mailing.id, why)
