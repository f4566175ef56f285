"""What is at work and what waits for it, over a real outbox and a real tray."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.bounces.tray.store import MOST_TRIES
from mailer.delivery.lane import Lane
from mailer.delivery.outbox.oneoff import OneOffId, OneOffState
from mailer.delivery.outbox.posting import post_confirmation
from mailer.delivery.outbox.working import work_outbox
from mailer.delivery.presence import report
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay
from subscribers.subscription import SubscriptionState

if TYPE_CHECKING:
    from tests.mailer.web.conftest import Site

PAGE = "/admin/settings/system"
LEASE = timedelta(seconds=1)


async def refused(site: Site) -> OneOffId:
    """Post a confirmation to somebody who is not there, and one that is accepted."""
    press = site.press
    gone, there = await site.join("gone.ana@example.com", "ben@example.com", state=SubscriptionState.PENDING)
    now = await press.ledger.now()
    one_off = await post_confirmation(press, site.readers, gone, now)
    await post_confirmation(press, site.readers, there, now)
    pool = Pool(Relay.of(press.settings))
    try:
        await work_outbox(press, pool, lasts=timedelta(seconds=10), is_stopping=lambda: False)
    finally:
        await pool.close()
    return one_off


async def test_messages_that_were_not_accepted_are_shown_and_tried_again(site: Site) -> None:
    one_off = await refused(site)

    page = await site.admin.get(PAGE)
    answer = await site.admin.post(f"{PAGE}/messages/{one_off}/retry")

    assert "gone.ana@example.com" in page.text
    assert "550 5.1.1" in page.text
    assert "ben@example.com" not in page.text
    assert answer.header("location") == PAGE
    assert (await site.press.outbox.get(one_off)).state is OneOffState.PENDING


async def test_what_was_accepted_is_not_handed_over_again(site: Site) -> None:
    one_off = await refused(site)

    answer = await site.admin.post(f"{PAGE}/messages/{one_off + 1}/retry")
    nobody = await site.admin.post(f"{PAGE}/messages/99/retry")

    assert answer.status == 409
    assert "nothing to try again" in answer.text
    assert nobody.status == 404


async def test_reports_that_were_set_aside_are_shown_and_tried_again(site: Site) -> None:
    tray, now = site.press.tray, await site.press.ledger.now()
    number = await tray.put(b"Subject: a bounce\r\n\r\n", ["b+<x>@example.com"], now)
    for turn in range(MOST_TRIES + 1):
        await tray.take(now + turn * LEASE, lease_for=LEASE)

    page = await site.admin.get(PAGE)
    answer = await site.admin.post(f"{PAGE}/reports/{number}/retry")
    again = await site.admin.post(f"{PAGE}/reports/77/retry")

    assert "b+&lt;x&gt;@example.com" in page.text
    assert "its worker ended each time" in page.text
    assert (answer.status, again.status) == (303, 404)
    assert ((await tray.count()).waiting, (await tray.count()).aside) == (1, 0)


async def test_who_is_at_work_is_told_and_what_nobody_serves(site: Site) -> None:
    nobody = (await site.admin.get(PAGE)).text
    for kind in ("scheduler", *Lane):
        await report(site.press, kind, "one")
    await report(site.press, Lane.DELIVERY, "two")
    everybody = (await site.admin.get(PAGE)).text

    assert "run <code>pressrun scheduler</code>" in nobody
    assert [f"No worker serves the queue {lane}" in nobody for lane in Lane] == [True] * len(Lane)
    assert "2 workers serve it" in everybody
    assert "run <code>pressrun scheduler</code>" not in everybody
    assert "No worker serves" not in everybody
