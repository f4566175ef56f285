"""Whatever came back is read: the structure first, then the words, and nothing makes it stumble."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.bounces.classify import classify_report
from mailer.bounces.reading import read_report
from mailer.bounces.report import ReportKind

DSN = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: <b+token@bounces.example.com>
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="edge"

--edge
Content-Type: text/plain

I could not deliver your message.
<anna@example.org>: host mx.example.org said: 550 5.1.1 no such user (in reply to RCPT TO command)

--edge
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Original-Envelope-Id: envelope-7

Final-Recipient: rfc822; anna@example.org
Original-Recipient: rfc822;anna.old@example.org
Action: failed
Status: 5.1.1 (bad destination mailbox)
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 5.1.1 <anna@example.org>:
    no such user here

--edge
Content-Type: message/rfc822

From: news@example.com
Subject: mailbox full of news

Hello
--edge--
"""


def test_a_delivery_report_is_read_field_by_field() -> None:
    report = read_report(DSN.encode())

    (said,) = report.recipients
    assert report.kind is ReportKind.FAILED
    assert report.envelope_id == "envelope-7"
    assert said.final_recipient == "anna@example.org"
    assert said.original_recipient == "anna.old@example.org"
    assert (said.action, said.status, said.reply_code, said.step) == ("failed", "5.1.1", 550, "rcpt")
    assert said.diagnostic == "550 5.1.1 <anna@example.org>: no such user here"
    assert said.remote_mta == "mx.example.org"


@pytest.mark.parametrize("newline", ["\r\n", "\n", "\r"])
def test_line_ends_of_any_kind_are_taken(newline: str) -> None:
    report = read_report(DSN.replace("\n", newline).encode())

    assert report.first_failure.status == "5.1.1"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("message/delivery-status\n", "text/plain\n"),
        ("Final-Recipient: rfc822; ", "Final-Recipient : rfc/822;"),
        ("Final-Recipient: rfc822; ", "Final-Recipient: unknown; "),
        ("Final-Recipient: rfc822; ", "Final-Recipient: "),
        ("Action: failed", "Action: failure"),
        ("Action: failed\n", ""),
        ('boundary="edge"', 'boundary="another"'),
        ("multipart/report; report-type=delivery-status;", "multipart/mixed;"),
        ("mx.example.net\nOriginal-Envelope-Id: envelope-7\n\nFinal", "mx.example.net\nFinal"),
    ],
)
def test_broken_reports_still_say_who_and_why(old: str, new: str) -> None:
    assert old in DSN

    report = read_report(DSN.replace(old, new).encode())

    assert report.kind is ReportKind.FAILED
    assert report.first_failure.final_recipient == "anna@example.org"
    assert report.first_failure.status == "5.1.1"


def test_a_base64_status_part_is_read() -> None:
    head, _, rest = DSN.partition("Reporting-MTA")
    status, _, tail = ("Reporting-MTA" + rest).partition("\n--edge")
    coded = base64.encodebytes(status.encode()).decode()
    raw = head.replace("delivery-status\n\n", "delivery-status\nContent-Transfer-Encoding: base64\n\n")

    report = read_report(f"{raw}{coded}\n--edge{tail}".encode())

    assert report.first_failure.status == "5.1.1"


def test_an_internationalised_report_is_read() -> None:
    raw = DSN.replace("message/delivery-status", "message/global-delivery-status").replace(
        "Final-Recipient: rfc822; anna@", r"Final-Recipient: utf-8; \x{738B}\x{82B3}@"
    )

    assert read_report(raw.encode()).first_failure.final_recipient == "王芳@example.org"


def test_a_delay_is_no_failure_whatever_its_status_says() -> None:
    report = read_report(DSN.replace("Action: failed", "Action: delayed").encode())

    assert report.kind is ReportKind.DELAYED


def test_a_report_within_a_report_is_found() -> None:
    inner = DSN.replace("edge", "inner")
    raw = (
        "From: postmaster@example.net\nSubject: Undeliverable\nContent-Type: multipart/mixed; boundary=outer\n\n"
        f"--outer\nContent-Type: message/rfc822\n\n{inner}\n--outer--\n"
    )

    assert read_report(raw.encode()).first_failure.status == "5.1.1"


def test_a_complaint_is_read() -> None:
    raw = (
        "From: feedback@example.net\nSubject: complaint\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=edge\n\n"
        "--edge\nContent-Type: text/plain\n\nAn abuse report.\n"
        "--edge\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: Sample/1\nVersion: 1\n"
        "Original-Rcpt-To: <anna@example.org>\n\n"
        "--edge\nContent-Type: message/rfc822\n\nSubject: News\n\nHi\n--edge--\n"
    )

    complaint = read_report(raw.format(kind="abuse").encode())
    regret = read_report(raw.format(kind="not-spam").encode())

    assert (complaint.kind, complaint.feedback_type) == (ReportKind.COMPLAINT, "abuse")
    assert complaint.recipients[0].final_recipient == "anna@example.org"
    assert regret.kind is ReportKind.FEEDBACK


def test_outlooks_junk_report_is_a_complaint() -> None:
    raw = (
        "From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\n"
        "Content-Type: multipart/mixed; boundary=edge\n\n--edge\nContent-Type: message/rfc822\n\n"
        "X-HmXmrOriginalRecipient: anna@example.com\nSubject: News\n\nHi\n--edge--\n"
    )

    assert read_report(raw.encode()).kind is ReportKind.COMPLAINT


def test_a_bounce_in_words_is_read_without_what_it_returns() -> None:
    raw = (
        "From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n\n"
        "I wasn't able to deliver your message.\n\n<anna@example.org>:\n"
        "192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\n\n"
        "--- Below this line is a copy of the message.\n\nSubject: 552 5.2.2 mailbox full\n"
    )

    report = read_report(raw.encode())

    said = report.first_failure
    assert (said.final_recipient, said.reply_code, said.status) == ("anna@example.org", 550, "5.1.1")
    assert "mailbox full" not in said.diagnostic
    assert said.step == "rcpt"


def test_a_warning_in_words_is_a_delay() -> None:
    raw = (
        "From: MAILER-DAEMON@mx.example.net\nSubject: Warning: message delayed 24 hours\n\n"
        "Your message has not yet been delivered to anna@example.org. No action is required.\n"
    )

    assert read_report(raw.encode()).kind is ReportKind.DELAYED


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied\nSubject: Hello",
        "X-Autoreply: yes\nSubject: Hello",
        "Subject: Out of Office: news",
        "Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSNOiDmlrDpl7s=?=",
        "Return-Path: <>\nSubject: Automatic reply: news",
    ],
)
def test_automatic_replies_are_recognised(header: str) -> None:
    raw = f"From: Anna <anna@example.org>\n{header}\n\nI am away until May.\n"

    assert read_report(raw.encode()).kind is ReportKind.AUTO_REPLY


def test_a_letter_is_none_of_these() -> None:
    raw = "From: Anna <anna@example.org>\nSubject: Thank you\n\nI liked the third story best.\n"

    assert read_report(raw.encode()).kind is ReportKind.OTHER


def test_a_receipt_is_no_bounce() -> None:
    raw = (
        "From: anna@example.org\nSubject: Read: news\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=edge\n\n"
        "--edge\nContent-Type: text/plain\n\nRead.\n--edge\nContent-Type: message/disposition-notification\n\n"
        "Final-Recipient: rfc822; anna@example.org\nDisposition: manual-action/MDN-sent-manually; displayed\n--edge--\n"
    )

    assert read_report(raw.encode()).kind is ReportKind.READ_RECEIPT


@settings(max_examples=300)
@given(st.binary(max_size=2_000))
def test_any_bytes_give_a_report(raw: bytes) -> None:
    classify_report(read_report(raw))


@settings(max_examples=300)
@given(st.data())
def test_a_report_broken_anywhere_gives_a_report(data: st.DataObject) -> None:
    raw = DSN.encode()
    at = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 60))
    junk = data.draw(st.binary(max_size=60))

    classify_report(read_report(raw[:at] + junk + raw[at + length :]))


@pytest.mark.parametrize(
    "filler", ["x", "<", "<script", "=", "- ", "x@", "\n x", "\n", "--edge\n", "Action: failed\n\n", "=?utf-8?q?a?= "]
)
@pytest.mark.parametrize("place", ["Final-Recipient: ", "text/html\n\n", "Subject: "])
def test_hostile_megabytes_are_read_in_seconds(place: str, filler: str) -> None:
    raw = DSN.replace("text/plain", "text/html").replace(place, place + filler * (500_000 // len(filler)))
    started = time.process_time()

    classify_report(read_report(raw.encode()))

    assert time.process_time() - started < 5.0


def test_endless_nesting_gives_a_report() -> None:
    nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(5_000))

    assert read_report(nested.encode()).kind is ReportKind.OTHER
