"""The same issue goes to who is left over of an earlier mailing, and to nobody who got it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.ledger import Standing
from mailer.delivery.planning import forecast_of
from mailer.delivery.readership.resending import Remainder, forecast_remainder, remainder_of, resend
from mailer.delivery.ticking import tick
from mailer.errors import ConflictError
from mailer.issues.aims.tracking import Tracking
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.settings import UncertainPolicy
from mailer.tracking.hit import Hit, Seen, Visitor
from subscribers.subscription import SubscriptionState

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN, CHEN, DORA = "anna@example.com", "ben@example.com", "chen@example.com", "dora@example.com"


async def again(newsroom: Newsroom, mailing: MailingId, which: Remainder, saying: str = "") -> Mailing:
    made = await resend(newsroom.press, mailing, which, now=await newsroom.press.ledger.now(), saying=saying)
    await tick(newsroom.press, "test")
    await newsroom.work()
    return await newsroom.press.mailings.get(made.id)


async def test_the_refused_get_it_once_the_cause_is_mended(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN, CHEN)
    relay.at_rcpt[BEN] = ["550 5.7.26 not authenticated"]
    relay.at_rcpt[CHEN] = ["550 5.1.1 no such user"]
    first = await newsroom.send()
    await newsroom.work()
    relay.at_rcpt.clear()
    relay.received.clear()

    second = await again(newsroom, first.id, Remainder.REFUSED, "5.7.26")

    counts = await newsroom.press.ledger.counts(second.id)
    assert relay.addresses() == [BEN]
    assert (counts.audience, counts.accepted, counts.balanced) == (1, 1, True)


async def test_asking_twice_mails_nobody_twice(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN)
    relay.at_rcpt[BEN] = ["550 5.7.26 not authenticated"]
    first = await newsroom.send()
    await newsroom.work()
    relay.at_rcpt.clear()

    await again(newsroom, first.id, Remainder.REFUSED)
    with pytest.raises(ConflictError, match=r"Nobody is left .* \(1 mailed-before\)\. No mailing was made"):
        await again(newsroom, first.id, Remainder.REFUSED)

    assert relay.addresses() == [ANNA, BEN]
    assert len(await newsroom.press.mailings.all()) == 2


async def test_who_bounced_for_good_or_left_stays_excluded(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    ids = await newsroom.join(ANNA, BEN, CHEN)
    relay.at_rcpt |= {ANNA: ["550 5.7.1 policy"], BEN: ["550 5.1.1 no such user"]}
    first = await newsroom.send()
    await newsroom.work()
    await newsroom.press.people.lists.move(newsroom.readers.id, ids[:1], SubscriptionState.LEFT)
    relay.at_rcpt.clear()

    expected = await forecast_remainder(newsroom.press, first.id, Remainder.REFUSED)
    with pytest.raises(ConflictError, match="Nobody is left"):
        await again(newsroom, first.id, Remainder.REFUSED)

    assert relay.addresses() == [CHEN]
    assert expected.excluded_by == {"left": 1, "hard-bounce": 1}


async def test_who_neither_opened_nor_clicked_gets_it_again(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    press = newsroom.press
    await press.newsletters.put(replace(await press.newsletters.get("daily"), tracking=Tracking.ALL))
    anna, ben, _, dora = await newsroom.join(ANNA, BEN, CHEN, DORA)
    first = await newsroom.send()
    await newsroom.work()
    hits = {anna: Hit(1, 0, Visitor.PERSON), ben: Hit(1, 9, Visitor.PERSON), dora: Hit(1, 0, Visitor.MACHINE)}
    await press.tracking.record([Seen(first.id, who, hit, 9) for who, hit in hits.items()])
    relay.received.clear()

    expected = await forecast_remainder(press, first.id, Remainder.NOT_OPENED)
    await again(newsroom, first.id, Remainder.NOT_OPENED)
    with pytest.raises(ConflictError, match="2 mailed-before"):
        await again(newsroom, first.id, Remainder.NOT_OPENED)

    assert expected.to_mail == 2
    assert relay.addresses() == [CHEN, DORA]


async def test_the_uncertain_get_it_when_somebody_decides_so(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN)
    first = await newsroom.send(UncertainPolicy.HOLD)
    ledger = newsroom.press.ledger
    now = await ledger.now()
    (batch,) = await ledger.due(first.id, now, 9)
    lease = await ledger.take(batch, now)
    assert lease is not None
    place = batch.place_of(next(iter(await ledger.cohort(first.id, Standing.PENDING))))
    assert await ledger.write(lease, {"claimed": 1 << place})
    await ledger.release(lease)
    await ledger.put_off(batch, now)
    await newsroom.work()
    assert (await ledger.counts(first.id)).uncertain == 1

    await again(newsroom, first.id, Remainder.UNCERTAIN)

    assert relay.addresses() == [ANNA, BEN]


async def test_a_resending_waits_for_a_second_person_where_mailings_do(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA, BEN)
    relay.at_rcpt[BEN] = ["550 5.7.26 not authenticated"]
    first = await newsroom.send()
    await newsroom.work()
    press = newsroom.press
    strict = replace(press, settings=press.settings.model_copy(update={"approval_needed": True}))
    now = await press.ledger.now()

    with pytest.raises(ConflictError, match="say who asks"):
        await resend(strict, first.id, Remainder.REFUSED, now=now)
    made = await resend(strict, first.id, Remainder.REFUSED, now=now, asked_by="anna")

    assert (made.state, made.timing.asked_by) == (MailingState.PROPOSED, "anna")
    assert (await forecast_of(press, made)).to_mail == 1


async def test_what_is_not_known_yet_or_never_is_said(newsroom: Newsroom) -> None:
    await newsroom.join(ANNA)
    first = await newsroom.send()

    with pytest.raises(ConflictError, match="when it is finished"):
        await remainder_of(newsroom.press, first.id, Remainder.REFUSED)
    await newsroom.work()
    with pytest.raises(ConflictError, match="was not recorded"):
        await remainder_of(newsroom.press, first.id, Remainder.NOT_OPENED)
    with pytest.raises(ConflictError, match="Nobody of mailing 1 is refused"):
        await resend(newsroom.press, first.id, Remainder.REFUSED, now=await newsroom.press.ledger.now())
