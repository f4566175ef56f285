"""What an editor does on the first day, with JavaScript and without."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, expect

from mailer import clock
from mailer.delivery.ticking import tick
from subscribers.address import parse_address
from subscribers.subscriber import Newcomer
from subscribers.subscription import SubscriptionState
from tests.mailer.web.conftest import Site

pytestmark = pytest.mark.browser

READERS = 1_050


@asynccontextmanager
async def opened(chromium: Browser, *, javascript: bool) -> AsyncIterator[tuple[Page, list[str]]]:
    """Open a page; what the browser complains about, such as a violated policy, is collected."""
    context = await chromium.new_context(java_script_enabled=javascript, viewport={"width": 1280, "height": 900})
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    context.on("console", note)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    yield page, complaints
    await context.close()


async def many_join(site: Site) -> None:
    """Confirm over a thousand readers, of whom two will be refused."""
    named = [f"reader{number}" for number in range(READERS - 2)] + ["gone.ben", "gone.cy"]
    newcomers = [Newcomer(parse_address(f"{name}@example.com"), name.title()) for name in named]
    people = await site.press.people.subscribers.add_many(newcomers, clock.now())
    ids = [person.id for person, _ in people]
    await site.press.people.lists.move(site.readers.id, ids, SubscriptionState.ACTIVE)


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
async def test_from_the_sign_in_link_to_a_reader_who_leaves(site: Site, chromium: Browser, *, javascript: bool) -> None:
    await many_join(site)
    async with opened(chromium, javascript=javascript) as (page, complaints):
        await sign_in(page, site)
        await look_at_the_issue(page)
        await send_a_test(page)
        await send_to_everybody(page)
        await pause_and_resume(page, site)
        await watch_it_finish(page, site)
        await follow_a_number_to_a_person(page)
        await leave_by_the_link_in_the_mail(page, site)

        assert complaints == []


async def sign_in(page: Page, site: Site) -> None:
    await page.goto(site.url + await site.sign_in_path())
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Issues", level=1)).to_be_visible()


async def look_at_the_issue(page: Page) -> None:
    await page.get_by_role("link", name="The harbour opens").click()
    for title, width in (("The issue at 600 pixels", 600), ("The issue at 375 pixels", 375)):
        frame = page.frame_locator(f"iframe[title='{title}']")
        await expect(frame.get_by_text("Ships of all sizes came in.")).to_be_visible()
        box = await page.locator(f"iframe[title='{title}']").bounding_box()
        assert box is not None
        assert box["width"] == width
    await page.get_by_role("link", name="Dark", exact=True).click()
    frame = page.frame_locator("iframe[title='The issue at 600 pixels']")
    await expect(frame.get_by_text("Ships of all sizes came in.")).to_be_visible()


async def send_a_test(page: Page) -> None:
    await page.get_by_label("Address").fill("me@example.com")
    await page.get_by_role("button", name="Send the test").click()
    await expect(page.get_by_text("Test to me@example.com sent")).to_be_visible()
    await page.get_by_role("link", name="Look into the inbox").click()
    await page.get_by_role("link", name="[TEST] The harbour opens").click()
    frame = page.frame_locator("iframe[title='The HTML part']")
    await expect(frame.get_by_text("Ships of all sizes came in.")).to_be_visible()


async def send_to_everybody(page: Page) -> None:
    await page.get_by_role("link", name="Issues", exact=True).click()
    await page.get_by_role("link", name="The harbour opens").click()
    await page.get_by_role("link", name="Send…").click()
    await page.get_by_role("button", name="Send to 1,050 people…").click()
    await expect(page.get_by_role("heading", name="Send to 1,050 people?")).to_be_visible()
    await page.get_by_label("Type the number of people").fill("1,050")
    await page.get_by_role("button", name="Send to 1,050 people").dblclick()
    await expect(page.get_by_text("No worker is at work")).to_be_visible()


async def pause_and_resume(page: Page, site: Site) -> None:
    assert [one.id for one in await site.press.mailings.all()] == [1]
    await tick(site.press, "test")
    # The page finds out by itself, and brings the numbers of the plan.
    await expect(page.get_by_role("link", name="1,050").first).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.locator("#live .state")).to_contain_text("paused")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator("#live .state")).to_contain_text("sending")


async def watch_it_finish(page: Page, site: Site) -> None:
    await site.work()
    await expect(page.locator("#live .state")).to_contain_text("complete")
    await expect(page.get_by_text("Accepted 1,048 + refused 2")).to_be_visible()


async def follow_a_number_to_a_person(page: Page) -> None:
    await page.locator(".tile.refused a").click()
    await page.get_by_role("link", name="gone.ben@example.com").click()
    await expect(page.get_by_text("Never mailed: hard-bounce")).to_be_visible()


async def leave_by_the_link_in_the_mail(page: Page, site: Site) -> None:
    await page.get_by_role("link", name="Inbox").click()
    await page.get_by_label("Subject, sender or recipient").fill("reader7@example.com")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="The harbour opens").click()
    frame = page.frame_locator("iframe[title='The HTML part']")
    async with page.context.expect_page() as opening:
        await frame.get_by_role("link", name="Unsubscribe").click()
    leaving = await opening.value
    await leaving.get_by_role("button", name="Unsubscribe").click()
    await expect(leaving.get_by_role("heading", name="You have left Readers of The Daily")).to_be_visible()
    (reader,) = await site.press.people.subscribers.search("reader7@example.com")
    assert await site.state_of(reader.id) is SubscriptionState.LEFT
    await leaving.get_by_role("button", name="Undo").click()
    await expect(leaving.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert await site.state_of(reader.id) is SubscriptionState.ACTIVE
