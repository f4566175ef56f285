"""Writes what a receiver sends when a message was taken and could not be delivered, or was called spam.

`delivery_report` is a DSN (RFC 3464 in RFC 6522's multipart/report) with the returned header, `feedback_report` an ARF
(RFC 5965) with the whole message. Both are for samples and tests: the inbox plays the receiver.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

_HOST = "inbox.test"


def delivery_report(
    message: bytes, *, mail_from: str, recipient: str, report_id: str, now: datetime, status: str = "5.1.1"
) -> bytes:
    """Return the report that this message could not be delivered to this recipient."""
    said = f"550 {status} <{recipient}>: no such user here"
    words = (
        f"This is the mail system at {_HOST}.\r\n\r\n"
        f"Your message was accepted, but could not be delivered to:\r\n\r\n<{recipient}>: {said}\r\n"
    )
    about = (
        f"Reporting-MTA: dns; {_HOST}\r\nArrival-Date: {format_datetime(now)}\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n"
        f"Remote-MTA: dns; {_HOST}\r\nDiagnostic-Code: smtp; {said}\r\n"
    )
    header, _, _ = message.partition(b"\r\n\r\n")
    return _report(
        "delivery-status",
        {"From": f"Mail Delivery System <MAILER-DAEMON@{_HOST}>", "Subject": "Undelivered Mail Returned to Sender"},
        [
            (b"text/plain; charset=utf-8", words.encode()),
            (b"message/delivery-status", about.encode()),
            (b"text/rfc822-headers", header + b"\r\n"),
        ],
        to=mail_from,
        report_id=report_id,
        now=now,
    )


def feedback_report(message: bytes, *, mail_from: str, recipient: str, report_id: str, now: datetime) -> bytes:
    """Return the report that this recipient called this message spam."""
    words = f"This is an email abuse report for a message received from {mail_from} on {format_datetime(now)}.\r\n"
    about = (
        "Feedback-Type: abuse\r\nUser-Agent: PressrunInbox/1.0\r\nVersion: 1\r\n"
        f"Original-Mail-From: <{mail_from}>\r\nOriginal-Rcpt-To: <{recipient}>\r\n"
        f"Arrival-Date: {format_datetime(now)}\r\nReporting-MTA: dns; {_HOST}\r\n"
    )
    return _report(
        "feedback-report",
        {"From": f"Abuse desk <abuse@{_HOST}>", "Subject": "Abuse report"},
        [
            (b"text/plain; charset=utf-8", words.encode()),
            (b"message/feedback-report", about.encode()),
            (b"message/rfc822", message),
        ],
        to=mail_from,
        report_id=report_id,
        now=now,
    )


def _report(
    kind: str,
    header: dict[str, str],
    parts: list[tuple[bytes, bytes]],
    *,
    to: str,
    report_id: str,
    now: datetime,
) -> bytes:
    """Return a multipart/report of these parts."""
    boundary = f"=_report_{report_id}"
    fields = header | {
        "To": f"<{to}>",
        "Date": format_datetime(now),
        "Message-ID": f"<{report_id}@{_HOST}>",
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/report; report-type={kind}; boundary="{boundary}"',
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    delimiter = f"--{boundary}".encode()
    bodies = [b"%s\r\nContent-Type: %s\r\n\r\n%s\r\n" % (delimiter, kind, body) for kind, body in parts]
    return b"%s\r\n%s%s--\r\n" % (head, b"".join(bodies), delimiter)
