"""Tracked links and the pixel, as mail programs, readers and scanners ask for them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailer.issues.aims.tracking import Tracking
from mailer.issues.mailing import MailingId
from mailer.tokens import Kind
from subscribers.subscription import SubscriptionState
from tests.mailer.web.conftest import Site

READER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
MAILING = MailingId(1)


@pytest.fixture
async def tracked(site: Site) -> Site:
    """Give a site whose newsletter tracks everything, after its issue was mailed to Ana and Ben."""
    newsletter = await site.press.newsletters.get("daily")
    await site.press.newsletters.put(replace(newsletter, tracking=Tracking.ALL))
    await site.join("ana@example.com", "ben@example.com")
    form = {"list": "readers", "count": 2, "request": "a request of mine"}
    assert (await site.admin.post("/admin/issues/harbour/send", form)).status == 303
    await site.work()
    return site


def links_for(site: Site, address: str) -> tuple[list[str], str]:
    """Return the paths of the tracked links and the pixel in somebody's mail."""
    (heading,) = site.inbox.list(search=address)
    html = site.inbox.read(heading.name).html
    found = re.findall(rf'href="{site.url}(/c/[\w-]+/\d+)"', html)
    (pixel,) = re.findall(rf'src="{site.url}(/o/[\w-]+)"', html)
    return list(dict.fromkeys(found)), pixel


async def reported(site: Site) -> str:
    page = await site.admin.get("/admin/mailings/1")
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


async def until_recorded(site: Site, words: str) -> str:
    """Return the report once it says this: hits are written after the reader was answered."""
    for _ in range(200):
        if words in (text := await reported(site)):
            return text
    pytest.fail(f"“{words}” never came: {text}")


async def test_a_reader_is_led_to_where_the_link_leads_and_counted_once(tracked: Site) -> None:
    links, pixel = links_for(tracked, "ana@example.com")

    picture = await tracked.visitor.get(pixel, READER)
    answers = [await tracked.visitor.get(links[0], READER) for _ in range(2)]

    assert (picture.status, picture.header("content-type")) == (200, "image/gif")
    assert picture.header("cache-control") == "no-store"
    assert {(one.status, one.header("location")) for one in answers} == {(302, "https://news.example.com/harbour")}
    assert answers[0].header("referrer-policy") == "no-referrer"
    text = await until_recorded(tracked, "Clicked 1 50 %")
    assert "Opened 1 50 % of those accepted" in text
    assert "https://news.example.com/harbour 1 0" in text


async def test_a_scanner_that_follows_every_link_at_once_is_no_reader(tracked: Site) -> None:
    links, pixel = links_for(tracked, "ben@example.com")

    for path in (pixel, *links):
        await tracked.visitor.get(path, READER)
    await tracked.visitor.ask("HEAD", links[0], headers=READER)

    text = await until_recorded(tracked, "Clicks only by machines 1")
    assert "Clicked 0" in text


async def test_following_links_changes_nobodys_subscription(tracked: Site) -> None:
    links, _ = links_for(tracked, "ana@example.com")

    for path in links:
        await tracked.visitor.get(path, READER)

    counts = await tracked.press.people.lists.counts(tracked.readers.id)
    assert counts[SubscriptionState.ACTIVE] == 2


async def test_a_link_cannot_be_made_to_lead_elsewhere(tracked: Site) -> None:
    links, _ = links_for(tracked, "ana@example.com")
    token = links[0].split("/")[2]
    spoilt = token[:-1] + ("A" if token[-1] != "A" else "B")

    answers = [
        await tracked.visitor.get(path, READER)
        for path in (
            f"/c/{spoilt}/0",
            f"/c/{token}/99",
            f"/c/{token}/-1",
            f"/c/{token}/0?url=https://evil.example/",
            f"/c/{tracked.press.tokens.link(Kind.VIEW, 1, 1)}/0",
            f"/c/{tracked.press.tokens.link(Kind.TRACK, 77, 0, 1)}/0",
            f"/o/{spoilt}",
        )
    ]

    assert [one.status for one in answers] == [404, 404, 404, 302, 404, 404, 200]
    assert answers[3].header("location") == "https://news.example.com/harbour"
    assert all("evil" not in one.header("location") for one in answers)


async def test_a_mailing_that_is_not_tracked_says_so(site: Site) -> None:
    await site.join("ana@example.com")
    form = {"list": "readers", "count": 1, "request": "a request of mine"}
    await site.admin.post("/admin/issues/harbour/send", form)
    await site.work()

    assert "tracking is off for this mailing" in await reported(site)
    assert "/c/" not in site.inbox.read(site.inbox.list()[0].name).html
