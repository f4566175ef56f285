"""What an admin does at the desk of deliveries: publish a record, try a relay, begin a series, take a mailing back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from mailer.delivery.controlling import schedule
from mailer.issues.mailing import MailingState
from tests.browser.test_accessibility import signed_in
from tests.mailer.web.conftest import Site

pytestmark = pytest.mark.browser


async def test_a_record_is_copied_a_relay_tried_a_series_begun_and_a_mailing_undone(
    site: Site, chromium: Browser
) -> None:
    await site.join("ana@example.com", "ben@example.com")
    now = await site.press.ledger.now()
    mailing = await schedule(site.press, "harbour", ["readers"], now=now, starts=now + timedelta(days=1))
    context = await signed_in(site, chromium, "light")
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    page.set_default_timeout(15_000)

    await try_the_relay(page, site)
    await copy_a_record(page, site)
    await begin_a_series(page, site)
    await page.get_by_role("link", name="Mailings").first.click()
    await page.get_by_role("link", name="To come").click()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("#live .state")).to_contain_text("cancelled")

    assert (await site.press.mailings.get(mailing.id)).state is MailingState.CANCELLED


async def try_the_relay(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/admin")
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_label("To, if a message is to be sent").fill("me@example.com")
    await page.get_by_role("button", name="Test").click()
    await expect(page.get_by_text("The relay can be used")).to_be_visible()


async def copy_a_record(page: Page, site: Site) -> None:
    await page.get_by_role("link", name="Sending domains").click()
    await page.get_by_role("link", name="news.example.com").click()
    await page.get_by_role("button", name="Make it").click()
    await page.get_by_role("button", name="Copy: Value").click()
    await expect(page.get_by_text("Copied")).to_be_visible()
    (key,) = await site.press.keys.of("news.example.com")
    assert await page.evaluate("navigator.clipboard.readText()") == key.record


async def begin_a_series(page: Page, site: Site) -> None:
    await page.goto(f"{site.url}/admin/series")
    await page.get_by_role("link", name="Begin a series").click()
    await page.get_by_label("Name", exact=True).fill("mondays")
    await page.get_by_label("Readers of The Daily").check()
    await page.get_by_role("button", name="Count the people…").click()
    await expect(page.get_by_role("heading", name="Mail 2 people again and again?")).to_be_visible()
    await page.get_by_role("button", name="Begin the series").click()
    await expect(page.get_by_role("heading", name="mondays", level=1)).to_be_visible()
    assert [one.slug for one in await site.press.series.all()] == ["mondays"]
