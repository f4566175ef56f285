"""What a mailing's pages say: numbers that balance, and the people behind each."""

from __future__ import annotations

import re

import pytest

from mailer.delivery.controlling import schedule
from mailer.delivery.destinations.slowdown import Slowdown
from mailer.delivery.ticking import tick
from mailer.issues.mailing import Mailing
from mailer.tokens import Kind
from subscribers.subscription import SubscriptionState
from tests.mailer.web.conftest import Site


async def mailed(site: Site) -> Mailing:
    """Send the issue to people of every fate."""
    await site.join("ana@example.com", "ben@example.com", "gone.cy@example.com")
    await site.join("dora@example.com", state=SubscriptionState.LEFT)
    mailing = await schedule(site.press, "harbour", ["readers"], now=await site.press.ledger.now())
    await site.work()
    return await site.press.mailings.get(mailing.id)


async def test_each_number_leads_to_exactly_the_people_behind_it(site: Site) -> None:
    mailing = await mailed(site)
    page = (await site.admin.get(f"/admin/mailings/{mailing.id}")).text

    links = re.findall(rf'<a href="(/admin/mailings/{mailing.id}/people/[^"]+)">([\d,]+)</a>', page)
    shown = {}
    for path, count in links:
        people = re.findall(r'<a href="/admin/people/\d+">([^<]+)</a>', (await site.admin.get(path)).text)
        assert len(people) == int(count)
        shown[path.rpartition("/")[2]] = sorted(people)

    assert shown == {
        "audience": ["ana@example.com", "ben@example.com", "dora@example.com", "gone.cy@example.com"],
        "accepted": ["ana@example.com", "ben@example.com"],
        "refused": ["gone.cy@example.com"],
        "excluded": ["dora@example.com"],
        "excluded?reason=left": ["dora@example.com"],
    }
    assert "Accepted 2 + refused 1 + excluded 1" in page


async def test_reports_that_nobody_takes_are_told(site: Site) -> None:
    mailing = await mailed(site)
    pages = ("/admin/mailings", f"/admin/mailings/{mailing.id}")
    before = [(await site.admin.get(page)).text for page in pages]

    await site.press.tray.put(b"Subject: Undelivered\r\n\r\n", ["b@example.com"], await site.press.ledger.now())
    after = [(await site.admin.get(page)).text for page in pages]

    assert not any("Nobody hears" in page for page in before)
    assert all("Nobody hears what comes back" in page for page in after)


async def test_the_refused_are_shown_with_what_the_server_said(site: Site) -> None:
    mailing = await mailed(site)

    page = (await site.admin.get(f"/admin/mailings/{mailing.id}/people/refused")).text

    assert "550 5.1.1 No such user here" in page


@pytest.mark.parametrize("part", ["people/nonsense", "people/excluded?reason=nonsense", "people/"])
async def test_a_standing_that_does_not_exist_is_not_found(site: Site, part: str) -> None:
    mailing = await mailed(site)

    assert (await site.admin.get(f"/admin/mailings/{mailing.id}/{part}")).status == 404


async def test_the_page_answers_why_in_a_sentence(site: Site) -> None:
    mailing = await mailed(site)
    path = f"/admin/mailings/{mailing.id}?address="

    left = (await site.admin.get(f"{path}dora@example.com")).text
    unknown = (await site.admin.get(f"{path}nobody@example.com")).text
    no_address = (await site.admin.get(f"{path}%3Cscript%3E")).text

    assert "they have left the list" in left
    assert "nobody with this address is known" in unknown
    assert "is not an email address" in no_address
    assert "<script>" not in no_address


async def test_a_running_mailing_reloads_itself_where_there_is_no_javascript(site: Site) -> None:
    await site.join("ana@example.com")
    mailing = await schedule(site.press, "harbour", ["readers"], now=await site.press.ledger.now())
    path = f"/admin/mailings/{mailing.id}"

    running = (await site.admin.get(path)).text
    await site.work()
    complete = (await site.admin.get(path)).text

    assert '<noscript><meta http-equiv="refresh"' in running
    assert "No worker is at work" in running
    assert "refresh" not in complete
    assert "No worker" not in complete


async def test_the_live_part_is_the_same_as_on_the_page(site: Site) -> None:
    mailing = await mailed(site)

    live = (await site.admin.get(f"/admin/mailings/{mailing.id}/live")).text.strip()

    assert live.startswith('<div data-state="complete" data-percent="100" data-running="no">')
    assert live in (await site.admin.get(f"/admin/mailings/{mailing.id}")).text


@pytest.mark.parametrize("mailing_id", ["99", "0", "-1", "x", "99999999999999999999999"])
async def test_a_mailing_that_does_not_exist_is_not_found(site: Site, mailing_id: str) -> None:
    assert (await site.admin.get(f"/admin/mailings/{mailing_id}")).status == 404


async def test_a_reader_sees_their_own_copy_in_the_browser(site: Site) -> None:
    mailing = await mailed(site)
    ana = (await site.press.people.subscribers.search("ana@example.com"))[0]
    token = site.press.tokens.link(Kind.VIEW, mailing.id, ana.id)

    answer = await site.visitor.get(f"/v/{token}")

    assert answer.status == 200
    assert "Dear Ana," in answer.text
    assert answer.header("content-security-policy").startswith("sandbox ")
    leaving = re.search(r'href="[^"]*(/u/[^"]+)"', answer.text)
    assert leaving is not None
    assert "ana@example.com" in (await site.visitor.get(leaving[1])).text


async def test_a_view_link_of_a_test_or_of_nothing_is_explained(site: Site) -> None:
    of_test = await site.visitor.get(f"/v/{site.press.tokens.link(Kind.VIEW, 0, 0)}")
    of_nothing = await site.visitor.get(f"/v/{site.press.tokens.link(Kind.VIEW, 77, 1)}")
    made_up = await site.visitor.get("/v/made-up")

    assert (of_test.status, "comes from a test" in of_test.text) == (200, True)
    assert (of_nothing.status, made_up.status) == (404, 404)


async def test_alike_replies_are_told_once_with_the_way_to_their_people(site: Site) -> None:
    await site.join("gone.ana@example.com", "gone.ben@example.com", "cy@example.com")
    mailing = await schedule(site.press, "harbour", ["readers"], now=await site.press.ledger.now())
    await site.work()

    page = (await site.admin.get(f"/admin/mailings/{mailing.id}")).text
    part = page.partition('id="said"')[2].partition("</section>")[0]

    assert part.count("<tr>") == 2, "the heading, and one line for both"
    assert f'href="/admin/mailings/{mailing.id}/people/refused">2</a>' in part


async def test_what_mail_goes_around_is_told_while_it_goes(site: Site) -> None:
    await site.join("ana@example.com")
    now = await site.press.ledger.now()
    mailing = await schedule(site.press, "harbour", ["readers"], now=now)
    await tick(site.press, "test")
    await site.press.slowed.slow("google", Slowdown.after(None, "421 4.7.28 too much", now))

    during = await site.admin.get(f"/admin/mailings/{mailing.id}/live")
    await site.work()
    after = await site.admin.get(f"/admin/mailings/{mailing.id}/live")

    assert "google wants less mail until about" in during.text
    assert "google wants less" not in after.text
