"""A report: what a mail that came back says, whatever form it had.

`kind` is what the whole mail is; each recipient has its own status. Nothing in a report is trusted to say who it is
about: that is the envelope's token. Addresses here are for the record only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReportKind(StrEnum):
    """What a mail that came back is."""

    FAILED = "failed"
    """A message could not be delivered, for good."""
    DELAYED = "delayed"
    """It is late, and somebody is still trying. Ask nothing of it."""
    DELIVERED = "delivered"
    """It arrived, or went on to a system that sends no reports (actions delivered, relayed and expanded)."""
    COMPLAINT = "complaint"
    """Its recipient called it spam, or asked the provider to be taken off (RFC 5965 §7.3)."""
    FEEDBACK = "feedback"
    """A feedback report that is no complaint: not-spam, or a failed authentication."""
    AUTO_REPLY = "auto-reply"
    """A machine answered: away, ticket opened, please prove you are human."""
    READ_RECEIPT = "read-receipt"
    """A disposition notification (RFC 8098)."""
    OTHER = "other"
    """None of these; perhaps a person wrote."""


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What a report says of one recipient (RFC 3464 §2.3). Empty text where it says nothing."""

    final_recipient: str = ""
    original_recipient: str = ""
    action: str = ""
    """`failed`, `delayed`, `delivered`, `relayed`, `expanded`, or empty."""
    status: str = ""
    """Enhanced code x.y.z (RFC 3463), or empty."""
    reply_code: int = 0
    """The SMTP reply quoted in the diagnostic, or 0."""
    diagnostic: str = ""
    """What the other server said, on one line."""
    remote_mta: str = ""
    step: str = ""
    """The command that was answered, as far as the report tells: `connect`, `helo`, `mail`, `rcpt`, `data`, `dot`."""


@dataclass(frozen=True, slots=True)
class Report:
    """A mail that came back, as far as it could be read."""

    kind: ReportKind
    recipients: tuple[RecipientReport, ...] = ()
    text: str = ""
    """The part written for people, without the returned message."""
    subject: str = ""
    reporting_mta: str = ""
    envelope_id: str = ""
    """Original-Envelope-Id (RFC 3464 §2.2.1)."""
    feedback_type: str = ""
    """abuse, fraud, not-spam … (RFC 5965 §3.1); empty if this is no feedback report."""

    @property
    def first_failure(self) -> RecipientReport:
        """The recipient that this is about: the first that failed, else the first, else one that says nothing."""
        for recipient in self.recipients:
            if recipient.action in ("failed", ""):
                return recipient
        return self.recipients[0] if self.recipients else RecipientReport()
