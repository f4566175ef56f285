"""From an envelope to the lines that say it (RFC 5321 §4.1, RFC 3461, RFC 6531). Pure functions.

An address that could say more than itself (a line end, a space, an angle bracket) is never put into a line.
"""

from __future__ import annotations

import re

from mailer.smtp.capabilities import Capabilities
from mailer.smtp.envelope import Envelope, HandOver

MAX_PATH_BYTES = 254
"""RFC 5321 §4.5.3.1.3: 256 with the angle brackets."""
MAX_ENVELOPE_ID_CHARACTERS = 100
"""RFC 3461 §4.4."""

_ADDRESS = re.compile(
    r"""(?: [^\x00-\x20\x7f-\x9f<>()\[\]:;,"\\@]+ | "(?:[^\x00-\x1f\x7f-\x9f"\\]|\\[\x20-\x7e])*" )
        @ (?: [^\x00-\x20\x7f-\x9f<>()\[\]:;,"\\@]+ | \[[0-9A-Za-z.:-]+\] )""",
    re.VERBOSE,
)
_NOT_XTEXT = re.compile(r"[^!-*,-<>-~]")
_NOT_UTF8_ADDRESS_TEXT = re.compile(r"[\x00-\x20+=\\\x7f]")


def envelope_trouble(envelope: Envelope, capabilities: Capabilities) -> str:
    """Return why this envelope cannot be said to this server; empty if it can."""
    sender, recipient = envelope.sender, envelope.recipient
    if sender and not _ADDRESS.fullmatch(sender):
        return f"The return path {sender!r} is not an address that SMTP can carry."
    if not _ADDRESS.fullmatch(recipient):
        return f"The recipient {recipient!r} is not an address that SMTP can carry."
    is_ascii = sender.isascii() and recipient.isascii()
    longest = max(len(sender), len(recipient)) if is_ascii else max(len(sender.encode()), len(recipient.encode()))
    if longest > MAX_PATH_BYTES:
        return f"An address is longer than {MAX_PATH_BYTES} bytes."
    if not is_ascii and not capabilities.has_smtputf8:
        return f"The address {recipient!r} needs SMTPUTF8, which the relay does not offer."
    return ""


def mail(hand_over: HandOver, capabilities: Capabilities) -> str:
    """Return the MAIL line, with the parameters that the message needs and the server knows."""
    envelope, message = hand_over.envelope, hand_over.message
    line = f"MAIL FROM:<{envelope.sender}>"
    if capabilities.has_size:
        line += f" SIZE={len(message)}"
    if not (hand_over.is_plain or message.isascii()):
        line += " BODY=8BITMIME"
    if needs_smtputf8(hand_over):
        line += " SMTPUTF8"
    if capabilities.has_dsn:
        # The report needs to say which message it is about, not to carry all of it.
        line += " RET=HDRS"
        if envelope.envelope_id:
            line += f" ENVID={xtext(envelope.envelope_id[:MAX_ENVELOPE_ID_CHARACTERS])}"
    return line + "\r\n"


def rcpt(envelope: Envelope, capabilities: Capabilities) -> str:
    """Return the RCPT line; where the server knows DSN, ask for reports that name this very recipient."""
    recipient = envelope.recipient
    if not capabilities.has_dsn:
        return f"RCPT TO:<{recipient}>\r\n"
    return f"RCPT TO:<{recipient}> NOTIFY=FAILURE,DELAY ORCPT={original_recipient(recipient)}\r\n"


def needs_smtputf8(hand_over: HandOver) -> bool:
    """Whether an address or the header holds more than ASCII (RFC 6531 §3.4)."""
    envelope, message = hand_over.envelope, hand_over.message
    if not (envelope.sender.isascii() and envelope.recipient.isascii()):
        return True
    return not (hand_over.is_plain or message.isascii()) and not message.partition(b"\r\n\r\n")[0].isascii()


def original_recipient(recipient: str) -> str:
    """Return the value of ORCPT (RFC 3461 §4.2; RFC 6533 §3 for more than ASCII)."""
    if recipient.isascii():
        return f"rfc822;{xtext(recipient)}"
    return "utf-8;" + _NOT_UTF8_ADDRESS_TEXT.sub(lambda match: f"\\x{{{ord(match[0]):02X}}}", recipient)


def xtext(text: str) -> str:
    """Encode what may not stand in a parameter as `+XX` (RFC 3461 §4)."""
    if text.isascii() and text.isprintable() and not ("+" in text or "=" in text or " " in text):
        return text
    return _NOT_XTEXT.sub(lambda match: "".join(f"+{byte:02X}" for byte in match[0].encode()), text)
