from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from mailer import clock
from mailer.delivery.controlling import schedule
from subscribers.address import parse_address
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason
from tests.mailer.web.conftest import Answer, Site


def addresses(page: Answer) -> list[str]:
    assert page.status == 200
    return re.findall(r'<a href="/admin/people/\d+">([^<]+)</a>', page.text)


async def test_people_are_shown_by_list_state_and_search(site: Site) -> None:
    await site.join("ana@example.com", "ben@example.com")
    await site.join("cy@example.com", state=SubscriptionState.PENDING)
    await site.press.people.subscribers.add(parse_address("dora@example.com"), name="陳怡君", now=clock.now())
    await site.press.people.suppressions.suppress(
        parse_address("ben@example.com"), Reason.MANUAL, evidence="asked by phone", now=clock.now()
    )

    async def shown(query: str) -> list[str]:
        return addresses(await site.admin.get(f"/admin/people{query}"))

    assert await shown("") == ["ana@example.com", "ben@example.com", "cy@example.com", "dora@example.com"]
    assert await shown("?list=readers") == ["ana@example.com", "ben@example.com", "cy@example.com"]
    assert await shown("?list=readers&state=pending") == ["cy@example.com"]
    assert await shown("?state=suppressed") == ["ben@example.com"]
    assert await shown("?list=readers&state=left") == []
    assert await shown("?search=%E6%80%A1%E5%90%9B") == ["dora@example.com"]
    assert await shown("?search=ana@example.com") == ["ana@example.com"]
    assert await shown("?state=nonsense") == await shown("")


async def test_a_long_list_is_shown_page_by_page_with_nobody_twice(site: Site) -> None:
    everybody = [f"reader{number:03}@example.com" for number in range(120)]
    await site.join(*everybody)

    pages = [addresses(await site.admin.get(f"/admin/people?list=readers&page={page}")) for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [50, 50, 20]
    assert sorted(address for page in pages for address in page) == everybody
    assert "101–120 of 120 people" in (await site.admin.get("/admin/people?page=999")).text


async def test_a_list_leads_to_the_form_by_which_it_is_joined_while_it_can_be(site: Site) -> None:
    assert 'href="/join/readers"' in (await site.admin.get("/admin/people")).text

    readers = await site.press.people.lists.find("readers")
    await site.press.people.lists.change(replace(readers, is_public=False))

    assert "/join/" not in (await site.admin.get("/admin/people")).text


async def test_an_unknown_list_is_not_found(site: Site) -> None:
    answer = await site.admin.get("/admin/people?list=raeders")

    assert answer.status == 404
    assert "Did you mean “readers”?" in answer.text


async def test_a_persons_page_tells_everything_that_happened(site: Site) -> None:
    (cy,) = await site.join("gone.cy@example.com")
    await schedule(site.press, "harbour", ["readers"], now=await site.press.ledger.now())
    await site.work()

    page = (await site.admin.get(f"/admin/people/{cy}")).text

    assert "Never mailed: hard-bounce" in page
    assert "550 5.1.1 No such user here" in page
    assert "Send me The Daily" in page
    assert "Readers of The Daily" in page


@pytest.mark.parametrize("number", ["999", "0", "x", "99999999999999999999999"])
async def test_a_person_who_does_not_exist_is_not_found(site: Site, number: str) -> None:
    assert (await site.admin.get(f"/admin/people/{number}")).status == 404


async def test_what_people_write_is_shown_as_text(site: Site) -> None:
    subscriber, _ = await site.press.people.subscribers.add(
        parse_address("eve@example.com"), name='<img src=x onerror="alert(1)">', now=clock.now()
    )

    for path in ("/admin/people", f"/admin/people/{subscriber.id}", "/admin/people?search=%22%3E%3Cscript%3E"):
        text = (await site.admin.get(path)).text
        assert "<img src=x" not in text
        assert "<script>" not in text


async def test_suppressions_are_shown_by_reason_and_address(site: Site) -> None:
    store = site.press.people.suppressions
    for address, reason in (("ana@example.com", Reason.MANUAL), ("ben@example.com", Reason.COMPLAINT)):
        await store.suppress(parse_address(address), reason, evidence="because", now=clock.now())
    await store.suppress(parse_address("cy@example.com"), Reason.ERASED, now=clock.now())

    everything = (await site.admin.get("/admin/suppressions")).text
    manual = (await site.admin.get("/admin/suppressions?reason=manual")).text
    one = (await site.admin.get("/admin/suppressions?search=Ben@example.com")).text
    none = (await site.admin.get("/admin/suppressions?search=nobody@example.com")).text
    wrong = (await site.admin.get("/admin/suppressions?search=nobody")).text

    assert "3 addresses and domains are not mailed" in everything
    assert "only a fingerprint is kept" in everything
    assert "cy@example.com" not in everything
    assert ("ana@example.com" in manual, "ben@example.com" in manual) == (True, False)
    assert ("ana@example.com" in one, "ben@example.com" in one) == (False, True)
    assert "This address is not suppressed" in none
    assert "is not an email address" in wrong
