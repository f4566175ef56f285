"""The pages of sending domains, over a real DNS server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.senders import rotating
from mailer.senders.domainkey import DomainKey, KeyState
from mailer.senders.warmups.warmup import Warmup
from tests.dnsserver import DnsServer, running_dns
from tests.mailer.web.test_sending_pages import form_of

if TYPE_CHECKING:
    from tests.mailer.web.conftest import Site

DOMAIN = "news.example.com"
BASE = f"/admin/settings/domains/{DOMAIN}"


@pytest.fixture
def zone(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[DnsServer]:
    """Give what DNS says to the site."""
    with running_dns() as server:
        monkeypatch.setitem(vars(site.press.settings), "dns_server", server.address)
        yield server


async def only_key(site: Site) -> DomainKey:
    (key,) = await site.press.keys.of(DOMAIN)
    return key


async def test_the_domains_of_newsletters_are_there_before_they_have_anything(site: Site) -> None:
    listed = await site.admin.get("/admin/settings/domains")
    page = await site.admin.get(BASE)

    assert DOMAIN in listed.text
    assert "unsigned" in listed.text
    assert "is not signed here" in page.text
    assert (await site.admin.get("/admin/settings/domains/other.example.com")).status == 404
    assert (await site.admin.get("/admin/settings/domains/a%20b")).status == 404


async def test_a_key_goes_from_made_to_signing_by_what_dns_shows(site: Site, zone: DnsServer) -> None:
    await site.admin.post(f"{BASE}/keys", {"algorithm": "rsa-sha256"})
    key = await only_key(site)
    page = await site.admin.get(BASE)
    too_early = await site.admin.post(f"{BASE}/keys/{key.selector}/activate")
    zone.publish(key.record_name, key.record)
    answer = await site.admin.post(f"{BASE}/keys/{key.selector}/activate")

    assert key.record_name in page.text
    assert f">{key.record}</code>" in page.text
    assert "IN TXT ( &#34;v=DKIM1;" in page.text
    assert "PRIVATE KEY" not in page.text
    assert too_early.status == 409
    assert "DNS does not show the key" in too_early.text
    assert answer.status == 303
    assert (await only_key(site)).state is KeyState.ACTIVE


async def test_two_clicks_make_one_key(site: Site) -> None:
    form = form_of(await site.admin.get(BASE))

    answers = [await site.admin.post(f"{BASE}/keys", form) for _ in range(2)]

    assert [one.status for one in answers] == [303, 303]
    assert len(await site.press.keys.of(DOMAIN)) == 1


async def test_looking_changes_nothing_and_a_check_says_what_dns_says(site: Site, zone: DnsServer) -> None:
    await site.admin.post(f"{BASE}/keys")
    key = await only_key(site)
    zone.publish(key.record_name, key.record)
    zone.publish(f"_dmarc.{DOMAIN}", "v=DMARC1; p=none")

    await site.admin.get(BASE)
    looked = (await only_key(site)).state
    checked = await site.admin.post(f"{BASE}/check")

    assert looked is KeyState.MADE
    assert (await only_key(site)).state is KeyState.PUBLISHED
    assert f"the published key {key.selector} is published" in checked.text
    assert f"_dmarc.{DOMAIN} says v=DMARC1; p=none" in checked.text
    assert "Bounces are lost" in checked.text


async def test_dns_that_does_not_answer_is_a_sentence(site: Site, zone: DnsServer) -> None:
    await site.admin.post(f"{BASE}/keys")
    zone.broken.add((await only_key(site)).record_name)

    checked = await site.admin.post(f"{BASE}/check")

    assert checked.status == 502
    assert "DNS gave no answer" in checked.text


async def test_a_key_retires_and_cannot_be_withdrawn_while_its_mail_is_under_way(site: Site) -> None:
    press, now = site.press, await site.press.ledger.now()
    key = await rotating.make_key(press.keys, DOMAIN, now=now - timedelta(days=30))
    await rotating.activate_unseen(press.keys, DOMAIN, key.selector, now - timedelta(days=30))

    unsure = await site.admin.post(f"{BASE}/keys/{key.selector}/retire")
    still = (await only_key(site)).state
    retired = await site.admin.post(f"{BASE}/keys/{key.selector}/retire", {"unsigned": "yes"})
    too_early = await site.admin.post(f"{BASE}/keys/{key.selector}/withdraw")

    assert (unsure.status, still, retired.status, too_early.status) == (409, KeyState.ACTIVE, 303, 409)
    assert f"the only key that signs mail from {DOMAIN}" in unsure.text
    assert "shall go out unsigned" in unsure.text
    assert "may still be under way" in too_early.text
    assert (await only_key(site)).state is KeyState.RETIRED


async def test_a_withdrawn_keys_page_says_what_its_record_is_to_say(site: Site) -> None:
    key = await rotating.make_key(site.press.keys, DOMAIN, now=await site.press.ledger.now())

    await site.admin.post(f"{BASE}/keys/{key.selector}/withdraw")
    page = await site.admin.get(BASE)

    assert (await only_key(site)).sealed == ""
    assert ">v=DKIM1; k=rsa; p=</code>" in page.text


async def test_a_warm_up_begins_is_shown_and_ends(site: Site) -> None:
    begun = await site.admin.post(f"{BASE}/warmup", {"first": 100, "growth": 1.5, "last": 300})
    warmup = await site.press.warmups.get(DOMAIN)
    await site.press.warmups.take(warmup, 64, await site.press.ledger.now())
    page = await site.admin.get(BASE)
    listed = await site.admin.get("/admin/settings/domains")
    ended = await site.admin.post(f"{BASE}/warmup/end")

    assert (begun.status, ended.status) == (303, 303)
    assert warmup.ceilings == (100, 150, 225, 300)
    assert "64 % of today’s" in page.text
    assert "64 of 100 used" in listed.text
    assert await site.press.warmups.find(DOMAIN) is None


async def test_a_plan_that_cannot_be_is_refused_and_the_old_one_stays(site: Site) -> None:
    before = Warmup(domain=DOMAIN, began=await site.press.ledger.now(), ceilings=(10, 20))
    await site.press.warmups.put(before)

    answer = await site.admin.post(f"{BASE}/warmup", {"first": 100, "growth": 9, "last": 300})

    assert answer.status == 409
    assert "factor between 1.05 and 3" in answer.text
    assert await site.press.warmups.get(DOMAIN) == before
