"""What comes back ends the right person's subscription, and nobody else's."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.event import EventKind
from mailer.bounces.receiving import refused_in_session
from mailer.bounces.store import Mark
from mailer.smtp.outcome import Reply
from mailer.tokens import Kind, Tokens
from subscribers.cohort import chunk_of
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason
from tests.mailer.bounces.conftest import MAILING, NOW, Desk

CORPORA = Path(__file__).parents[3] / "../shared/corpora"


def dsn(
    *, status: str = "5.1.1", said: str = "550 5.1.1 no such user", action: str = "failed", whom: str = "x@y.test"
) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=edge\n\n"
        "--edge\nContent-Type: text/plain\n\nSorry.\n"
        "--edge\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; {whom}\nAction: {action}\n"
        f"Status: {status}\nDiagnostic-Code: smtp; {said}\n\n--edge--\n"
    ).encode()


def complaint(kind: str = "abuse") -> bytes:
    return (
        "From: feedback@example.net\nSubject: complaint\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=edge\n\n"
        "--edge\nContent-Type: message/feedback-report\n\n"
        f"Feedback-Type: {kind}\nVersion: 1\nUser-Agent: Sample/1\n\n--edge--\n"
    ).encode()


async def test_a_report_of_a_dead_address_suppresses_the_one_whom_the_token_names(desk: Desk) -> None:
    (received,) = await desk.receive(dsn(), desk.address_of(desk.anna))

    suppression = await desk.suppression_of(desk.anna)
    assert suppression is not None
    assert suppression.reason is Reason.HARD_BOUNCE
    assert suppression.evidence.count("550 5.1.1") == 1
    assert "mailing 7" in suppression.evidence
    assert received.is_new
    assert received.sentence == (
        "Dead address (5.1.1): subscriber 1 in mailing 7. The address is suppressed as a hard bounce."
    )
    assert await desk.suppression_of(desk.boris) is None
    assert desk.anna.id in await desk.reports.cohort(MAILING, Mark.BOUNCED, [chunk_of(desk.anna.id)])


async def test_a_token_counts_in_any_case(desk: Desk) -> None:
    await desk.receive(dsn(), desk.address_of(desk.anna).upper())

    assert await desk.suppression_of(desk.anna) is not None


async def test_the_body_does_not_say_who(desk: Desk) -> None:
    await desk.receive(dsn(whom="boris@example.org"), desk.address_of(desk.anna))

    assert [one.address for one in await desk.all_suppressed()] == [desk.anna.address]


async def test_a_forged_report_touches_nobody(desk: Desk) -> None:
    forger = Tokens(b"a secret that somebody else made up!!")
    forged = "b+" + forger.local_part(Kind.RETURN_PATH, MAILING, desk.anna.id) + "@bounces.example.com"

    (received,) = await desk.receive(dsn(whom="anna@example.org"), forged)

    assert received.event.kind is EventKind.BACKSCATTER
    assert received.sentence.startswith("Backscatter")
    assert await desk.all_suppressed() == []
    assert [event.recipient for event in await desk.reports.recent()] == [forged]


@pytest.mark.parametrize("recipient", ["anna@example.org", "", "b+@example.org", "postmaster@example.com"])
async def test_other_addresses_touch_nobody(desk: Desk, recipient: str) -> None:
    await desk.receive(dsn(whom="anna@example.org"), recipient)
    await desk.receive(complaint(), recipient)

    assert await desk.all_suppressed() == []


async def test_somebody_who_was_not_mailed_cannot_bounce(desk: Desk) -> None:
    (received,) = await desk.receive(dsn(), desk.address_of(desk.boris))

    assert received.event.kind is EventKind.BACKSCATTER
    assert await desk.all_suppressed() == []


async def test_a_test_send_changes_nothing(desk: Desk) -> None:
    (received,) = await desk.receive(dsn(), desk.address_of(desk.anna, mailing=0))

    assert received.event.bounce_class is BounceClass.DEAD_ADDRESS
    assert await desk.all_suppressed() == []


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (dsn(status="5.2.2", said="552 5.2.2 mailbox full"), BounceClass.MAILBOX_FULL),
        (dsn(status="5.7.1", said="550 5.7.1 blocked for spam"), BounceClass.SENDER_BLOCK),
        (dsn(status="5.1.2", said="550 5.1.2 host unknown"), BounceClass.DEAD_DOMAIN),
        (dsn(status="5.1.1", said="", action="delayed"), BounceClass.DELAYED),
        (dsn(status="2.0.0", said="250 ok", action="delivered"), BounceClass.DELIVERED),
        (complaint("not-spam"), BounceClass.AUTO_REPLY),
        (b"Subject: Out of office\nAuto-Submitted: auto-replied\n\nUser unknown 550 5.1.1\n", BounceClass.AUTO_REPLY),
        (b"Subject: Hi\n\nWhere is my news? 550 5.1.1 user unknown\n", BounceClass.UNKNOWN),
        (b"", BounceClass.UNKNOWN),
    ],
)
async def test_everything_else_is_kept_on_record_only(desk: Desk, report: bytes, expected: BounceClass) -> None:
    (received,) = await desk.receive(report, desk.address_of(desk.anna))

    assert received.event.bounce_class is expected
    assert await desk.all_suppressed() == []
    assert [event.bounce_class for event in await desk.reports.of_mailing(MAILING)] == [expected]


@pytest.mark.parametrize("report", [dsn(action="delayed"), dsn(action="delivered"), b"Subject: Hi\n\nThank you!\n"])
async def test_only_failures_are_marked_as_bounces(desk: Desk, report: bytes) -> None:
    await desk.receive(report, desk.address_of(desk.anna))

    assert await desk.reports.bits(MAILING, Mark.BOUNCED, 0) == 0


async def test_the_same_report_counts_once_a_day(desk: Desk) -> None:
    address = desk.address_of(desk.anna)

    first, second = [(await desk.receive(dsn(), address))[0] for _ in range(2)]
    (other,) = await desk.receive(dsn(status="5.2.2", said="552 5.2.2 full"), address, now=NOW + timedelta(hours=1))

    assert (first.is_new, second.is_new, other.is_new) == (True, False, True)
    assert second.sentence.endswith("It was known already.")
    assert len(await desk.reports.of_mailing(MAILING)) == 2
    assert len(await desk.reports.recent()) == 2


async def test_a_duplicate_suppresses_again_what_a_crash_left_undone(desk: Desk) -> None:
    address = desk.address_of(desk.anna)
    await desk.receive(dsn(), address)
    await desk.people.suppressions.remove(desk.anna.address, "as if it had never been written", NOW)

    await desk.receive(dsn(), address)

    assert await desk.suppression_of(desk.anna) is not None


async def test_a_complaint_suppresses_at_once(desk: Desk) -> None:
    (received,) = await desk.receive(complaint(), desk.address_of(desk.anna))

    suppression = await desk.suppression_of(desk.anna)
    assert suppression is not None
    assert suppression.reason is Reason.COMPLAINT
    assert "because of the complaint" in received.sentence
    assert desk.anna.id in await desk.reports.cohort(MAILING, Mark.COMPLAINED, [0])
    assert await desk.reports.bits(MAILING, Mark.BOUNCED, 0) == 0


async def test_unsubscribing_by_mail_leaves_that_list(desk: Desk) -> None:
    (received,) = await desk.receive(b"From: <>\n\nanything at all", desk.leaving_address(desk.anna))

    assert await desk.people.lists.state_of(desk.news.id, desk.anna.id) is SubscriptionState.LEFT
    assert await desk.people.lists.state_of(desk.news.id, desk.boris.id) is SubscriptionState.ACTIVE
    assert await desk.all_suppressed() == []
    assert received.sentence.startswith("Unsubscribed by mail: subscriber 1")
    assert desk.anna.id in await desk.reports.cohort(MAILING, Mark.UNSUBSCRIBED, [0])


async def test_each_recipient_of_the_envelope_is_answered_for(desk: Desk) -> None:
    received = await desk.receive(dsn(), desk.address_of(desk.anna), "postmaster", desk.leaving_address(desk.boris))

    assert [one.event.kind for one in received] == [EventKind.REPORT, EventKind.LETTER, EventKind.UNSUBSCRIBE]


async def test_a_refusal_in_session_suppresses_a_dead_address(desk: Desk) -> None:
    found = await refused_in_session(
        desk.people,
        desk.reports,
        MAILING,
        desk.anna,
        Reply(550, "5.1.1", "No such\nuser here"),
        "rcpt",
        desk.policy,
        NOW,
    )

    suppression = await desk.suppression_of(desk.anna)
    assert found is BounceClass.DEAD_ADDRESS
    assert suppression is not None
    assert suppression.evidence == (
        "Refused in session for mailing 7 on 2026-11-23 12:00 UTC: 550 5.1.1 No such user here."
    )
    assert desk.anna.id in await desk.reports.cohort(MAILING, Mark.BOUNCED, [0])


@pytest.mark.parametrize(
    ("reply", "step", "expected"),
    [
        (Reply(550, "5.1.1", "No such user"), "mail", BounceClass.SENDER_BLOCK),
        (Reply(552, "5.2.2", "Mailbox full"), "rcpt", BounceClass.MAILBOX_FULL),
        (Reply(450, "4.1.1", "User unknown"), "rcpt", BounceClass.TRANSIENT),
        (Reply(554, "5.7.1", "Looks like spam"), "dot", BounceClass.SPAM_CONTENT),
        (None, "check", BounceClass.POLICY),
    ],
)
async def test_other_refusals_in_session_are_kept_on_record(
    desk: Desk, reply: Reply | None, step: str, expected: BounceClass
) -> None:
    found = await refused_in_session(desk.people, desk.reports, MAILING, desk.anna, reply, step, desk.policy, NOW)

    assert found is expected
    assert await desk.all_suppressed() == []
    assert [event.kind for event in await desk.reports.of_mailing(MAILING)] == [EventKind.REFUSAL]


async def test_a_refusal_that_is_told_twice_is_kept_once(desk: Desk) -> None:
    for _ in range(2):
        await refused_in_session(
            desk.people, desk.reports, MAILING, desk.anna, Reply(550, "5.1.1", "No such user"), "rcpt", desk.policy, NOW
        )

    assert len(await desk.reports.of_mailing(MAILING)) == 1


async def test_an_erased_person_is_only_noted(desk: Desk) -> None:
    desk.mailed.add((MAILING, 999))
    erased = desk.tokens.local_part(Kind.RETURN_PATH, MAILING, 999)

    (received,) = await desk.receive(dsn(), f"b+{erased}@bounces.example.com")

    assert received.event.bounce_class is BounceClass.DEAD_ADDRESS
    assert await desk.all_suppressed() == []


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=500))
async def test_any_bytes_are_taken(desk: Desk, raw: bytes) -> None:
    (received,) = await desk.receive(raw, desk.address_of(desk.anna))

    assert received.sentence


@pytest.mark.skipif(not CORPORA.is_dir(), reason="no corpora beside the checkout")
async def test_no_real_report_touches_anybody_without_a_token(desk: Desk) -> None:
    for file in sorted((CORPORA / "bounces").glob("*.eml"))[::10]:
        await desk.receive(file.read_bytes(), "b+aaaaaaaaaaaaaaaaaaaaaaaa@bounces.example.com", "anna@example.org")

    assert await desk.all_suppressed() == []
