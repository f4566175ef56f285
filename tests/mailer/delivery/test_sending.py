"""A shift against a relay that answers as it likes: where everybody stands afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mailer.delivery import keys
from mailer.delivery.controlling import schedule
from mailer.delivery.explaining import why
from mailer.delivery.ledger import Standing
from mailer.delivery.planning import forecast
from mailer.delivery.workshop import Workshop
from mailer.errors import ConflictError
from mailer.issues.mailing import MailingState
from mailer.settings import UncertainPolicy
from mailer.smtp.envelope import HandOver
from subscribers.address import parse_address
from subscribers.cohort import Cohort
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN, CHEN = "anna@example.com", "ben@example.com", "chen@example.com"


async def test_everybody_active_is_mailed_once(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN, CHEN)
    mailing = await newsroom.send()

    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert relay.addresses() == [ANNA, BEN, CHEN]
    assert (counts.accepted, counts.pending, counts.balanced) == (3, 0, True)
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.COMPLETE
    assert await newsroom.press.ledger.open_mailings() == []


async def test_people_who_left_or_never_confirmed_or_are_suppressed_are_excluded_with_the_reason(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA)
    await newsroom.join("left@example.com", state=SubscriptionState.LEFT)
    await newsroom.join("new@example.com", state=SubscriptionState.PENDING)
    await newsroom.join("bounced@example.com", "angry@example.com")
    now = await newsroom.press.ledger.now()
    suppressions = newsroom.press.people.suppressions
    await suppressions.suppress(parse_address("bounced@example.com"), Reason.HARD_BOUNCE, evidence="550", now=now)
    await suppressions.suppress(parse_address("angry@example.com"), Reason.COMPLAINT, evidence="ARF", now=now)

    foreseen = await forecast(newsroom.press, [newsroom.readers.id])
    mailing = await newsroom.send()
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    reasons = {"left": 1, "not-confirmed": 1, "hard-bounce": 1, "complaint": 1}
    assert relay.addresses() == [ANNA]
    assert (foreseen.audience, foreseen.to_mail, foreseen.excluded_by) == (5, 1, reasons)
    assert (counts.audience, counts.accepted, counts.excluded_by, counts.balanced) == (5, 1, reasons, True)


async def test_a_refused_address_is_suppressed_and_the_next_mailing_leaves_it_out(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA, BEN)
    relay.at_rcpt[BEN] = ["550 5.1.1 No such user here"]
    first = await newsroom.send()
    await newsroom.work()

    second = await newsroom.send()
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(first.id)
    assert (counts.accepted, counts.refused, counts.balanced) == (1, 1, True)
    assert (await newsroom.press.ledger.counts(second.id)).excluded_by == {"hard-bounce": 1}
    assert "550 5.1.1 No such user here" in (await why(newsroom.press, first.id, BEN)).sentence
    assert "bounced for good" in (await why(newsroom.press, second.id, BEN)).sentence


async def test_a_refusal_of_the_message_does_not_suppress_the_person(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA)
    relay.at_dot[ANNA] = "554 5.7.1 Message looks like spam"
    mailing = await newsroom.send()

    await newsroom.work()

    assert (await newsroom.press.ledger.counts(mailing.id)).refused == 1
    assert await newsroom.press.people.suppressions.count() == 0


async def test_a_deferred_person_is_tried_again_when_due_and_not_before(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA, BEN)
    relay.at_rcpt[BEN] = ["451 4.7.1 Greylisted, come back", "250 2.1.5 never said"]
    mailing = await newsroom.send()

    await newsroom.work()
    deferred = await newsroom.press.ledger.counts(mailing.id)
    await newsroom.work()
    still = await newsroom.press.ledger.counts(mailing.id)
    relay.at_rcpt.clear()
    await newsroom.until_due(mailing)
    await newsroom.work()
    counts = await newsroom.press.ledger.counts(mailing.id)

    assert (deferred.accepted, deferred.deferred, deferred.pending, deferred.balanced) == (1, 1, 1, True)
    assert still == deferred
    assert (counts.accepted, counts.deferred, counts.pending) == (2, 0, 0)
    assert relay.addresses() == [ANNA, BEN]


async def test_people_who_are_deferred_for_too_long_are_refused_with_the_last_reply(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    object.__setattr__(newsroom.press.settings, "give_up_after_seconds", 0.1)
    await newsroom.join(ANNA)
    relay.at_rcpt[ANNA] = ["452 4.2.2 Mailbox full"]
    mailing = await newsroom.send()

    await newsroom.work()
    await newsroom.until_due(mailing)
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (counts.refused, counts.pending) == (1, 0)
    assert "Mailbox full" in (await why(newsroom.press, mailing.id, ANNA)).sentence
    assert await newsroom.press.people.suppressions.count() == 0


async def test_whoever_leaves_between_planning_and_hand_over_is_not_mailed(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA)
    left = await newsroom.join(BEN)
    mailing = await newsroom.send()

    await newsroom.press.people.lists.move(newsroom.readers.id, left, SubscriptionState.LEFT)
    await newsroom.work()

    assert relay.addresses() == [ANNA]
    assert (await newsroom.press.ledger.counts(mailing.id)).excluded_by == {"left": 1}


async def test_whoever_is_suppressed_between_planning_and_hand_over_is_not_mailed(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA, BEN)
    mailing = await newsroom.send()

    await newsroom.press.people.suppressions.suppress(
        parse_address(BEN), Reason.COMPLAINT, evidence="ARF", now=await newsroom.press.ledger.now()
    )
    await newsroom.work()

    assert relay.addresses() == [ANNA]
    assert (await newsroom.press.ledger.counts(mailing.id)).excluded_by == {"complaint": 1}


@pytest.mark.parametrize(
    ("policy", "standing", "copies"),
    [(UncertainPolicy.RESEND, Standing.ACCEPTED, 1), (UncertainPolicy.HOLD, Standing.UNCERTAIN, 0)],
)
async def test_what_a_crash_left_claimed_is_mailed_again_or_held(
    newsroom: Newsroom, relay: ScriptedRelay, policy: UncertainPolicy, standing: Standing, copies: int
) -> None:
    (anna,) = await newsroom.join(ANNA)
    mailing = await newsroom.send(policy)
    ledger = newsroom.press.ledger
    (batch,) = await ledger.due(mailing.id, await ledger.now(), 10)
    crashed = await ledger.take(batch, await ledger.now())
    assert crashed is not None
    await ledger.write(crashed, {"claimed": 1 << batch.place_of(anna)})
    await newsroom.press.redis.delete(keys.lease(mailing.id, batch.chunk, batch.name))
    await ledger.put_off(batch, await ledger.now())

    await newsroom.work()

    counts = await ledger.counts(mailing.id)
    assert await ledger.cohort(mailing.id, standing) == Cohort.of([anna])
    assert len(relay.received) == copies
    assert (counts.pending, counts.balanced) == (0, True)


async def test_a_relay_that_cannot_be_reached_skips_nobody(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN)
    object.__setattr__(newsroom.press.settings, "relay_port", 1)
    mailing = await newsroom.send()

    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    found = await newsroom.press.mailings.get(mailing.id)
    assert (counts.pending, counts.refused, counts.balanced) == (2, 0, True)
    assert found.state is MailingState.SENDING
    assert "nobody is skipped" in found.problem


async def test_a_relay_that_refuses_the_sender_pauses_the_mailing_and_skips_nobody(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA, BEN, CHEN)
    relay.at_mail = "550 5.7.1 Sender not allowed here"
    mailing = await newsroom.send()

    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    found = await newsroom.press.mailings.get(mailing.id)
    assert (counts.pending, counts.refused, counts.balanced) == (3, 0, True)
    assert found.state is MailingState.PAUSED
    assert "550 5.7.1 Sender not allowed here" in found.problem


async def test_two_shifts_at_once_mail_nobody_twice(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    object.__setattr__(newsroom.press.settings, "batch_size", 20)
    addresses = [f"reader{number}@example.com" for number in range(200)]
    await newsroom.join(*addresses)
    mailing = await newsroom.send()

    await asyncio.gather(newsroom.work(), newsroom.work(), newsroom.work())

    assert relay.addresses() == sorted(addresses)
    assert (await newsroom.press.ledger.counts(mailing.id)).accepted == 200


async def test_a_message_that_went_out_has_the_same_id_and_return_path_at_the_second_try(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(ANNA)
    relay.at_dot[ANNA] = "451 4.3.0 Try again"
    mailing = await newsroom.send()
    await newsroom.work()
    relay.at_dot.clear()
    await newsroom.until_due(mailing)

    await newsroom.work()

    assert (await newsroom.press.ledger.counts(mailing.id)).accepted == 1
    assert len(relay.received) == 1


async def test_an_issue_goes_to_no_list_of_another_newsletter(newsroom: Newsroom) -> None:
    await newsroom.press.people.lists.create("strangers", name="Strangers", newsletter="other")

    with pytest.raises(ConflictError, match="did not ask for this"):
        await schedule(newsroom.press, "harbour", ["strangers"], now=await newsroom.press.ledger.now())


async def test_a_fault_of_ours_while_a_message_is_made_is_raised_and_loses_nobody(
    newsroom: Newsroom, relay: ScriptedRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = [f"reader{number}@example.com" for number in range(10)]
    people = await newsroom.join(*everybody)
    mailing = await newsroom.send()
    make = Workshop.unsigned

    def fail_at_the_sixth(*arguments: Any) -> HandOver:
        if arguments[3].id == people[5]:
            raise RuntimeError("a fault")
        return make(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Workshop, "unsigned", fail_at_the_sixth)
        with pytest.raises(RuntimeError, match="a fault"):
            await newsroom.work()
    words = (await newsroom.press.ledger.words(mailing.id))[0]
    assert not words.orphaned
    await newsroom.until_due(mailing)
    await newsroom.work()

    assert relay.addresses() == sorted(everybody)
    assert (await newsroom.press.ledger.counts(mailing.id)).accepted == 10
