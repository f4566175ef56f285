"""Foreseeing: what would hold a mailing up if it began now, in sentences. Derived on read; nothing is promised.

Nothing here keeps a mailing from being sent: whatever is in its way is waited for, and nobody is skipped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from mailer.delivery.lane import Lane
from mailer.delivery.presence import alive, unserved, what_is_missing
from mailer.delivery.press import Press
from mailer.delivery.warming.warmingup import warmed_domain
from mailer.issues.newsletter import Newsletter
from mailer.senders.relays.condition import Condition, RelayState, condition_of
from mailer.senders.relays.limit import Limit

_WORTH_A_WORD = timedelta(hours=1)
"""What takes less is not spoken of."""


async def hindrances(press: Press, newsletter: Newsletter, people: int) -> list[str]:
    """Return what would hold up a mailing of this newsletter to so many people, if it began now."""
    now = await press.ledger.now()
    return [sentence async for sentence in _hindrances(press, newsletter, people, now)]


async def detours(press: Press, now: datetime) -> list[str]:
    """Return which relays are left alone just now, and which destinations want less: mail goes around them."""
    conditions = [await condition_of(press.relays, one, now) for one in await press.relays.all()]
    resting = [
        f"The relay {one.relay.name} is left alone until {one.health.rests_until:%H:%M} UTC: {one.health.reason}"
        for one in conditions
        if one.state is RelayState.RESTING and one.health.rests_until
    ]
    return [*resting, *await _slowed(press, now)]


async def _slowed(press: Press, now: datetime) -> list[str]:
    return [
        f"{name} wants less mail until about {one.recovered:%H:%M} UTC on {one.recovered:%Y-%m-%d}; nobody else waits."
        for name, one in sorted((await press.slowed.slowed(now)).items())
    ]


async def _hindrances(press: Press, newsletter: Newsletter, people: int, now: datetime) -> AsyncIterator[str]:
    if not (await alive(press)).get("scheduler"):
        yield "No scheduler is at work, and without one nothing begins: run `pressrun scheduler`."
    if Lane.DELIVERY in await unserved(press):
        yield what_is_missing(Lane.DELIVERY)
    conditions = [await condition_of(press.relays, one, now) for one in await press.relays.all()]
    for sentence in (_unusable(conditions), _slowest(conditions, people)):
        if sentence:
            yield sentence
    quiet = newsletter.quiet(press.settings.quiet)
    if quiet and (until := quiet.until(now)):
        yield quiet.sentence(until)
    if sentence := await _warming(press, newsletter, people, now):
        yield sentence
    for sentence in await _slowed(press, now):
        yield sentence


def _unusable(conditions: list[Condition]) -> str:
    """Say that no relay can be used, where some are defined."""
    if not conditions or any(one.state is RelayState.WELL for one in conditions):
        return ""
    why = "; ".join(f"{one.relay.name} is {one.state}" for one in conditions)
    return f"No relay can be used just now ({why}), so everybody waits until one can."


def _slowest(conditions: list[Condition], people: int) -> str:
    """Say how long the relays' limits make it, where that is long."""
    usable = [one for one in conditions if one.state is RelayState.WELL]
    if not usable or any(not one.relay.limits for one in usable):
        return ""
    lasts = min(_lasts(usable, people), timedelta(days=365))
    if lasts < _WORTH_A_WORD:
        return ""
    hours = round(lasts.total_seconds() / 3600)
    about = f"{hours} hours" if hours < 48 else f"{round(hours / 24)} days"
    return f"The relays’ limits let {people:,} messages go in about {about}."


def _lasts(usable: list[Condition], people: int) -> timedelta:
    """Return how long the limits of all usable relays together make it, with what is used of them already."""
    per_second = sum(min(_rate(limit) for limit in one.relay.limits) for one in usable)
    left = [min(limit.amount - used for limit, used in one.used) for one in usable]
    # What is left of the present windows goes at once, the rest as the windows roll.
    return timedelta(seconds=max(0, people - sum(max(0, room) for room in left)) / per_second)


def _rate(limit: Limit) -> float:
    return limit.amount / limit.seconds


async def _warming(press: Press, newsletter: Newsletter, people: int, now: datetime) -> str:
    warmup = await press.warmups.find(warmed_domain(newsletter))
    if warmup is None or warmup.is_over(now):
        return ""
    today = warmup.day(now)
    room = warmup.ceiling(now) - await press.warmups.used(warmup, now)
    if people <= room:
        return ""
    day = today
    while room < people and day + 1 < len(warmup.ceilings):
        day += 1
        room += warmup.ceilings[day]
    last = warmup.begins(day if room >= people else len(warmup.ceilings))
    return (
        f"{warmup.domain} is warming up: today is day {today + 1} of {len(warmup.ceilings)}, and the last of "
        f"{people:,} people get it from {last:%Y-%m-%d %H:%M} UTC on."
    )
