"""The tray keeps what was let in until it was worked off, within bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.bounces.tray.store import MOST_BYTES, MOST_TRIES, Tray
from mailer.bounces.tray.trayed import TrayId
from mailer.errors import NotFoundError, TrayFullError
from subscribers.storage import Redis

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=15)
REPORT = b"Subject: \xff\r\n\r\nSorry.\r\n"


async def _takes(tray: Tray, now: datetime = NOW) -> list[int]:
    """Take whatever is due."""
    taken = []
    while one := await tray.take(now, lease_for=LEASE):
        taken.append(int(one.id))
    return taken


async def _aside(tray: Tray) -> TrayId:
    """Put a report in, and have it set aside."""
    one = await tray.put(REPORT, ["postmaster"], NOW)
    for number in range(MOST_TRIES + 1):
        await tray.take(NOW + number * LEASE, lease_for=LEASE)
    return one


async def test_what_is_put_in_comes_out_whole_and_once(redis: Redis) -> None:
    tray = Tray(redis)
    await tray.put(REPORT, ["b+x@example.com", "postmaster"], NOW)

    one = await tray.take(NOW, lease_for=LEASE)
    nobody_else = await tray.take(NOW, lease_for=LEASE)

    assert one is not None
    assert (one.message, one.recipients, one.came) == (REPORT, ("b+x@example.com", "postmaster"), NOW)
    assert nobody_else is None


async def test_what_its_taker_does_not_finish_is_due_again_when_the_lease_ends(redis: Redis) -> None:
    tray = Tray(redis)
    one = await tray.put(REPORT, ["postmaster"], NOW)
    await _takes(tray)

    assert await tray.count_due(NOW + LEASE / 2) == 0
    assert await _takes(tray, NOW + LEASE) == [one]


async def test_the_first_that_came_is_the_first_that_is_taken(redis: Redis) -> None:
    tray = Tray(redis)
    put = [await tray.put(REPORT, ["postmaster"], NOW + timedelta(seconds=second)) for second in range(3)]

    assert await _takes(tray, NOW + timedelta(minutes=1)) == put


async def test_of_what_was_worked_off_nothing_is_left_but_the_last_number(redis: Redis) -> None:
    tray = Tray(redis)
    one = await tray.put(REPORT, ["postmaster"], NOW)

    for _ in range(2):
        await tray.done(one)

    assert sorted(await redis.keys("{reports}*")) == [b"{reports}:bytes", b"{reports}:last-id"]
    assert await redis.get("{reports}:bytes") == b"0"


@pytest.mark.parametrize("bounds", [{"most_reports": 2}, {"most_bytes": 2 * len(REPORT) + 1}])
async def test_a_full_tray_refuses_and_keeps_what_it_has(redis: Redis, bounds: dict[str, int]) -> None:
    tray = Tray(redis, **bounds)
    first, second = [await tray.put(REPORT, ["postmaster"], NOW) for _ in range(2)]

    with pytest.raises(TrayFullError, match="feedback"):
        await tray.put(REPORT, ["postmaster"], NOW)
    await tray.done(first)
    third = await tray.put(REPORT, ["postmaster"], NOW)

    assert await _takes(tray) == [second, third]


async def test_a_report_that_is_too_long_is_refused(redis: Redis) -> None:
    with pytest.raises(TrayFullError):
        await Tray(redis).put(bytes(MOST_BYTES + 1), ["postmaster"], NOW)


async def test_a_report_whose_takers_die_is_set_aside_and_holds_up_nobody(redis: Redis) -> None:
    tray = Tray(redis)
    bad = await _aside(tray)
    good = await tray.put(REPORT, ["postmaster"], NOW)

    later = NOW + timedelta(days=1)

    assert await _takes(tray, later) == [good]
    (aside,) = await tray.aside(10)
    assert (aside.id, aside.tries) == (bad, MOST_TRIES)
    assert aside.sentence == "It was tried several times, and its worker ended each time."
    assert (await tray.get(bad)).message == REPORT


async def test_what_is_given_back_was_not_tried(redis: Redis) -> None:
    tray = Tray(redis)
    one = await tray.put(REPORT, ["postmaster"], NOW)
    for _ in range(2 * MOST_TRIES):
        assert await _takes(tray) == [one]
        await tray.give_back(one, NOW)

    assert (await tray.get(one)).tries == 0


async def test_what_was_set_aside_can_be_tried_anew(redis: Redis) -> None:
    tray = Tray(redis)
    one = await _aside(tray)

    await tray.retry(one, NOW)

    assert await _takes(tray) == [one]
    assert await tray.aside(10) == []
    with pytest.raises(NotFoundError):
        await tray.retry(TrayId(one + 1), NOW)


async def test_what_was_worked_off_stays_so_whatever_a_slower_taker_says(redis: Redis) -> None:
    tray = Tray(redis)
    one = await tray.put(REPORT, ["postmaster"], NOW)
    await tray.done(one)

    await tray.failed(one, NOW, "Slow.")
    await tray.give_back(one, NOW)

    assert await _takes(tray, NOW + LEASE) == []
    assert (await tray.count()).waiting == 0


async def test_what_was_set_aside_makes_room(redis: Redis) -> None:
    tray = Tray(redis, most_reports=2)
    old, newer = await _aside(tray), await _aside(tray)

    new = await tray.put(REPORT, ["postmaster"], NOW)

    assert [one.id for one in await tray.aside(10)] == [newer]
    assert old < newer
    assert await _takes(tray) == [new]


async def test_what_was_set_aside_goes_after_a_month(redis: Redis) -> None:
    tray = Tray(redis)
    await _aside(tray)

    await tray.put(REPORT, ["postmaster"], NOW + timedelta(days=31))

    assert await tray.aside(10) == []
    assert await redis.get("{reports}:bytes") == str(len(REPORT)).encode()
