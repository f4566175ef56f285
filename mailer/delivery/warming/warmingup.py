"""Warming up: which mailings it concerns, on which day their people go, and how it ends."""

from __future__ import annotations

import msgspec

from mailer.delivery.press import Press
from mailer.delivery.reply import milliseconds
from mailer.delivery.timing.canarychoice import trusted
from mailer.delivery.timing.turn import Turn
from mailer.issues.mailing import Mailing
from mailer.issues.newsletter import Newsletter
from mailer.issues.timing import Timing
from mailer.rendering.headers import sending_domain
from mailer.senders.warmups.warmup import Warmup
from subscribers.cohort import Cohort

MOST_TURNS = 30
"""Whoever is later than that has one turn together; the days' ceilings part them."""


def warmed_domain(newsletter: Newsletter) -> str:
    """Return the domain that a newsletter's mail is from, as warm-ups are named."""
    return sending_domain(newsletter.sender_domain)


async def timing_for(press: Press, newsletter: Newsletter, timing: Timing, *, is_tried_out: bool) -> Timing:
    """Return a mailing's timing: day by day where the newsletter's domain is warming up and nothing else parts it."""
    warmup = await press.warmups.find(warmed_domain(newsletter))
    if warmup is None or timing.has_turns or timing.spread_seconds or is_tried_out:
        return timing
    return timing if warmup.is_over(await press.ledger.now()) else msgspec.structs.replace(timing, warms_up=True)


async def warmup_of(press: Press, mailing: Mailing) -> Warmup | None:
    """Return the warm-up that a mailing has to keep to now; None if there is none."""
    if not await press.warmups.all():
        return None
    warmup = await press.warmups.find(warmed_domain(await press.newsletters.get(mailing.newsletter)))
    return None if warmup is None or warmup.is_over(await press.ledger.now()) else warmup


async def part_by_day(press: Press, mailing: Mailing, audience: Cohort) -> list[tuple[Turn, Cohort]]:
    """Return who is due on which day: first who took part of late, then who was reached, then who came first.

    Everybody is in exactly one turn. Other mailings from the domain may use what is counted on here: the ceilings are
    kept when messages are handed over, and whoever finds none left goes a day later.
    """
    now = await press.ledger.now()
    warmup = await warmup_of(press, mailing)
    turns: list[tuple[Turn, Cohort]] = []
    if warmup:
        preferred = [*await trusted(press, mailing, audience.chunks()), audience]
        today, used = warmup.day(now), await press.warmups.used(warmup, now)
        for day in range(today, min(len(warmup.ceilings), today + MOST_TURNS)):
            room = warmup.ceilings[day] - (used if day == today else 0)
            if chosen := _first(audience, preferred, room):
                due = max(now, warmup.begins(day))
                turns.append((Turn(len(turns), milliseconds(due), f"day {day + 1} of the warm-up"), chosen))
                audience = audience - chosen
    if audience or not turns:
        due = warmup.begins(min(len(warmup.ceilings), warmup.day(now) + MOST_TURNS)) if warmup else now
        turns.append((Turn(len(turns), milliseconds(due), "after the warm-up" if warmup else "everybody"), audience))
    return turns


async def end_warmup(press: Press, domain: str) -> bool:
    """End a domain's warm-up, and let those go who wait for a later day; return whether there was one.

    A repeat lets go whoever a worker has put off meanwhile.
    """
    had_one = await press.warmups.find(domain) is not None
    now = await press.ledger.now()
    concerned = [
        mailing
        for mailing in [await press.mailings.get(one) for one in await press.ledger.open_mailings()]
        if warmed_domain(await press.newsletters.get(mailing.newsletter)) == domain
    ]
    # First the turns, while the ceilings still hold; last the batches, when they hold nobody any more.
    for mailing in concerned:
        if mailing.timing.warms_up:
            later = [one for one in await press.turns.all(mailing.id) if one.due > now]
            due_ms = milliseconds(now)
            await press.turns.put(mailing.id, [msgspec.structs.replace(one, due_ms=due_ms) for one in later])
    await press.warmups.remove(domain)
    for mailing in concerned:
        # The batches of a spread mailing come one after the other, which is to stay so.
        if not mailing.timing.spread_seconds:
            await press.ledger.hasten(mailing.id, beyond=now + press.ledger.lease_for, to=now)
    return had_one


def _first(audience: Cohort, preferred: list[Cohort], size: int) -> Cohort:
    """Return so many of an audience: of each preferred cohort those with the lowest ids, then of the next."""
    chosen = Cohort()
    for cohort in preferred:
        missing = size - len(chosen)
        if missing <= 0:
            break
        chosen = chosen | ((cohort & audience) - chosen).slice(0, missing)
    return chosen
