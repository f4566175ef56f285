"""A recurring mailing whose scheduler is killed between its steps: each occurrence is mailed once."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.delivery import keys
from mailer.delivery.press import Press
from mailer.delivery.series.recurring import begin_series
from mailer.delivery.series.series import Series
from mailer.issues.mailing import MailingId, MailingState
from subscribers.cohort import SubscriberId
from subscribers.subscription import SubscriptionState
from tests.journeys.conftest import kill_group

if TYPE_CHECKING:
    from tests.journeys.conftest import Installation

pytestmark = pytest.mark.journey

_PATIENCE_SECONDS, _LOOK_SECONDS = 60.0, 0.005
_PLANNER_KEEPS_OUT_SECONDS = 60.0
PEOPLE, SERIES = 30, ("first", "second", "third")
HasHappened = Callable[[Press], Awaitable[bool]]


async def _is_reserved(press: Press) -> bool:
    return bool(await press.redis.exists("mailings:last-id"))


async def _is_being_planned(press: Press) -> bool:
    return any([await press.redis.exists(keys.planner(one.id)) for one in await press.mailings.all()])


async def _one_has_begun(press: Press) -> bool:
    return any(one.state is MailingState.SENDING for one in await press.mailings.all())


@pytest.mark.parametrize(
    "moments",
    [
        pytest.param(
            (_is_reserved, _one_has_begun), id="while it chooses, and after it has begun", marks=pytest.mark.slow
        ),
        # A planner that was killed keeps the others out for a minute.
        pytest.param((_is_being_planned,), id="while it plans", marks=pytest.mark.slow),
    ],
)
async def test_each_occurrence_is_mailed_once_whenever_the_scheduler_dies(
    installation: Installation, moments: tuple[HasHappened, ...]
) -> None:
    await installation.prepare(PEOPLE)
    await _begin(installation)
    installation.start_inbox()

    for has_happened in moments:
        scheduler = installation.start("scheduler")
        await _wait(installation, has_happened)
        scheduler.send_signal(signal.SIGKILL)
        kill_group(scheduler)
    installation.start("scheduler")
    installation.start("worker")
    async with installation.press() as press:
        occurrences = {slug: await _occurrences(installation, press, slug) for slug in SERIES}
        for number in occurrences.values():
            await installation.until_complete(number, seconds=_PLANNER_KEEPS_OUT_SECONDS + _PATIENCE_SECONDS)
        mailings = await press.mailings.all()

    assert len(set(occurrences.values())) == len(mailings) == len(SERIES)
    assert set(installation.copies().values()) == {len(SERIES)}
    assert len({message["Message-ID"] for message in installation.messages()}) == PEOPLE * len(SERIES)


async def _begin(installation: Installation) -> None:
    """Begin three series that are due now, each to a list of its own with the same people."""
    async with installation.press() as press:
        now = await press.ledger.now()
        everybody = [SubscriberId(number) for number in range(1, PEOPLE + 1)]
        await press.series.mark_ready(await press.issues.get("harbour"))
        for slug in SERIES:
            joined = await press.people.lists.create(slug, name=slug.title(), newsletter="daily")
            await press.people.lists.move(joined.id, everybody, SubscriptionState.ACTIVE)
            # Once an hour; it began an hour ago, so one moment lies behind.
            moment = now - timedelta(minutes=2)
            series = Series(
                slug=slug,
                newsletter="daily",
                lists=(slug,),
                cron=f"{moment.minute} * * * *",
                zone="UTC",
                created=now - timedelta(minutes=30),
            )
            await begin_series(press, series)


async def _wait(installation: Installation, has_happened: HasHappened) -> None:
    async with installation.press() as press:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not await has_happened(press):
            if time.monotonic() > deadline:
                pytest.fail(f"It never came to {has_happened.__name__}.\n{installation.logs()}")
            await asyncio.sleep(_LOOK_SECONDS)


async def _occurrences(installation: Installation, press: Press, slug: str) -> MailingId:
    """Wait for the one occurrence of a series, and return its mailing."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        made = [one.mailing for one in (await press.series.occurrences(slug)).values() if one.mailing]
        if made and await press.mailings.find(made[0]):
            (number,) = made
            return number
        await asyncio.sleep(_LOOK_SECONDS)
    pytest.fail(f"Series {slug} was not held.\n{installation.logs()}")
