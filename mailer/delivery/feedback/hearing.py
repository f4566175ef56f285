"""What comes back is heard: reports are worked off, out of the tray or straight from a pipe.

A report leaves the tray when all that follows from it is written. Taking it in twice changes nothing, so whatever dies
in between, the next shift does it again. A report that cannot be worked off is put off, and set aside after some tries;
the others go on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from mailer import maillog
from mailer.bounces.policy import BouncePolicy
from mailer.bounces.receiving import Received, receive
from mailer.bounces.tray.trayed import Trayed
from mailer.delivery.press import Press
from mailer.issues.mailing import MailingId
from subscribers.cohort import SubscriberId
from subscribers.errors import StorageDownError

_AGAIN_AFTER = timedelta(minutes=1)
_REDIS_AGAIN_AFTER = timedelta(seconds=5)
_LONGEST_SENTENCE = 500


async def work_tray(press: Press, *, lasts: timedelta, is_stopping: Callable[[], bool]) -> int:
    """Work off the reports that wait, until none does, time is up or `is_stopping`; return how many were.

    Raises StorageDownError, and whatever a report that cannot be worked off raises, after it was put off.
    """
    count = 0
    clock = asyncio.get_running_loop()
    ends = clock.time() + lasts.total_seconds()
    lease_for = timedelta(seconds=press.settings.lease_seconds)
    while not is_stopping() and clock.time() < ends:
        one = await press.tray.take(await press.ledger.now(), lease_for=lease_for)
        if one is None:
            break
        await _work_off(press, one)
        count += 1
    return count


async def take_in(press: Press, message: bytes, recipients: Sequence[str], came: datetime) -> list[Received]:
    """Take in one message that came back to these addresses of ours."""
    return await receive(
        message,
        recipients,
        people=press.people,
        reports=press.reports,
        tokens=press.tokens,
        mailed_until=partial(mailed_until, press, now=came),
        policy=BouncePolicy.from_settings(press.settings),
        now=came,
    )


async def mailed_until(press: Press, mailing_id: MailingId, person: SubscriberId, *, now: datetime) -> datetime | None:
    """Return when a mailing ended, or `now` if it has not; None if the person was not in it."""
    if not await press.ledger.was_mailed(mailing_id, person):
        return None
    return (await press.mailings.get(mailing_id)).finished or now


async def _work_off(press: Press, one: Trayed) -> None:
    """Do what follows from one report, and only then take it out of the tray."""
    try:
        for received in await take_in(press, one.message, one.recipients, one.came):
            maillog.heard(received.sentence)
    except StorageDownError:
        # Not the report's fault. What else is away with it cannot be told; then its lease ends by itself.
        await press.tray.give_back(one.id, await press.ledger.now() + _REDIS_AGAIN_AFTER)
        raise
    except Exception as error:
        # A bug of ours, which the task shell logs. The others must not wait behind it.
        sentence = f"It could not be worked off ({type(error).__name__}: {error})."[:_LONGEST_SENTENCE]
        await press.tray.failed(one.id, await press.ledger.now() + _AGAIN_AFTER, sentence)
        raise
    await press.tray.done(one.id)
