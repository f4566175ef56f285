"""From the issue's page to a mailing, and what stands in the way of mistakes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailer.clock import now
from mailer.delivery.lane import Lane
from mailer.delivery.ledger import Standing
from mailer.delivery.presence import report
from mailer.issues.mailing import MailingId, MailingState
from mailer.senders.warmups.warmup import Warmup
from subscribers.cohort import Cohort
from subscribers.segmenting import save_segment
from subscribers.subscription import SubscriptionState
from tests.mailer.web.conftest import Answer, Site


def form_of(page: Answer) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)">', page.text))


async def confirmation(site: Site) -> dict[str, str]:
    return form_of(await site.admin.get("/admin/issues/harbour/confirm?list=readers"))


async def test_the_review_shows_how_the_number_comes_about(site: Site) -> None:
    await site.join("ana@example.com", "ben@example.com", "cy@example.com")
    await site.join("dora@example.com", state=SubscriptionState.PENDING)
    await site.join("eve@example.com", state=SubscriptionState.LEFT)

    page = (await site.admin.get("/admin/issues/harbour/send")).text

    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "On the chosen lists, each person once 5" in words
    assert "− left the list 1" in words
    assert "− have not confirmed yet 1" in words
    assert "Send to 3 people…" in words


async def test_an_unticked_list_is_not_mailed(site: Site) -> None:
    await site.join("ana@example.com")

    page = (await site.admin.get("/admin/issues/harbour/send?list=")).text

    assert "Nobody would get it" in page


async def test_a_double_click_makes_one_mailing(site: Site) -> None:
    await site.join("ana@example.com", "ben@example.com")
    form = await confirmation(site)

    answers = [await site.admin.post("/admin/issues/harbour/send", form) for _ in range(2)]

    assert {(answer.status, answer.header("location")) for answer in answers} == {(303, "/admin/mailings/1")}
    assert len(await site.press.mailings.all()) == 1


async def test_an_audience_that_has_changed_is_shown_again_before_anything_leaves(site: Site) -> None:
    await site.join("ana@example.com", "ben@example.com")
    form = await confirmation(site)
    await site.join("cy@example.com")

    answer = await site.admin.post("/admin/issues/harbour/send", form)

    assert answer.status == 409
    assert "changed from 2 to 3" in answer.text
    assert await site.press.mailings.all() == []
    assert (await site.admin.post("/admin/issues/harbour/send", form_of(answer))).status == 303


async def test_a_large_audience_must_be_typed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vars(site.press.settings), "confirm_from_people", 2)
    await site.join("ana@example.com", "ben@example.com")
    form = await confirmation(site)

    untyped = await site.admin.post("/admin/issues/harbour/send", form)
    wrong = await site.admin.post("/admin/issues/harbour/send", form | {"typed": "3"})
    right = await site.admin.post("/admin/issues/harbour/send", form | {"typed": " 2 "})

    assert [untyped.status, wrong.status, right.status] == [409, 409, 303]


async def test_sending_the_same_issue_to_the_same_list_again_must_be_meant(site: Site) -> None:
    await site.join("ana@example.com")
    await site.admin.post("/admin/issues/harbour/send", await confirmation(site))
    form = await confirmation(site)

    by_mistake = await site.admin.post("/admin/issues/harbour/send", form)
    meant = await site.admin.post("/admin/issues/harbour/send", form | {"again": "yes"})

    assert by_mistake.status == 409
    assert "mailed to these people before" in by_mistake.text
    assert meant.header("location") == "/admin/mailings/2"


async def test_an_issue_that_the_check_refuses_goes_to_nobody(site: Site) -> None:
    await site.join("ana@example.com")
    form = await confirmation(site)
    issue = await site.press.issues.get("harbour")
    await site.press.issues.put(replace(issue, source="[Read on](){.button}"))

    page = await site.admin.get("/admin/issues/harbour")
    answer = await site.admin.post("/admin/issues/harbour/send", form)

    assert "must be fixed" in page.text
    assert "/admin/issues/harbour/send" not in page.text
    assert answer.status == 409
    assert "Nothing was sent" in answer.text
    assert await site.press.mailings.all() == []


@pytest.mark.parametrize("spoilt", [{"count": "many"}, {"request": "x"}, {"count": ""}])
async def test_a_form_that_was_tampered_with_is_refused_in_words(site: Site, spoilt: dict[str, str]) -> None:
    await site.join("ana@example.com")

    answer = await site.admin.post("/admin/issues/harbour/send", (await confirmation(site)) | spoilt)

    assert answer.status == 422
    assert "The form was not understood" in answer.text


async def test_an_unknown_list_is_named(site: Site) -> None:
    answer = await site.admin.post(
        "/admin/issues/harbour/send", {"list": "raeders", "count": 1, "request": "a request of mine"}
    )

    assert answer.status == 404
    assert "raeders" in answer.text
    assert await site.press.mailings.all() == []


async def test_the_review_adds_lists_and_segments_and_takes_away_what_is_left_out(site: Site) -> None:
    ana, ben, cy = await site.join("ana@example.com", "ben@example.com", "cy@example.com")
    extra = await site.press.people.lists.create("extra", name="Extra", newsletter="daily")
    (dora,) = await site.join("dora@example.com", state=SubscriptionState.LEFT)
    await site.press.people.lists.move(extra.id, [ana, dora], SubscriptionState.ACTIVE)
    await save_segment(site.press.people, "extras", 'in_list("extra")', now())
    query = "list=readers&segment=extras&exclude-segment=bens"
    await save_segment(site.press.people, "bens", 'name == "Ben"', now())

    page = (await site.admin.get(f"/admin/issues/harbour/send?{query}")).text
    form = form_of(await site.admin.get(f"/admin/issues/harbour/confirm?{query}"))
    answer = await site.admin.post("/admin/issues/harbour/send", form)
    await site.work()

    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Readers of The Daily 4 + extras 2 − duplicates 2 Chosen, each person once 4" in words
    assert "− in a segment to leave out 1 People who get it 3" in words
    assert answer.status == 303
    assert await site.press.ledger.cohort(MailingId(1), Standing.ACCEPTED) == Cohort.of([ana, cy, dora])
    assert ben


async def test_a_mailing_is_paused_resumed_and_cancelled(site: Site) -> None:
    await site.join("ana@example.com")
    await site.admin.post("/admin/issues/harbour/send", await confirmation(site))
    (mailing,) = await site.press.mailings.all()
    await site.press.mailings.move(mailing.id, MailingState.SENDING, now=mailing.created)
    path = f"/admin/mailings/{mailing.id}"

    states = []
    for verb in ("pause", "resume", "cancel"):
        assert (await site.admin.post(f"{path}/{verb}")).header("location") == path
        states.append((await site.press.mailings.get(mailing.id)).state)

    assert states == ["paused", "sending", "cancelled"]
    again = await site.admin.post(f"{path}/pause")
    assert again.status == 409
    assert "cancelled" in again.text


async def test_asking_to_cancel_changes_nothing(site: Site) -> None:
    await site.join("ana@example.com")
    await site.admin.post("/admin/issues/harbour/send", await confirmation(site))

    answer = await site.admin.get("/admin/mailings/1/cancel")

    assert "Cancel this mailing?" in answer.text
    assert (await site.press.mailings.all())[0].state is MailingState.SCHEDULED


async def test_a_test_goes_to_any_address_and_the_servers_answer_is_shown(site: Site) -> None:
    answer = await site.admin.post("/admin/issues/harbour/test", {"address": "stranger@example.com"})

    assert "Test to stranger@example.com sent" in answer.text
    assert "250 2.0.0 OK" in answer.text
    (heading,) = site.inbox.list()
    assert heading.subject == "[TEST] The harbour opens, and ships come in"


@pytest.mark.parametrize(
    ("address", "said"), [("no address", "not an email address"), ("gone.ben@example.com", "550 5.1.1")]
)
async def test_a_test_that_cannot_be_handed_over_says_why(site: Site, address: str, said: str) -> None:
    answer = await site.admin.post("/admin/issues/harbour/test", {"address": address})

    assert answer.status == 200
    assert said in answer.text
    assert site.inbox.count() == 0


async def test_what_would_hold_it_up_is_told_before_anything_leaves(site: Site) -> None:
    await site.join("ana@example.com", "ben@example.com")
    for kind in ("scheduler", Lane.DELIVERY):
        await report(site.press, kind, "test")
    nothing = await site.admin.get("/admin/issues/harbour/send")
    warmup = Warmup(domain="news.example.com", began=await site.press.ledger.now(), ceilings=(1, 2))
    await site.press.warmups.put(warmup)

    review = await site.admin.get("/admin/issues/harbour/send")
    confirm = await site.admin.get("/admin/issues/harbour/confirm?list=readers")

    assert "If it began now" not in nothing.text
    for page in (review, confirm):
        assert "If it began now" in page.text
        assert "news.example.com is warming up: today is day 1 of 2" in page.text
