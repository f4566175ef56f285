"""Segments that ask what mailings know: who was mailed, opened, clicked, and is engaged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.addressing import Wish
from mailer.delivery.controlling import schedule
from mailer.delivery.ticking import tick
from mailer.issues.mailing import Mailing
from mailer.tracking.hit import Hit, Seen, Visitor, link_number
from subscribers.cohort import SubscriberId
from subscribers.errors import RuleError
from subscribers.segmenting import count_segment, explain_segment, segment_cohort
from subscribers.segments.segment import rule_from_json, rule_to_json
from subscribers.segments.segmentlanguage import read_expression, write_expression

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN, CHEN, DORA = "anna@example.com", "ben@example.com", "chen@example.com", "dora@example.com"
LINK = "https://example.com/ships"


@pytest.fixture
async def mailed(newsroom: Newsroom, relay: ScriptedRelay) -> tuple[Mailing, list[SubscriberId]]:
    """Give a mailing to Anna, who clicked, Ben, whose proxy opened, Chen, whose scanner did, and Dora, who refused."""
    ids = await newsroom.join(ANNA, BEN, CHEN, DORA)
    relay.at_rcpt[DORA] = ["550 5.1.1 no such user"]
    mailing = await newsroom.send()
    await newsroom.work()
    anna, ben, chen, _ = ids
    await newsroom.press.tracking.record(
        [
            Seen(mailing.id, anna, Hit(1_000, link_number(LINK), Visitor.PERSON), 5),
            Seen(mailing.id, ben, Hit(1_000, 0, Visitor.PROXY), 0),
            Seen(mailing.id, chen, Hit(1_000, 0, Visitor.MACHINE), 0),
        ]
    )
    return mailing, ids


@pytest.mark.parametrize(
    ("expression", "places"),
    [
        ('was_mailed("harbour")', [0, 1, 2]),
        ("was_mailed(1)", [0, 1, 2]),
        ('opened("harbour")', [1]),
        ('clicked("harbour")', [0]),
        (f'clicked("harbour", "{LINK}")', [0]),
        ('clicked("harbour", "https://example.com/other")', []),
        ("engaged_within(30)", [0, 1]),
        ('was_mailed("harbour") and not (opened("harbour") or clicked("harbour"))', [2]),
        ('was_mailed("harbour") and name == "chen"', [2]),
    ],
)
async def test_a_term_is_who_did_it(
    newsroom: Newsroom, mailed: tuple[Mailing, list[SubscriberId]], expression: str, places: list[int]
) -> None:
    now = await newsroom.press.ledger.now()

    cohort = await segment_cohort(newsroom.press.people, expression, now)

    assert list(cohort) == [mailed[1][place] for place in places]
    assert await count_segment(newsroom.press.people, expression, now) == len(places)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ('opened("harbor")', "Did you mean “harbour”"),
        ("opened(99)", "There is no mailing 99"),
        ("opened()", "does not take these arguments"),
        ('clicked("harbour", 3)', "does not take these arguments"),
        ('engaged_within("a week")', "no number of days"),
        ("engaged_within(-1)", "no number of days"),
        ('opend("harbour")', "Did you mean “opened”"),
    ],
)
async def test_what_cannot_be_meant_is_said(newsroom: Newsroom, expression: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        await count_segment(newsroom.press.people, expression, await newsroom.press.ledger.now())


async def test_an_issue_that_was_never_mailed_was_opened_by_nobody(newsroom: Newsroom) -> None:
    await newsroom.join(ANNA)

    told = await explain_segment(newsroom.press.people, 'opened("harbour")', await newsroom.press.ledger.now())

    assert told.count == 0


async def test_engagement_is_with_mailings_that_began_within_the_time(
    newsroom: Newsroom, mailed: tuple[Mailing, list[SubscriberId]]
) -> None:
    now = await newsroom.press.ledger.now()

    later = now + timedelta(days=31)

    assert await count_segment(newsroom.press.people, "engaged_within(30)", later) == 0


async def test_a_mailing_goes_to_who_opened_an_earlier_one(
    newsroom: Newsroom, relay: ScriptedRelay, mailed: tuple[Mailing, list[SubscriberId]]
) -> None:
    press = newsroom.press
    issue = await press.issues.get("harbour")
    await press.issues.put(replace(issue, slug="tide", version=0))
    relay.received.clear()

    await schedule(
        press, "tide", Wish(segments=['engaged_within(9) and not clicked("harbour")']), now=await press.ledger.now()
    )
    await tick(press, "test")
    await newsroom.work()

    assert relay.addresses() == [BEN]


@pytest.mark.parametrize(
    "expression", ['opened("a")', 'clicked("a", "https://b.example/")', "engaged_within(90)", "was_mailed(7)"]
)
def test_rules_with_these_terms_have_both_spellings(expression: str) -> None:
    rule = read_expression(expression)

    assert rule_from_json(rule_to_json(rule)) == rule
    assert write_expression(rule) == expression
