"""Letting go: those of a mailing who are held come due."""

from __future__ import annotations

from datetime import datetime, timedelta

from mailer.delivery.press import Press
from mailer.delivery.reply import instant, milliseconds
from mailer.delivery.timing.turn import HELD_MS, Turn
from mailer.issues.mailing import Mailing


async def let_go(press: Press, mailing: Mailing, number: int, now: datetime) -> None:
    """Let a held turn come due: the turn first, then the batches that wait for it, spread if the mailing is.

    To be called again and again: what a crash left undone, the next call does.
    """
    held = next((turn for turn in await press.turns.all(mailing.id) if turn.number == number), None)
    if held is None:
        return
    if held.is_held:
        await press.turns.put(mailing.id, [Turn(held.number, milliseconds(now), held.name)])
    # A pass that read the turn before it changed puts its batch off to the far end once more: the next look finds it.
    batches = await press.ledger.due_from(mailing.id, instant(HELD_MS))
    await press.ledger.add_batches_over(batches, now, timedelta(seconds=mailing.timing.spread_seconds))
