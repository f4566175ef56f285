"""Who is in the audience of a mailing to lists and segments, less what is left out, and through which list."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.addressing import Wish, look_up
from mailer.delivery.controlling import schedule
from mailer.delivery.explaining import why
from mailer.delivery.ledger import ExclusionReason
from mailer.delivery.planning import Forecast, forecast
from mailer.delivery.ticking import tick
from mailer.errors import ConflictError
from mailer.issues.mailing import Mailing, MailingState
from mailer.tokens import Kind
from subscribers.address import parse_address
from subscribers.segmenting import save_segment
from subscribers.subscription import SubscriptionState
from tests.mailer.delivery.conftest import NOW

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN, CHEN, DORA = "anna@example.com", "ben@example.com", "chen@example.com", "dora@example.com"


async def begin(newsroom: Newsroom, wish: Wish) -> Mailing:
    mailing = await schedule(newsroom.press, "harbour", wish, now=await newsroom.press.ledger.now())
    await tick(newsroom.press, "test")
    return await newsroom.press.mailings.get(mailing.id)


async def foreseen(newsroom: Newsroom, wish: Wish) -> Forecast:
    issue = await newsroom.press.issues.get("harbour")
    return await forecast(newsroom.press, *await look_up(newsroom.press, issue.newsletter, wish, NOW))


async def test_lists_and_segments_are_united_and_everybody_is_mailed_once(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    ids = await newsroom.join(ANNA, BEN)
    extra = await newsroom.press.people.lists.create("extra", name="Extra", newsletter="daily")
    (chen,) = await newsroom.join(CHEN, state=SubscriptionState.LEFT)
    await newsroom.press.people.lists.move(extra.id, [ids[0], chen], SubscriptionState.ACTIVE)
    await save_segment(newsroom.press.people, "extras", 'in_list("extra")', NOW)
    wish = Wish(lists=["readers"], segments=["extras"])

    expected = await foreseen(newsroom, wish)
    mailing = await begin(newsroom, wish)
    await newsroom.work()

    assert expected == Forecast(3, 3, {}, (("Readers", 3), ("extras", 2)))
    assert expected.duplicates == 2
    assert relay.addresses() == [ANNA, BEN, CHEN]
    assert (await newsroom.press.ledger.counts(mailing.id)).balanced


async def test_whoever_is_reached_by_a_segment_alone_leaves_the_list_that_they_are_on(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    extra = await newsroom.press.people.lists.create("extra", name="Extra", newsletter="daily")
    (anna,) = await newsroom.join(ANNA, state=SubscriptionState.LEFT)
    await newsroom.press.people.lists.move(extra.id, [anna], SubscriptionState.ACTIVE)

    mailing = await begin(newsroom, Wish(segments=['name == "anna"']))
    await newsroom.work()

    ((_, message),) = relay.received
    (token,) = re.findall(rb"^List-Unsubscribe: <https://news.example.com/u/([\w-]+)>", message, re.MULTILINE)
    assert newsroom.press.tokens.read_link(Kind.UNSUBSCRIBE, token.decode()) == (anna, extra.id, mailing.id)


async def test_a_segment_mails_nobody_who_is_on_no_list_of_the_newsletter(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    other = await newsroom.press.people.lists.create("other", name="Other", newsletter="elsewhere")
    await newsroom.join(ANNA)
    await newsroom.join(BEN, state=SubscriptionState.PENDING)
    await newsroom.join(CHEN, state=SubscriptionState.LEFT)
    (dora,) = await newsroom.join(DORA)
    await newsroom.press.people.lists.move(newsroom.readers.id, [dora], SubscriptionState.LEFT)
    stranger, _ = await newsroom.press.people.subscribers.add(parse_address("stranger@example.com"), now=NOW)
    await newsroom.press.people.lists.move(other.id, [stranger.id], SubscriptionState.ACTIVE)

    mailing = await begin(newsroom, Wish(segments=["everyone()"]))
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert relay.addresses() == [ANNA]
    assert counts.excluded_by == {"left": 2, "not-confirmed": 1, "no-list": 1}
    assert counts.balanced
    sentence = (await why(newsroom.press, mailing.id, "stranger@example.com")).sentence
    assert "no list of this newsletter" in sentence


async def test_leaving_any_list_after_the_freeze_ends_being_reached_by_a_segment(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    people = newsroom.press.people
    extra = await people.lists.create("extra", name="Extra", newsletter="daily")
    more = await people.lists.create("more", name="More", newsletter="daily")
    ids = await newsroom.join(ANNA, BEN, state=SubscriptionState.LEFT)
    await people.lists.move(extra.id, ids, SubscriptionState.ACTIVE)
    await people.lists.move(more.id, ids, SubscriptionState.ACTIVE)
    mailing = await begin(newsroom, Wish(segments=['in_list("extra")']))

    await people.lists.move(extra.id, ids[:1], SubscriptionState.LEFT)
    await newsroom.work()

    assert relay.addresses() == [BEN]
    assert (await newsroom.press.ledger.counts(mailing.id)).excluded_by == {"left": 1}


async def test_what_is_left_out_is_excluded_with_its_reason(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    ids = await newsroom.join(ANNA, BEN, CHEN, DORA)
    press = newsroom.press
    quiet = await press.people.lists.create("quiet", name="Quiet", newsletter="daily")
    await press.people.lists.move(quiet.id, ids[:1], SubscriptionState.ACTIVE)
    first = await begin(newsroom, Wish(segments=['name == "ben"']))
    await newsroom.work()

    second = await begin(
        newsroom,
        Wish(
            lists=["readers"],
            without_lists=["quiet"],
            without_segments=['name == "chen"'],
            without_mailings=[first.id],
        ),
    )
    await newsroom.work()

    assert relay.addresses() == [BEN, DORA]
    counts = await press.ledger.counts(second.id)
    assert counts.excluded_by == {"mailed-before": 1, "excluded-list": 1, "excluded-segment": 1}
    assert (await why(press, second.id, BEN)).reason == ExclusionReason.MAILED_BEFORE
    assert counts.balanced


async def test_a_rule_is_kept_as_it_stood_when_the_mailing_was_asked_for(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA, BEN)
    await save_segment(newsroom.press.people, "some", 'name == "anna"', NOW)
    await schedule(newsroom.press, "harbour", Wish(segments=["some"]), now=await newsroom.press.ledger.now())

    await save_segment(newsroom.press.people, "some", 'name == "ben"', NOW)
    await tick(newsroom.press, "test")
    await newsroom.work()

    assert relay.addresses() == [ANNA]


async def test_a_segment_that_cannot_be_asked_any_more_holds_up_no_other_mailing(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    press = newsroom.press
    await newsroom.join(ANNA)
    await save_segment(press.people, "inner", "everyone()", NOW)
    broken = await schedule(press, "harbour", Wish(segments=['in_segment("inner")']), now=await press.ledger.now())
    await press.people.segments.delete("inner")

    await newsroom.send()
    await newsroom.work()

    stuck = await press.mailings.get(broken.id)
    assert relay.addresses() == [ANNA]
    assert stuck.state is MailingState.SCHEDULED
    assert "There is no segment “inner”" in stuck.problem


async def test_a_newsletter_without_a_list_can_mail_no_segment(newsroom: Newsroom) -> None:
    issue = await newsroom.press.issues.get("harbour")
    newsletter = await newsroom.press.newsletters.get("daily")
    await newsroom.press.newsletters.put(replace(newsletter, slug="bare"))
    await newsroom.press.issues.put(replace(issue, slug="alone", newsletter="bare", version=0))

    with pytest.raises(ConflictError, match="has no list"):
        await schedule(newsroom.press, "alone", Wish(segments=["everyone()"]), now=NOW)
