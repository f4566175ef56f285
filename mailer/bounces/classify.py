"""Says whose matter a bounce is: the provider's own meaning first, then words, then standard codes.

"5.x.x is a hard bounce" is wrong about two times in three. So a code alone says little: 5.7.1 carries more than a dozen
reasons, and 5.1.1 was seen on full mailboxes. A reply to MAIL FROM or to the greeting is about us, whatever it says.
What is not for good is never a dead address.
"""

from __future__ import annotations

from mailer.bounces.bounceclass import ABOUT_THE_RECIPIENT, BounceClass
from mailer.bounces.codes import class_of_reply, class_of_status
from mailer.bounces.dsn import find_status
from mailer.bounces.phrases import class_of_text
from mailer.bounces.providers import Provider, class_by_provider, provider_of
from mailer.bounces.report import RecipientReport, Report, ReportKind
from mailer.smtp.outcome import Step

_BEFORE_THE_RECIPIENT = frozenset(
    {Step.CHECK, Step.CONNECT, Step.GREETING, Step.EHLO, "helo", Step.STARTTLS, Step.AUTH, Step.MAIL}
)

_CLASS_OF_KIND = {
    ReportKind.DELAYED: BounceClass.DELAYED,
    ReportKind.DELIVERED: BounceClass.DELIVERED,
    ReportKind.COMPLAINT: BounceClass.COMPLAINT,
    ReportKind.FEEDBACK: BounceClass.AUTO_REPLY,
    ReportKind.AUTO_REPLY: BounceClass.AUTO_REPLY,
    ReportKind.READ_RECEIPT: BounceClass.DELIVERED,
    ReportKind.OTHER: BounceClass.UNKNOWN,
}


def classify(
    reply_code: int, status: str, text: str, *, step: str = "", provider: Provider | None = None
) -> BounceClass:
    """Return the class of a refusal, said in session or quoted by a report.

    `reply_code` is 0 and `status` empty where unknown; `step` is the command that was answered (a `Step`, where known).
    """
    inner = find_status(text)
    if inner and (not status or status.endswith(".0.0")):
        status = inner
    found = (
        class_by_provider(provider, inner or status, text)
        or class_of_text(text)
        or class_of_status(inner)
        or class_of_status(status)
        or class_of_reply(reply_code)
        or BounceClass.UNKNOWN
    )
    if step in _BEFORE_THE_RECIPIENT and (found in ABOUT_THE_RECIPIENT or found is BounceClass.UNKNOWN):
        return BounceClass.SENDER_BLOCK
    if found not in ABOUT_THE_RECIPIENT:
        return found
    if _is_temporary(reply_code, status):
        return BounceClass.TRANSIENT
    return _doubted(step, status) if found is BounceClass.DEAD_ADDRESS else found


def _doubted(step: str, status: str) -> BounceClass:
    """Return what "unknown user" means where the circumstances contradict it, else that the address is dead."""
    # x.2.z says that the mailbox exists, x.7.z that a rule forbids (RFC 3463 §3); only a refused RCPT outweighs that.
    if status.startswith("5.7.") and step != Step.RCPT:
        return BounceClass.RECIPIENT_FILTER
    if status.startswith("5.2.") and step != Step.RCPT:
        return class_of_status(status) or BounceClass.RECIPIENT_FILTER
    # Who took the recipient, and knows nobody of that name once the message is there, has applied the person's filter.
    if step == Step.DOT and not status.startswith("5.1."):
        return BounceClass.RECIPIENT_FILTER
    return BounceClass.DEAD_ADDRESS


def classify_report(report: Report) -> BounceClass:
    """Return the class of a report, for the recipient that it is about."""
    return classify_recipient(report, report.first_failure)


def classify_recipient(report: Report, recipient: RecipientReport) -> BounceClass:
    """Return the class of what a report says of one of its recipients."""
    if report.kind is not ReportKind.FAILED:
        return _CLASS_OF_KIND[report.kind]
    if recipient.action == "delayed":
        return BounceClass.DELAYED
    domain = recipient.final_recipient.rpartition("@")[2]
    provider = provider_of(recipient.remote_mta, domain, recipient.diagnostic)
    found = classify(
        recipient.reply_code, recipient.status, recipient.diagnostic, step=recipient.step, provider=provider
    )
    if found is BounceClass.UNKNOWN or not recipient.diagnostic:
        # The words for people, and the subject, often say more than an empty diagnostic.
        words = _words_about(report, recipient)
        return classify(recipient.reply_code, recipient.status, words, step=recipient.step, provider=provider)
    return found


def _words_about(report: Report, recipient: RecipientReport) -> str:
    """Return what the report's text says of one recipient: from its address on to the next one's."""
    text = report.text
    start = text.find(recipient.final_recipient) if len(report.recipients) > 1 and recipient.final_recipient else -1
    if start < 0:
        return f"{text}\n{report.subject}"
    after = start + len(recipient.final_recipient)
    ends = [text.find(other.final_recipient, after) for other in report.recipients if other.final_recipient]
    return text[start : min((end for end in ends if end > 0), default=len(text))]


def _is_temporary(reply_code: int, status: str) -> bool:
    """Whether it may pass. The reply's class decides where there is one; Google says 421 with 5.7.x."""
    if reply_code:
        return 400 <= reply_code < 500
    return status.startswith("4.")
