"""The pages of an experiment and of mailing an issue again."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from mailer.clock import now
from mailer.delivery.addressing import Wish
from mailer.delivery.controlling import schedule
from mailer.delivery.experiments.experimenting import Trial, experiment_of
from mailer.delivery.ledger import Standing
from mailer.issues.aims.experiment import Measure
from mailer.issues.aims.tracking import Tracking
from mailer.issues.mailing import MailingId
from mailer.tracking.hit import Hit, Seen, Visitor
from tests.mailer.web.conftest import Answer, Site

FIRST = MailingId(1)


def words_of(page: Answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


async def test_a_winner_is_chosen_on_the_page_and_the_rest_gets_it(site: Site) -> None:
    await site.join(*(f"p{number}@example.com" for number in range(24)))
    trial = Trial(subjects=["Ships ahoy"], share=0.5, measure=Measure.HAND)
    experiment = await experiment_of(site.press, "harbour", trial)
    await schedule(site.press, "harbour", Wish(lists=["readers"]), now=now(), experiment=experiment)
    await site.work()

    page = await site.admin.get("/admin/mailings/1")
    chosen = await site.admin.post("/admin/mailings/1/choose", {"arm": 2})
    again = await site.admin.post("/admin/mailings/1/choose", {"arm": 1})
    none = await site.admin.post("/admin/mailings/1/choose", {"arm": 9})
    await site.work()

    assert "The rest waits until you choose." in words_of(page)
    assert "Send arm 2 to the rest" in words_of(page)
    assert (chosen.status, again.status, none.status) == (303, 409, 409)
    assert "The rest gets arm 2." in words_of(await site.admin.get("/admin/mailings/1"))
    assert (await site.press.ledger.counts(FIRST)).accepted == 24


async def test_who_did_not_open_it_is_mailed_again_from_the_page(site: Site) -> None:
    newsletter = await site.press.newsletters.get("daily")
    await site.press.newsletters.put(replace(newsletter, tracking=Tracking.ALL))
    ana, ben = await site.join("ana@example.com", "ben@example.com")
    await schedule(site.press, "harbour", Wish(lists=["readers"]), now=now() - timedelta(seconds=1))
    await site.work()
    await site.press.tracking.record([Seen(FIRST, ana, Hit(1, 0, Visitor.PERSON), 0)])

    assert "To those who neither opened it nor followed a link…" in words_of(await site.admin.get("/admin/mailings/1"))
    page = await site.admin.get("/admin/mailings/1/again?to=not-opened")
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    answers = [await site.admin.post("/admin/mailings/1/again", form) for _ in range(2)]
    await site.work()
    nobody = await site.admin.post("/admin/mailings/1/again", form | {"request": "another request"})

    assert nobody.status == 409
    assert "Nobody is left to be mailed again" in words_of(nobody)
    assert len(await site.press.mailings.all()) == 2
    assert "Mail 1 person again?" in words_of(page)
    assert {answer.header("location") for answer in answers} == {"/admin/mailings/2"}
    assert list(await site.press.ledger.cohort(MailingId(2), Standing.ACCEPTED)) == [ben]


async def test_nobody_is_mailed_again_for_a_word_that_means_nothing(site: Site) -> None:
    await site.join("ana@example.com")
    await schedule(site.press, "harbour", Wish(lists=["readers"]), now=now() - timedelta(seconds=1))
    await site.work()

    unknown = await site.admin.get("/admin/mailings/1/again?to=everybody")
    nobody = await site.admin.post("/admin/mailings/1/again", {"to": "refused", "request": "a request of mine"})

    assert unknown.status == 422
    assert (nobody.status, len(await site.press.mailings.all())) == (409, 1)
