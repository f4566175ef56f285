"""Joining, confirming and choosing, by pages that need neither cookie nor script."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from mailer import clock
from mailer.delivery.outbox.oneoff import Notice, OneOff
from mailer.delivery.outbox.working import work_outbox
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay
from mailer.tokens import Kind
from subscribers.address import parse_address
from subscribers.consent import Consent, ConsentEvent
from subscribers.joining import leave
from subscribers.subscriber import Subscriber
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason
from tests.mailer.web.conftest import Site

ANA = "ana@example.com"


async def posted(site: Site) -> list[OneOff]:
    return await site.press.outbox.newest(100)


async def person(site: Site, address: str = ANA) -> Subscriber:
    found = await site.press.people.subscribers.find(parse_address(address))
    assert found is not None
    return found


async def confirm_path(site: Site) -> str:
    return f"/confirm/{site.press.tokens.link(Kind.CONFIRM, (await person(site)).id, site.readers.id)}"


async def own_path(site: Site, subscriber: int) -> str:
    return f"/p/{site.press.tokens.link(Kind.PREFERENCES, subscriber, site.readers.id, 0)}"


async def test_a_person_joins_by_the_form_and_confirms_by_the_mail(site: Site) -> None:
    form = await site.visitor.get("/join/readers")
    asked = await site.visitor.post(
        "/join/readers", {"email": ANA, "name": "Ana  Lang"}, headers={"accept-language": "de-AT,en;q=0.5"}
    )
    pool = Pool(Relay.of(site.press.settings))
    await work_outbox(site.press, pool, lasts=timedelta(seconds=5), is_stopping=lambda: False)
    await pool.close()

    assert "Readers of The Daily" in form.text
    assert (asked.status, site.visitor.cookie) == (200, "")
    assert "daily@news.example.com" in asked.text
    (file,) = site.inbox.path.glob("**/*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Bitte" in str(mail["Subject"])
    (path,) = set(re.findall(re.escape(site.url) + r"(/confirm/\S+)", body.get_content()))
    ana = await person(site)
    assert (ana.name, ana.language) == ("Ana Lang", "de")

    for _ in range(3):
        shown = await site.visitor.get(path)
    assert "Yes, I want it" in shown.text
    assert await site.state_of(ana.id) is SubscriptionState.PENDING
    done = await site.visitor.post(path)
    assert "from now on" in done.text
    assert await site.state_of(ana.id) is SubscriptionState.ACTIVE
    assert "confirmed before" in (await site.visitor.get(path)).text
    consents = await site.press.people.consents.of(ana.id)
    assert [one.event for one in consents] == [ConsentEvent.ASKED, ConsentEvent.CONFIRMED]
    assert consents[0].words.startswith("Send me Readers of The Daily")


async def test_the_answer_tells_nobody_who_is_on_a_list_or_suppressed(site: Site) -> None:
    await site.join("on@example.com")
    now = clock.now()
    await site.press.people.suppressions.suppress(
        parse_address("angry@example.com"), Reason.COMPLAINT, evidence="ARF", now=now
    )

    said = {
        (await site.visitor.post("/join/readers", {"email": address})).text.replace(address, "")
        for address in ("on@example.com", "angry@example.com", "new@example.com")
    }

    assert len(said) == 1
    assert sorted(one.order.notice for one in await posted(site)) == [Notice.CONFIRM, Notice.PREFERENCES]


async def test_a_program_that_fills_in_everything_reaches_nobody(site: Site) -> None:
    answer = await site.visitor.post("/join/readers", {"email": ANA, "website": "https://buy.example.com"})

    assert answer.status == 200
    assert await posted(site) == []
    assert await site.press.people.subscribers.find(parse_address(ANA)) is None


@pytest.mark.parametrize("email", ["", "ana", "ana@", "ana@example..com", "a b@example.com\r\nBcc: x@example.com"])
async def test_what_is_no_address_is_said_beside_the_field_and_kept(site: Site, email: str) -> None:
    answer = await site.visitor.post("/join/readers", {"email": email, "name": "<Ana>"})

    assert answer.status == 422
    assert 'aria-describedby="email-error"' in answer.text
    assert "&lt;Ana&gt;" in answer.text
    assert await posted(site) == []


async def test_the_form_may_stand_on_another_site(site: Site) -> None:
    answer = await site.visitor.post("/join/readers", {"email": ANA}, headers={"sec-fetch-site": "cross-site"})

    assert answer.status == 200
    assert len(await posted(site)) == 1


async def test_one_address_is_not_flooded(site: Site) -> None:
    lists = ["readers"]
    for number in range(6):
        made = await site.press.people.lists.create(f"list-{number}", name=f"List {number}", newsletter="daily")
        lists.append(made.slug)

    for slug in lists:
        assert (await site.visitor.post(f"/join/{slug}", {"email": ANA})).status == 200

    assert len(await posted(site)) == 3


async def test_a_list_that_is_not_public_or_not_there_has_no_form(site: Site) -> None:
    await site.press.people.lists.create("staff", name="Staff", newsletter="daily", is_public=False)

    assert [(await site.visitor.get(f"/join/{slug}")).status for slug in ("staff", "nothing")] == [404, 404]
    assert (await site.visitor.post("/join/staff", {"email": ANA})).status == 404


async def test_a_link_from_before_leaving_offers_a_new_one(site: Site) -> None:
    (ana,) = await site.join(ANA)
    path = await confirm_path(site)
    await leave(site.press.people, ana, site.readers.id, clock.now())

    refused = await site.visitor.post(path)
    assert "too old" in refused.text
    assert await site.state_of(ana) is SubscriptionState.LEFT

    again = await site.visitor.post(f"{path}/again")
    assert "Check your mail" in again.text
    assert [one.order.notice for one in await posted(site)] == [Notice.CONFIRM]
    await site.visitor.post(path)
    assert await site.state_of(ana) is SubscriptionState.ACTIVE


async def test_a_link_that_nobody_pressed_for_a_month_is_too_old(site: Site) -> None:
    ana, _ = await site.press.people.subscribers.add(parse_address(ANA), now=clock.now())
    await site.press.people.lists.move(site.readers.id, [ana.id], SubscriptionState.PENDING)
    asked = Consent(list_id=site.readers.id, when=clock.now() - timedelta(days=31), by="form")
    await site.press.people.consents.record(ana.id, asked)
    path = await confirm_path(site)

    answer = await site.visitor.post(path)

    assert "too old" in answer.text
    assert await site.state_of(ana.id) is SubscriptionState.PENDING


@pytest.mark.parametrize("path", ["/confirm/x", "/confirm/" + "A" * 60, "/p/x", "/p/" + "A" * 60])
async def test_a_forged_link_is_nothing(site: Site, path: str) -> None:
    assert (await site.visitor.get(path)).status == 404
    assert (await site.visitor.post(path)).status == 404


async def test_a_person_sets_name_language_and_lists(site: Site) -> None:
    (ana,) = await site.join(ANA)
    await site.press.people.lists.create("extra", name="Extra", newsletter="daily")
    await site.press.people.lists.create("staff", name="Staff", newsletter="daily", is_public=False)
    path = await own_path(site, ana)

    shown = await site.visitor.get(path)
    saved = await site.visitor.post(path, {"do": "save", "name": "Ana B.", "language": "zh", "list": ["extra"]})

    assert "Extra" in shown.text
    assert "Staff" not in shown.text
    assert "confirm there that you want Extra" in saved.text
    changed = await person(site)
    assert (changed.name, changed.language) == ("Ana B.", "zh")
    assert await site.state_of(ana) is SubscriptionState.LEFT
    # Whoever has an old mail has the link, so another list needs the person's own confirmation.
    extra = await site.press.people.lists.find("extra")
    assert await site.press.people.lists.state_of(extra.id, ana) is SubscriptionState.PENDING
    assert [one.order.notice for one in await posted(site)] == [Notice.CONFIRM]


async def test_a_person_leaves_everything_with_one_press(site: Site) -> None:
    (ana,) = await site.join(ANA)

    answer = await site.visitor.post(await own_path(site, ana), {"do": "leave-all"})

    assert "You have left The Daily" in answer.text
    assert await site.state_of(ana) is SubscriptionState.LEFT
    (one,) = await site.press.people.suppressions.all_of(parse_address(ANA))
    assert (one.reason, one.newsletter) == (Reason.LEFT, "daily")


async def test_a_person_pauses_and_comes_back_when_they_like(site: Site) -> None:
    (ana,) = await site.join(ANA)
    path = await own_path(site, ana)

    paused = await site.visitor.post(path, {"do": "pause-1"})
    assert "Nothing comes until" in paused.text
    assert await site.state_of(ana) is SubscriptionState.PAUSED
    # Saving the form again, whose box is ticked, changes nothing about that.
    await site.visitor.post(path, {"do": "save", "name": "Ana", "list": ["readers"]})
    assert await site.state_of(ana) is SubscriptionState.PAUSED

    await site.visitor.post(path, {"do": "resume"})
    assert await site.state_of(ana) is SubscriptionState.ACTIVE


async def test_who_leaves_by_the_link_is_told_so_where_the_newsletter_does_that(site: Site) -> None:
    (ana,) = await site.join(ANA)
    newsletter = await site.press.newsletters.get("daily")
    await site.press.newsletters.put(replace(newsletter, notices=("goodbye",)))
    token = site.press.tokens.link(Kind.UNSUBSCRIBE, ana, site.readers.id, 1)

    for _ in range(2):
        assert (await site.visitor.post(f"/u/{token}")).status == 200

    assert [one.order.notice for one in await posted(site)] == [Notice.GOODBYE]


async def test_looking_changes_nothing(site: Site) -> None:
    (ana,) = await site.join(ANA)
    path = await own_path(site, ana)

    for method in ("GET", "HEAD"):
        assert (await site.visitor.ask(method, path)).status == 200

    assert await site.state_of(ana) is SubscriptionState.ACTIVE
    assert await posted(site) == []
