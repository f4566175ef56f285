"""Reads whatever came back: the structure first, then the words (RFC 6522, 3464, 5965, 3834).

Any bytes give a Report; nothing is raised. A report's body is a stranger's text: it says why, never who.
"""

from __future__ import annotations

from mailer.bounces import arf, dsn
from mailer.bounces.autoreply import is_auto_reply
from mailer.bounces.dsn import bare_address
from mailer.bounces.mime import MimeMessage, block_text, header, parse_message, parts
from mailer.bounces.plaintext import human_text, looks_like_bounce, read_plain_text, says_undelivered
from mailer.bounces.report import RecipientReport, Report, ReportKind


def read_report(raw: bytes) -> Report:
    """Return what a mail that came back says."""
    message = parse_message(raw)
    text = human_text(message)
    return (
        _feedback(message, text)
        or _read_receipt(message, text)
        or _delivery_status(message, text)
        or _automatic_reply(message, text)
        or _words(message, text)
        or Report(ReportKind.OTHER, text=text, subject=header(message, "subject"))
    )


def _feedback(message: MimeMessage, text: str) -> Report | None:
    found = arf.read_arf(message)
    if found is None:
        return None
    feedback_type = found.get("feedback-type", "").strip().lower()
    recipient = RecipientReport(
        final_recipient=bare_address(found.get("original-rcpt-to", "") or found.get("removal-recipient", "")),
        diagnostic=found.get("user-agent", ""),
    )
    return Report(
        arf.kind_of(feedback_type),
        (recipient,),
        text=text,
        subject=header(message, "subject"),
        reporting_mta=found.get("reporting-mta", ""),
        envelope_id=found.get("original-envelope-id", ""),
        feedback_type=feedback_type or "abuse",
    )


def _read_receipt(message: MimeMessage, text: str) -> Report | None:
    for part in parts(message):
        if part.get_content_type() != "message/disposition-notification":
            continue
        # Dovecot's "reject" refuses in this form: deleted, with a reason in words (RFC 5429 §2.1.1 allows it).
        if "deleted" in block_text(part).lower() and looks_like_bounce(message):
            return None
        return Report(ReportKind.READ_RECEIPT, text=text, subject=header(message, "subject"))
    return None


def _delivery_status(message: MimeMessage, text: str) -> Report | None:
    found = dsn.read_dsn(message, text)
    if found is None:
        return None
    about_message, recipients = found
    return Report(
        dsn.kind_of(recipients),
        recipients,
        text=text,
        subject=header(message, "subject"),
        reporting_mta=about_message.get("reporting-mta", ""),
        envelope_id=about_message.get("original-envelope-id", ""),
    )


def _automatic_reply(message: MimeMessage, text: str) -> Report | None:
    # Exim marks its bounces as auto-replied too, but says in X-Failed-Recipients that they are bounces.
    if looks_like_bounce(message) and not _is_only_null_sender(message):
        return None
    if not is_auto_reply(message):
        return None
    return Report(ReportKind.AUTO_REPLY, text=text, subject=header(message, "subject"))


def _words(message: MimeMessage, text: str) -> Report | None:
    if not looks_like_bounce(message) and not says_undelivered(text):
        return None
    kind, recipient = read_plain_text(message, text)
    return Report(kind, (recipient,), text=text, subject=header(message, "subject"))


def _is_only_null_sender(message: MimeMessage) -> bool:
    """Whether the null return path is all that speaks for a bounce; automatic replies have it too (RFC 3834 §3.3)."""
    del message["return-path"]
    return not looks_like_bounce(message)
