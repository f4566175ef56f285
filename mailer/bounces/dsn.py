"""Reads delivery status notifications: RFC 3464, and RFC 6533 for addresses beyond ASCII.

What it takes, since it was seen: the status part under another type or base64-coded, no blank line between recipients,
address types `unknown;` and `rfc/822;` or none, a comment behind the status, an action of a server's own invention.
`read_dsn` never raises: a mail without any recipient block gives None.
"""

from __future__ import annotations

import re

from mailer.bounces.mime import MimeMessage, block_text, fields, one_line, parts, returned_message, text_of
from mailer.bounces.report import RecipientReport, ReportKind

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.\[/-])([45][0-5]\d)(?=[ -:]|$)(?!-\d{3}-\d)(?! ?\d+\.\d+\.\d+\.\d+)")
_TYPE = re.compile(r"^\s*[A-Za-z][\w/-]*\s*;\s*")
_STEPS: tuple[tuple[str, str], ...] = (
    (
        "dot",
        r"(?:in reply to|after|our) (?:the )?(?:end of data|final data|message body)|after i sent the message|>>> ?\.",
    ),
    (
        "rcpt",
        (
            r"(?:in reply to|after|our|following) (?:the )?(?:pipelined )?rcpt|\[rcpt_to\]"
            r"|does not like recipient|>>> rcpt"
        ),
    ),
    ("mail", r"(?:in reply to|after|our) (?:the )?(?:pipelined )?mail|\[mail_from\]|but sender was rejected|>>> mail"),
    ("data", r"(?:in reply to|after|our) (?:the )?(?:pipelined )?data|>>> data|\[data\]"),
    ("connect", r"after initial connection|refused to talk to me|connected to \S+ but greeting"),
    ("helo", r"(?:in reply to|after|our) (?:the )?(?:helo|ehlo)|>>> (?:helo|ehlo)"),
)
_COMPILED_STEPS = tuple((step, re.compile(pattern, re.IGNORECASE)) for step, pattern in _STEPS)
_ADDRESS = re.compile(r"[^\s<>\"(),;:]+@[^\s<>\"(),;:]+")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_ACTIONS = {"fail": "failed", "delay": "delayed", "deliver": "delivered", "relay": "relayed", "expand": "expanded"}
_RECIPIENT_FIELDS = frozenset(
    {"final-recipient", "original-recipient", "action", "status", "diagnostic-code", "remote-mta"}
)
_LONGEST_DIAGNOSTIC = 1_000


def read_dsn(message: MimeMessage, words: str = "") -> tuple[dict[str, str], tuple[RecipientReport, ...]] | None:
    """Return the fields about the whole message and what is said of each recipient; None if this is no DSN.

    `words` is the report's text for people, which alone tells the answered command.
    """
    text = _status_text(message)
    if not text:
        return None
    about_message, recipients = _blocks(text)
    if not recipients:
        return None
    return about_message, tuple(_recipient(block, words) for block in recipients)


def kind_of(recipients: tuple[RecipientReport, ...]) -> ReportKind:
    """Return what a DSN with these recipients is. Action decides, not Status: delayed beats a status of 5.x.x."""
    actions = {recipient.action or _action_by_status(recipient.status) for recipient in recipients}
    if "failed" in actions:
        return ReportKind.FAILED
    if "delayed" in actions:
        return ReportKind.DELAYED
    return ReportKind.DELIVERED


def find_status(text: str) -> str:
    """Return the enhanced status code in a text, or an empty string. A specific one wins over x.0.0."""
    found = [".".join(match.groups()) for match in _STATUS.finditer(text[:_LONGEST_DIAGNOSTIC])]
    specific = [status for status in found if not status.endswith(".0.0")]
    return (specific or found or [""])[0]


def find_reply_code(text: str) -> int:
    """Return the first SMTP reply in a text that refuses, 4yz or 5yz; 0 if there is none."""
    match = _REPLY.search(text[:_LONGEST_DIAGNOSTIC])
    return int(match[1]) if match else 0


def find_step(*texts: str) -> str:
    """Return the command that was answered, as mail servers word it; empty if none of the texts says so."""
    for text in texts:
        for step, pattern in _COMPILED_STEPS:
            if pattern.search(text):
                return step
    return ""


def bare_address(value: str) -> str:
    """Return the address in a field such as `rfc822; <anna@example.com>`, with RFC 6533's escapes decoded."""
    value = _UNICODE.sub(_character, _TYPE.sub("", value[:_LONGEST_DIAGNOSTIC]))
    match = _ADDRESS.search(value)
    return match[0] if match else one_line(value).strip("<>")


def _status_text(message: MimeMessage) -> str:
    everything = list(parts(message))
    for part in everything:
        if part.get_content_type() in STATUS_TYPES:
            return block_text(part)
    # A gateway wrapped the whole report into another mail.
    for part in everything:
        returned = returned_message(part)
        for inner in parts(returned) if returned is not None else ():
            if inner.get_content_type() in STATUS_TYPES:
                return block_text(inner)
    # Broken MIME: the fields stand in some text. Both must be there, so that a quoted line does not make a report.
    for part in everything:
        text = text_of(part)
        at = re.search(r"^(?:Original|Final)-Recipient[ \t]*:", text, re.IGNORECASE | re.MULTILINE)
        if at and re.search(r"^Action[ \t]*:", text, re.IGNORECASE | re.MULTILINE):
            return text[max(text.rfind("\n\n", 0, at.start()), 0) :]
    return ""


def _blocks(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Part the fields into those of the message and those of each recipient."""
    about_message: dict[str, str] = {}
    recipients: list[dict[str, str]] = []
    block: dict[str, str] = {}
    for name, value in fields(text):
        starts_over = name in ("final-recipient", "original-recipient") and name in block
        if (not name and "status" in block) or starts_over:
            recipients.append(block)
            block = {}
        if name in _RECIPIENT_FIELDS:
            block.setdefault(name, value)
        elif name and not recipients:
            about_message.setdefault(name, value)
    if block.keys() & {"final-recipient", "original-recipient", "action", "status"}:
        recipients.append(block)
    return about_message, recipients


def _recipient(block: dict[str, str], words: str) -> RecipientReport:
    diagnostic = one_line(_TYPE.sub("", block.get("diagnostic-code", "")))[:_LONGEST_DIAGNOSTIC]
    action = block.get("action", "").lower()
    return RecipientReport(
        final_recipient=bare_address(block.get("final-recipient", "")),
        original_recipient=bare_address(block.get("original-recipient", "")),
        action=next((name for start, name in _ACTIONS.items() if action.startswith(start)), ""),
        status=find_status(block.get("status", "")),
        reply_code=find_reply_code(diagnostic),
        diagnostic=diagnostic,
        remote_mta=one_line(_TYPE.sub("", block.get("remote-mta", ""))),
        step=find_step(diagnostic, words),
    )


def _action_by_status(status: str) -> str:
    return {"2": "delivered", "4": "delayed"}.get(status[:1], "failed")


def _character(match: re.Match[str]) -> str:
    point = int(match[1], 16)
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else match[0]
