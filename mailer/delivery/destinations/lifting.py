"""Lifting: a destination that was slowed is mailed again as ever, because a person knows better."""

from __future__ import annotations

from mailer.delivery.press import Press


async def lift(press: Press, name: str) -> bool:
    """Slow a destination no more, and let those go who wait for it; return whether it was slowed.

    Workers see it within a second. Dead between the two steps: whoever waits goes when the rest would have ended.
    """
    now = await press.ledger.now()
    was_slowed = name in await press.slowed.slowed(now)
    await press.slowed.forget(name)
    for mailing_id in await press.ledger.open_mailings():
        mailing = await press.mailings.get(mailing_id)
        # The batches of a spread mailing come one after the other, which is to stay so.
        if not mailing.timing.spread_seconds:
            await press.ledger.hasten(mailing_id, beyond=now + press.ledger.lease_for, to=now)
    return was_slowed
