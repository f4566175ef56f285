"""Whose batches come due when: turns by time zone, spreads, and the few who go first. Over a real Redis and relay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.delivery import keys
from mailer.delivery.controlling import cancel, schedule
from mailer.delivery.reply import instant
from mailer.delivery.ticking import tick
from mailer.delivery.timing.sharing import first_moment, shares_of, zone_field
from mailer.delivery.timing.turn import HELD_MS, Waiting
from mailer.errors import ConflictError
from mailer.issues.mailing import Mailing, MailingState
from mailer.issues.timing import Canary, Timing
from subscribers.cohort import Cohort
from subscribers.fields import Field, FieldKind
from subscribers.storage import run_all

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN, CHEN = "anna@example.com", "ben@example.com", "chen@example.com"


async def with_zones(newsroom: Newsroom, zones: dict[str, str]) -> None:
    people = newsroom.press.people
    await people.fields.declare(Field(newsletter="daily", name="zone", kind=FieldKind.TIME_ZONE))
    for address, zone in zones.items():
        (person,) = await newsroom.join(address)
        if zone:
            await people.fields.index({("zone", zone): Cohort.of([person])})


async def _send(newsroom: Newsroom, timing: Timing, starts: datetime | None = None) -> Mailing:
    now = await newsroom.press.ledger.now()
    mailing = await schedule(newsroom.press, "harbour", ["readers"], now=now, starts=starts, timing=timing)
    await tick(newsroom.press, "test")
    return await newsroom.press.mailings.get(mailing.id)


def _wall(now: datetime, zone_offset_hours: int) -> str:
    """Return the time of a zone's wall that is now, without seconds."""
    return (now + timedelta(hours=zone_offset_hours)).replace(tzinfo=None).isoformat(timespec="seconds")


async def test_each_reader_gets_it_when_it_is_the_time_where_they_are(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await with_zones(newsroom, {ANNA: "Asia/Tokyo", BEN: "America/Phoenix", CHEN: ""})
    now = await newsroom.press.ledger.now()

    # Now it is this time in Tokyo (UTC+9); in Phoenix (UTC−7) it is in sixteen hours, in UTC in nine.
    mailing = await _send(newsroom, Timing(wall=_wall(now, 9), zone="UTC", zone_field="zone"))
    await newsroom.work()

    assert relay.addresses() == [ANNA]
    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (counts.accepted, counts.pending, counts.balanced) == (1, 2, True)
    due = await newsroom.press.ledger.next_due(mailing.id)
    assert due is not None
    assert abs(due - now - timedelta(hours=9)) < timedelta(seconds=5)


async def test_readers_without_a_zone_go_by_the_mailings_own(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await with_zones(newsroom, {ANNA: "Asia/Tokyo", CHEN: ""})
    now = await newsroom.press.ledger.now()

    await _send(newsroom, Timing(wall=_wall(now, 9), zone="Asia/Seoul", zone_field="zone"))
    await newsroom.work()

    assert relay.addresses() == [ANNA, CHEN]


async def test_whoevers_time_has_passed_gets_it_at_once(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await with_zones(newsroom, {ANNA: "Pacific/Kiritimati", BEN: "Asia/Tokyo"})
    now = await newsroom.press.ledger.now()

    await _send(newsroom, Timing(wall=_wall(now, 9), zone="UTC", zone_field="zone"))
    await newsroom.work()

    assert relay.addresses() == [ANNA, BEN]


async def test_the_shares_say_how_many_are_due_when(newsroom: Newsroom) -> None:
    await with_zones(newsroom, {ANNA: "Asia/Tokyo", BEN: "Asia/Seoul", CHEN: ""})
    timing = Timing(wall="2026-11-25T09:00", zone="Europe/Berlin", zone_field="zone")

    shares = await shares_of(newsroom.press, timing, Cohort.of([1, 2, 3]))

    assert [(f"{one.due:%d %H:%M}", sorted(one.zones), one.people) for one in shares] == [
        ("25 00:00", ["Asia/Seoul", "Asia/Tokyo"], 2),
        ("25 08:00", ["Europe/Berlin"], 1),
    ]
    assert await first_moment(newsroom.press, timing) == shares[0].due


async def test_a_newsletter_that_keeps_no_zones_says_so(newsroom: Newsroom) -> None:
    with pytest.raises(ConflictError, match="declares no field of the kind time-zone"):
        await zone_field(newsroom.press, "daily")


async def test_a_cancelled_mailing_does_not_wait_for_far_turns(newsroom: Newsroom) -> None:
    await with_zones(newsroom, {ANNA: "Asia/Tokyo", BEN: "America/Phoenix"})
    now = await newsroom.press.ledger.now()
    mailing = await _send(newsroom, Timing(wall=_wall(now, 9), zone="UTC", zone_field="zone"))
    await newsroom.work()

    await cancel(newsroom.press, mailing.id, now=now)
    await tick(newsroom.press, "test")
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (counts.accepted, counts.pending, counts.excluded_by) == (1, 0, {"cancelled": 1})


async def test_a_spread_mailing_comes_due_bit_by_bit(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*(f"reader{number}@example.com" for number in range(40)))
    now = await newsroom.press.ledger.now()

    mailing = await _send(newsroom, Timing(spread_seconds=3600))
    await newsroom.work()

    assert 0 < len(relay.received) <= 8, "the first batch, and no other"
    (due,) = await run_all(newsroom.press.redis, [("ZRANGE", keys.due(mailing.id), 0, -1, "WITHSCORES")])
    dues = [float(score) for _, score in due]
    hours = [(instant(int(one)) - now) / timedelta(hours=1) for one in dues]
    assert len(dues) >= 4
    assert hours == sorted(hours)
    assert 0.5 < hours[-1] < 1


async def test_the_few_go_first_and_the_rest_is_held(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*(f"reader{number}@example.com" for number in range(40)))

    mailing = await _send(newsroom, Timing(canary=Canary(people=5, by_hand=True)))
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (len(relay.received), counts.accepted, counts.pending, counts.balanced) == (5, 5, 35, True)
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.SENDING


async def test_who_was_reached_before_goes_first(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    old = await newsroom.join(ANNA, BEN)
    await newsroom.send()
    await newsroom.work()
    relay.received.clear()
    await newsroom.join(*(f"reader{number}@example.com" for number in range(10)))

    await _send(newsroom, Timing(canary=Canary(people=len(old), by_hand=True)))
    await newsroom.work()

    assert relay.addresses() == [ANNA, BEN]


@pytest.mark.parametrize(
    "timing",
    [
        Timing(wall="2026-11-25T09:00", zone="UTC", spread_seconds=60),
        Timing(wall="2026-11-25T09:00", zone="UTC", canary=Canary(people=3)),
        Timing(spread_seconds=-1),
        Timing(spread_seconds=8 * 86_400),
        Timing(canary=Canary(people=0)),
        Timing(canary=Canary(people=1, hold_seconds=8 * 86_400)),
    ],
)
async def test_what_makes_no_sense_is_refused(newsroom: Newsroom, timing: Timing) -> None:
    with pytest.raises(ConflictError):
        await _send(newsroom, timing)


def test_waiting_says_who_is_due_and_when_the_next_are() -> None:
    waiting = Waiting([(100, 0b0001), (200, 0b0110), (HELD_MS, 0b1000)])

    assert waiting.bits(99) == 0b1111
    assert waiting.bits(100) == 0b1110
    assert waiting.next_due_ms(0b1111, 150) == 200
    assert waiting.next_due_ms(0b0001, 150) is None
    assert waiting.first_due_ms(0b10110, 50) == 50
    assert waiting.first_due_ms(0b00110, 50) == 200
    assert waiting.cut(1, 3) == Waiting([(200, 0b011), (HELD_MS, 0b100)])
