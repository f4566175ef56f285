"""Every page, light and dark, wide and narrow: nothing that axe calls serious, and no sideways scrolling."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext

from mailer.delivery.controlling import schedule
from mailer.delivery.destinations.slowdown import Slowdown
from mailer.delivery.experiments.experimenting import Trial, experiment_of
from mailer.delivery.planning import plan
from mailer.delivery.series.recurring import begin_series
from mailer.delivery.series.series import Series
from mailer.issues.aims.tracking import Tracking
from mailer.senders.relays.health import Health
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.senders.rotating import make_key
from mailer.senders.warmups.warmup import Warmup, ladder
from mailer.tokens import Kind
from subscribers.segmenting import save_segment
from tests.mailer.web.conftest import Site

pytestmark = pytest.mark.browser

DESK = (
    "/admin/scheduled",
    "/admin/series",
    "/admin/series/new",
    "/admin/series/mondays",
    "/admin/settings/relays",
    "/admin/settings/relays/new",
    "/admin/settings/relays/spare",
    "/admin/settings/domains",
    "/admin/settings/domains/news.example.com",
    "/admin/settings/destinations",
    "/admin/settings/system",
)
"""Pages about how mail leaves, and when."""

WIDTHS = (1280, 768, 375, 320)


async def furnish_senders(site: Site) -> None:
    """Give the site relays that are well and not, keys, a warm-up, a slowed destination and a series."""
    press, now = site.press, await site.press.ledger.now()
    await press.relays.add(StoredRelay(name="post", host="post.example.com", per_hour=1_000, connections_in_all=8))
    await press.relays.add(StoredRelay(name="spare", host="spare.example.com", priority=20))
    await press.relays.note_failure("spare", Health().after_failure("535 5.7.8 " + "no " * 40, now, is_login=True))
    await make_key(press.keys, "news.example.com", now=now)
    await press.warmups.put(Warmup(domain="news.example.com", began=now, ceilings=ladder()))
    await press.slowed.slow("google", Slowdown.after(None, "421 4.7.28 " + "unusual rate " * 20, now))
    series = Series(slug="mondays", newsletter="daily", lists=("readers",), cron="0 9 * * 1", zone="UTC", created=now)
    await begin_series(press, series)


async def everything(site: Site) -> list[str]:
    """Fill the site with a little of everything, and return the addresses of all kinds of page."""
    ana, ben = await site.join("ana@example.com", "gone.ben@example.com")
    newsletter = await site.press.newsletters.get("daily")
    await site.press.newsletters.put(replace(newsletter, tracking=Tracking.ALL))
    await save_segment(site.press.people, "vip", "everyone()", await site.press.ledger.now())
    mailing = await schedule(site.press, "harbour", ["readers"], now=await site.press.ledger.now())
    await site.work()
    (message,) = site.inbox.list()
    waiting = await schedule(site.press, "harbour", ["readers"], now=await site.press.ledger.now())
    experiment = await experiment_of(site.press, "harbour", Trial(subjects=["Ships ahoy"], share=0.5))
    now = await site.press.ledger.now()
    trial = await schedule(site.press, "harbour", ["readers"], now=now, experiment=experiment)
    await plan(site.press, trial.id, "test")
    await furnish_senders(site)
    leaving = site.press.tokens.link(Kind.UNSUBSCRIBE, ana, site.readers.id, mailing.id)
    return [
        "/",
        f"/u/{leaving}",
        "/nowhere",
        "/admin",
        await site.sign_in_path(),
        "/admin/sign-in",
        "/admin/import",
        "/admin/issues/harbour",
        "/admin/issues/harbour?look=dark",
        "/admin/issues/harbour/edit",
        "/admin/issues/harbour/send",
        "/admin/issues/harbour/confirm?list=readers",
        "/admin/mailings",
        f"/admin/mailings/{mailing.id}?address=ana@example.com",
        f"/admin/mailings/{waiting.id}",
        f"/admin/mailings/{trial.id}",
        f"/admin/mailings/{mailing.id}/again?to=refused",
        f"/admin/mailings/{waiting.id}/cancel",
        f"/admin/mailings/{mailing.id}/people/refused",
        "/admin/people",
        f"/admin/people/{ben}",
        "/admin/suppressions",
        "/admin/inbox",
        f"/admin/inbox/{message.name}",
        "/admin/issues/none",
        *DESK,
    ]


async def signed_in(site: Site, chromium: Browser, scheme: str) -> BrowserContext:
    context = await chromium.new_context(color_scheme="dark" if scheme == "dark" else "light")
    name, _, value = site.admin.cookie.partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": site.url}])
    return context


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious_on_any_page(site: Site, chromium: Browser, scheme: str) -> None:
    paths = await everything(site)
    context = await signed_in(site, chromium, scheme)
    page = await context.new_page()
    # What the frames show is the mail's own business, tested with the themes. Dark differs in nothing but colours.
    options = {"iframes": False} | ({"runOnly": ["color-contrast"]} if scheme == "dark" else {})

    found = []
    for path in paths:
        await page.goto(site.url + path)
        results = await Axe().run(page, options=options)
        found += [
            f"{path}: {one['id']} ({one['impact']}) at {one['nodes'][0]['target']}: {one['nodes'][0]['failureSummary']}"
            for one in results.response["violations"]
            if one["impact"] in ("serious", "critical", "moderate")
        ]

    assert found == []


async def test_no_page_scrolls_sideways(site: Site, chromium: Browser) -> None:
    paths = await everything(site)
    context = await signed_in(site, chromium, "light")
    page = await context.new_page()

    wide = []
    for path in paths:
        await page.goto(site.url + path)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 800})
            needed = await page.evaluate("document.documentElement.scrollWidth")
            if needed > width:
                wide.append((path, width, needed))

    assert wide == []


async def test_every_page_has_one_heading_a_title_and_a_way_past_the_navigation(site: Site, chromium: Browser) -> None:
    paths = await everything(site)
    context = await signed_in(site, chromium, "light")
    page = await context.new_page()

    titles = set()
    for path in paths:
        await page.goto(site.url + path)
        assert await page.locator("h1").count() == 1, path
        titles.add(await page.title())
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip", path
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main", path

    assert len(titles) > 15
