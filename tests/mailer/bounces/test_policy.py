"""How many bounces are enough, and for how long they count."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.event import EventKind
from mailer.bounces.policy import BouncePolicy, Signal, Verdict
from mailer.bounces.receiving import refused_in_session
from mailer.bounces.store import Mark
from mailer.issues.mailing import MailingId
from mailer.smtp.outcome import Reply
from subscribers.address import Address
from subscribers.changing import change_address
from subscribers.storage import Redis
from subscribers.suppression import Reason
from tests.mailer.bounces.conftest import NOW, Desk
from tests.mailer.bounces.test_receiving import complaint, dsn

DEAD, DOMAIN, CLOSED, FULL = (
    BounceClass.DEAD_ADDRESS,
    BounceClass.DEAD_DOMAIN,
    BounceClass.INACTIVE,
    BounceClass.MAILBOX_FULL,
)
TWO = BouncePolicy(reports_needed=2)
FULL_DSN = dsn(status="5.2.2", said="552 5.2.2 mailbox full")


def signals(bounce_class: BounceClass, *days_ago: float, mailing: int = 0) -> list[Signal]:
    """Return a signal for each number of days, each of a mailing of its own where none is named."""
    return [
        Signal(MailingId(mailing or place), bounce_class, NOW - timedelta(days=days))
        for place, days in enumerate(days_ago, 1)
    ]


@pytest.mark.parametrize(
    ("policy", "bounce_class", "known", "verdict"),
    [
        (BouncePolicy(), DEAD, signals(DEAD, 0), Verdict.SUPPRESS),
        (TWO, DEAD, signals(DEAD, 0), Verdict.RECORD),
        (TWO, DEAD, signals(DEAD, 0, 7), Verdict.SUPPRESS),
        (TWO, DEAD, signals(DEAD, 0, 0.1), Verdict.RECORD),  # one bad day
        (TWO, DEAD, signals(DEAD, 0, 7, mailing=5), Verdict.RECORD),  # one mailing
        (TWO, DEAD, signals(DEAD, 0, 91), Verdict.RECORD),  # forgotten
        (TWO, DEAD, signals(DEAD, 0, 90), Verdict.SUPPRESS),
        (TWO, DEAD, signals(DEAD, 0) + signals(FULL, 9, 8, 7), Verdict.RECORD),
        (BouncePolicy(), DOMAIN, signals(DOMAIN, 0, 1), Verdict.RECORD),
        (BouncePolicy(), DOMAIN, signals(DOMAIN, 0, 1, 2), Verdict.RECORD),  # not yet 72 hours
        (BouncePolicy(), DOMAIN, signals(DOMAIN, 0, 1, 3), Verdict.SUPPRESS),
        (BouncePolicy(), CLOSED, signals(CLOSED, 0, 7, 14), Verdict.SUPPRESS),
        (BouncePolicy(), FULL, signals(FULL, 0, 15), Verdict.RECORD),
        (BouncePolicy(), FULL, signals(FULL, 0, 15, 29), Verdict.RECORD),
        (BouncePolicy(), FULL, signals(FULL, 0, 15, 30), Verdict.REST),
        (BouncePolicy(full_needed=1, full_for=timedelta(0)), FULL, signals(FULL, 0), Verdict.REST),
        (BouncePolicy(), BounceClass.COMPLAINT, [], Verdict.COMPLAIN),
        (BouncePolicy(), BounceClass.SENDER_BLOCK, signals(DEAD, 0, 7), Verdict.RECORD),
    ],
)
def test_what_follows_from_a_report(
    policy: BouncePolicy, bounce_class: BounceClass, known: list[Signal], verdict: Verdict
) -> None:
    assert policy.verdict_on(bounce_class, known, NOW, in_session=False) is verdict


async def test_a_second_report_suppresses_where_two_are_needed(desk: Desk) -> None:
    desk.policy = TWO
    desk.mailed.add((8, desk.anna.id))

    (first,) = await desk.receive(dsn(), desk.address_of(desk.anna))
    again = await desk.receive(dsn(), desk.address_of(desk.anna), now=NOW + timedelta(days=2))
    after_one = await desk.suppression_of(desk.anna)
    (second,) = await desk.receive(dsn(), desk.address_of(desk.anna, 8), now=NOW + timedelta(days=3))

    assert (first.event.verdict, again[0].event.verdict, after_one) == (Verdict.RECORD, Verdict.RECORD, None)
    assert second.event.verdict is Verdict.SUPPRESS
    assert await desk.suppression_of(desk.anna) is not None


async def test_a_refusal_in_session_needs_no_second(desk: Desk) -> None:
    reply = Reply(550, "5.1.1", "No such user")

    await refused_in_session(desk.people, desk.reports, MailingId(7), desk.anna, reply, "rcpt", TWO, NOW)

    assert await desk.suppression_of(desk.anna) is not None


async def test_mail_that_arrived_and_a_new_address_begin_anew(desk: Desk) -> None:
    desk.policy = TWO
    desk.mailed |= {(8, desk.anna.id), (9, desk.anna.id), (10, desk.anna.id)}
    day = timedelta(days=1)

    await desk.receive(dsn(), desk.address_of(desk.anna))
    await desk.receive(dsn(status="2.0.0", said="250 ok", action="delivered"), desk.address_of(desk.anna, 8))
    await desk.receive(dsn(), desk.address_of(desk.anna, 9), now=NOW + day)
    moved = await change_address(desk.people, desk.anna, Address("anna@new.example"))
    await desk.receive(dsn(), desk.address_of(moved, 10), now=NOW + 2 * day)

    assert await desk.all_suppressed() == []


async def test_a_full_mailbox_is_given_a_rest_that_ends(desk: Desk) -> None:
    desk.mailed |= {(8, desk.anna.id), (9, desk.anna.id)}
    for mailing, days in ((7, 0), (8, 15)):
        await desk.receive(FULL_DSN, desk.address_of(desk.anna, mailing), now=NOW + timedelta(days=days))
    after_two = await desk.all_suppressed()

    last = NOW + timedelta(days=30)
    (received,) = await desk.receive(FULL_DSN, desk.address_of(desk.anna, 9), now=last)

    suppression = await desk.suppression_of(desk.anna)
    assert not after_two
    assert suppression is not None
    assert (suppression.reason, suppression.until) == (Reason.MAILBOX_FULL, last + timedelta(days=30))
    assert "mailed for a while" in received.sentence


async def test_signals_are_forgotten_by_redis_itself(desk: Desk, redis: Redis) -> None:
    await desk.receive(FULL_DSN, desk.address_of(desk.anna))

    (key,) = [key async for key in redis.scan_iter("*:signals:*")]
    assert 89 * 86_400 < await redis.ttl(key) <= 90 * 86_400
    await desk.reports.forget_signals(desk.anna.id)
    assert not await redis.exists(key)


async def test_a_bounce_of_a_mailing_that_ended_long_ago_changes_nothing_and_a_complaint_does(desk: Desk) -> None:
    late = NOW + timedelta(days=30, seconds=1)

    (in_time,) = await desk.receive(dsn(action="delayed"), desk.address_of(desk.anna), now=late)
    (bounce,) = await desk.receive(dsn(), desk.address_of(desk.anna), now=late)
    before = await desk.all_suppressed()
    await desk.receive(complaint(), desk.address_of(desk.anna), now=late)

    assert in_time.event.kind is EventKind.REPORT
    assert (bounce.event.kind, before) == (EventKind.BACKSCATTER, [])
    assert bounce.sentence.startswith("Too late: mailing 7")
    assert await desk.reports.bits(MailingId(7), Mark.BOUNCED, 0) == 0
    assert [one.reason for one in await desk.all_suppressed()] == [Reason.COMPLAINT]
