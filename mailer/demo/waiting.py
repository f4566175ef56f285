"""Waiting, with an end: for a mailing to be complete, for the reports that must come back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from mailer.delivery.ledger import LedgerCounts
from mailer.delivery.press import Press
from mailer.delivery.progress import progress_of
from mailer.errors import PressrunError
from mailer.issues.mailing import MailingId
from subscribers.errors import StorageDownError

_LOOK_SECONDS = 0.1


def patience_for(people: int) -> timedelta:
    """Return how long a mailing to so many may take: generous, but not for ever."""
    return timedelta(seconds=120 + people / 20)


async def until(is_so: Callable[[], Awaitable[bool]], patience: timedelta) -> bool:
    """Wait until it is so; return whether it became so in time."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            while True:
                # Redis may be away for a moment: it is started again, and the others wait for it, too.
                with suppress(StorageDownError):
                    if await is_so():
                        return True
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        return False


async def until_complete(
    press: Press, mailing_id: MailingId, people: int, tell: Callable[[int], None] | None = None
) -> LedgerCounts:
    """Wait until a mailing is finished, and return its ledger; `tell` hears how many people are settled.

    Raises PressrunError, with how far it came, when patience is over.
    """

    async def is_finished() -> bool:
        now = await progress_of(press, mailing_id)
        if tell:
            tell(now.counts.audience - now.counts.pending)
        return now.mailing.is_finished

    patience = patience_for(people)
    is_complete = await until(is_finished, patience)
    counts = await press.ledger.counts(mailing_id)
    if not is_complete:
        raise PressrunError(
            f"Mailing {mailing_id} was not complete after {patience.total_seconds():.0f} s: {counts.pending} of "
            f"{counts.audience} people were pending, {counts.deferred} of them put off."
        )
    return counts
