"""Reads bounces that are only text, as qmail, Exim, Exchange and many gateways write them.

They are known by their sender or subject. The returned message is cut off first, since its own words would mislead.
What is left is searched for a reply, a status and an address; that is enough to classify, and nothing here says who.
"""

from __future__ import annotations

import re

from mailer.bounces.dsn import bare_address, find_reply_code, find_status, find_step
from mailer.bounces.mime import MimeMessage, header, one_line, parts, text_of
from mailer.bounces.report import RecipientReport, ReportKind

LONGEST_TEXT = 4_000
"""Characters of a bounce's text that are looked at, after the returned message is gone."""

_DAEMON = re.compile(r"mailer-?daemon|postmaster|mail delivery (?:sub)?system|mail system|<>", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|non-?delivery|returned (?:mail|to sender)|returning (?:message|to sender)"
    r"|delivery (?:status|notification)"
    r"|deliver(?:y|ed)?\W+(?:\w+\W+){0,3}(?:fail|problem|error|warning|delayed)"
    r"|(?:fail|error|problem)\w*\W+(?:\w+\W+){0,3}deliver"
    r"|failure notice|mail(?: system)? error|message delayed|could not be (?:sent|delivered)|bounce"
    r"|error sending your mail"
    r"|(?:mail|message) failed|rejected mail|недоставлен|не доставлен|送信でき|配送|退信|unzustellbar"
    r"|non remis|no entregad",
    re.IGNORECASE,
)
_TEXT = re.compile(
    r"(?:could|can) ?not be delivered to|was not delivered to|unable to deliver (?:your|the|this) m|送信できません",
    re.IGNORECASE,
)
_RETURNED = re.compile(
    r"^[ \t>*=-]*(?:"
    r"-{3,}.{0,20}(?:copy of|original|returned|unsent|message header|headers? of|body of|transcript of message)"
    r"|-+ ?below (?:this line|the next line)"
    r"|(?:the )?original message(?: headers?| text)?(?: follows|:|$)|the header of the original"
    r"|this is a copy of (?:your|the) message|a copy of (?:your|the) (?:original )?message"
    r"|(?:your |the )?message (?:headers?|text|contents?)? ?(?:follows|begins)"
    r"|returned message|message headers?:|received: (?:from|by) )",
    re.IGNORECASE | re.MULTILINE,
)
_DELAYED = re.compile(
    r"\(delay(?:ed)?\)|warning: message|(?:has|have) not yet been delivered|will (?:be )?(?:retry|retried|keep trying)"
    r"|still (?:trying|being retried)|will continue to (?:try|be retried)|do not need to resend|no action is required"
    r"|temporary (?:delivery )?(?:problem|error)[^.]{0,80}(?:retr|try)"
    r"|delivery (?:status notification: warning|delayed)"
    r"|message (?:was |is |has been )?delayed|this is a warning message only|delivery warning",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(
    r"permanent|failed permanently|giving up|given up|(?<!not )been returned|returned to sender", re.IGNORECASE
)
_RETURNED_FIELDS = ("received", "message-id", "return-path")
_ANGLED = re.compile(r"<([^\s<>@]+@[^\s<>]+)>")
_BARE = re.compile(r"(?<![\w.+-])([\w.+=-]+@[\w-]+(?:\.[\w-]+)+)")


def looks_like_bounce(message: MimeMessage) -> bool:
    """Whether sender or subject say that this is a bounce, whatever its form."""
    if message.get("x-failed-recipients") is not None or header(message, "return-path").strip() == "<>":
        return True
    return bool(_DAEMON.search(header(message, "from")) or _SUBJECT.search(header(message, "subject")))


def says_undelivered(text: str) -> bool:
    """Whether the text itself says that something could not be delivered."""
    return bool(_TEXT.search(text))


def human_text(message: MimeMessage) -> str:
    """Return what the report says in words: its text parts up to the message that it returns."""
    said: list[str] = []
    for part in parts(message):
        is_returned = part is not message and any(part.get(name) is not None for name in _RETURNED_FIELDS)
        if len(said) == 2 or is_returned or part.get_content_maintype() == "message":
            break
        text = text_of(part)
        if text.strip():
            said.append(text)
    text = "\n".join(said) or str(message.preamble or "")
    cut = _RETURNED.search(text)
    # A report that opens with the returned message has nothing before it; then all of it must do.
    return (text[: cut.start()] if cut and text[: cut.start()].strip() else text)[:LONGEST_TEXT].strip()


def read_plain_text(message: MimeMessage, text: str) -> tuple[ReportKind, RecipientReport]:
    """Return what a bounce without a status part says, as far as words tell."""
    subject = header(message, "subject")
    is_late = _DELAYED.search(f"{subject}\n{text}") and not _GIVEN_UP.search(text)
    reason = one_line(text)
    recipient = RecipientReport(
        final_recipient=_recipient(message, text),
        action="delayed" if is_late else "failed",
        status=find_status(reason),
        reply_code=find_reply_code(reason),
        diagnostic=reason[:1_000],
        step=find_step(reason),
    )
    return (ReportKind.DELAYED if is_late else ReportKind.FAILED), recipient


def _recipient(message: MimeMessage, text: str) -> str:
    failed = header(message, "x-failed-recipients")
    if failed:
        return bare_address(failed.split(",")[0])
    match = _ANGLED.search(text) or _BARE.search(text)
    return match[1] if match else ""
