"""The inbox's reports are reports by the standards, as an independent parser finds."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from mailer.inbox.reporting import delivery_report, feedback_report

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MESSAGE = b"From: news@example.com\r\nMessage-ID: <m1@example.com>\r\nSubject: News\r\n\r\nHello\r\n"


def _parts(raw: bytes) -> tuple[EmailMessage, list[EmailMessage]]:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert message.get_content_type() == "multipart/report"
    assert message.defects == []
    return message, [part for part in message.iter_parts() if isinstance(part, EmailMessage)]


def _blocks(part: EmailMessage) -> list[EmailMessage]:
    """Return what the standard library made of a message/* part: one message a block."""
    found = part.get_payload()
    assert isinstance(found, list)
    return [block for block in found if isinstance(block, EmailMessage)]


def test_a_delivery_report_has_the_three_parts_of_rfc_3464() -> None:
    raw = delivery_report(
        MESSAGE, mail_from="b+t@example.com", recipient="later.anna@example.org", report_id="7", now=NOW
    )

    message, (words, status, returned) = _parts(raw)
    per_message, per_recipient = _blocks(status)
    assert message["To"] == "b+t@example.com"
    assert message.get_param("report-type") == "delivery-status"
    assert "later.anna@example.org" in words.get_content()
    assert per_message["Reporting-MTA"] == "dns; inbox.test"
    assert per_recipient["Final-Recipient"] == "rfc822; later.anna@example.org"
    assert (per_recipient["Action"], per_recipient["Status"]) == ("failed", "5.1.1")
    assert per_recipient["Diagnostic-Code"].startswith("smtp; 550 5.1.1")
    assert returned.get_content_type() == "text/rfc822-headers"
    assert "Message-ID: <m1@example.com>" in str(returned.get_payload())
    assert "Hello" not in str(returned.get_payload())


def test_a_feedback_report_has_the_three_parts_of_rfc_5965() -> None:
    raw = feedback_report(
        MESSAGE, mail_from="b+t@example.com", recipient="complains.anna@example.org", report_id="7", now=NOW
    )

    message, (_, about, returned) = _parts(raw)
    assert message.get_param("report-type") == "feedback-report"
    assert about.get_content_type() == "message/feedback-report"
    fields = str(_blocks(about)[0])
    assert "Feedback-Type: abuse" in fields
    assert "Version: 1" in fields
    assert returned.get_content_type() == "message/rfc822"
    assert _blocks(returned)[0]["Message-ID"] == "<m1@example.com>"
