"""The page of destinations."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.delivery.destinations.slowdown import Slowdown

if TYPE_CHECKING:
    from tests.mailer.web.conftest import Site


async def test_slowed_destinations_are_shown_until_they_have_recovered(site: Site) -> None:
    now = await site.press.ledger.now()
    await site.press.slowed.slow("google", Slowdown.after(None, "421 4.7.28 too <much>", now))
    await site.press.slowed.slow("web.de", Slowdown(now - timedelta(minutes=5, seconds=30), 2, "450 4.7.650 slower"))
    await site.press.slowed.slow("gmx.net", Slowdown(now - timedelta(hours=1), 1, "421 4.7.1 long ago"))

    page = (await site.admin.get("/admin/settings/destinations")).text

    assert "421 4.7.28 too &lt;much&gt;" in page
    assert "6 messages at once" in page
    assert "2 times in a row" in page
    assert "gmx.net" not in page


async def test_a_destination_is_lifted(site: Site) -> None:
    now = await site.press.ledger.now()
    await site.press.slowed.slow("google", Slowdown.after(None, "421 4.7.28 too much", now))

    for _ in range(2):
        answer = await site.admin.post("/admin/settings/destinations/lift", {"destination": "google"})
        assert answer.header("location") == "/admin/settings/destinations"

    assert await site.press.slowed.slowed(now) == {}
    assert "No destination is slowed" in (await site.admin.get("/admin/settings/destinations")).text
