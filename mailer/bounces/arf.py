"""Reads feedback reports (ARF, RFC 5965): what a provider sends when somebody presses "this is spam".

Only some types are complaints. `not-spam` is the opposite; `auth-failure` (RFC 6591) is a DMARC failure report about
mail that may not even be ours.
"""

from __future__ import annotations

from mailer.bounces.mime import MimeMessage, block_text, fields, header, parts, returned_message
from mailer.bounces.report import ReportKind

COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list", "miscategorized"})
"""Feedback types by which a person says that this mail was not wanted."""


def read_arf(message: MimeMessage) -> dict[str, str] | None:
    """Return the fields of the feedback part, names in lower case; None if there is no such part."""
    for part in parts(message):
        if part.get_content_type() == "message/feedback-report":
            found: dict[str, str] = {}
            for name, value in fields(block_text(part)):
                if name:
                    found.setdefault(name, value)
            return found
    return _read_jmrp(message)


def kind_of(feedback_type: str) -> ReportKind:
    """Return whether feedback of this type is a complaint. A report without a type counts as abuse, its common use."""
    return ReportKind.COMPLAINT if (feedback_type or "abuse") in COMPLAINTS else ReportKind.FEEDBACK


def _read_jmrp(message: MimeMessage) -> dict[str, str] | None:
    """Read what Outlook.com's Junk Mail Reporting sends: the whole message with one field added, and no report part."""
    for part in parts(message):
        returned = returned_message(part)
        recipient = header(returned, "x-hmxmroriginalrecipient") if returned is not None else ""
        if recipient:
            return {"feedback-type": "abuse", "original-rcpt-to": recipient, "user-agent": "Outlook.com JMRP"}
    return None
