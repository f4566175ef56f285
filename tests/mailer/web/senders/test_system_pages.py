"""What is at work and what waits for it, over a real outbox and a real tray."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.bounces.tray.store import MOST_TRIES
from mailer.delivery.controlling import schedule
from mailer.delivery.outbox.oneoff import OneOffId, OneOffState
from mailer.delivery.outbox.posting import post_confirmation
from mailer.delivery.outbox.working import work_outbox
from mailer.delivery.presence import report
from mailer.delivery.ticking import tick
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


async def test_who_is_at_work_is_told_and_who_is_missing(site: Site) -> None:
    idle = (await site.admin.get(PAGE)).text
    await report(site.press, "scheduler", "one")
    await site.join("ana@example.com")
    await schedule(site.press, "harbour", ["readers"], now=await site.press.ledger.now())
    await tick(site.press, "test")
    missing = (await site.admin.get(PAGE)).text
    await report(site.press, "worker", "one")
    working = (await site.admin.get(PAGE)).text

    assert "pressrun scheduler" in idle
    assert "Nothing is being mailed, so none can be seen." in idle
    assert "pressrun scheduler" not in missing
    assert "run <code>pressrun worker</code>" in missing
    assert "run <code>pressrun worker</code>" not in working
