"""From a message to the lines that follow DATA (RFC 5321 §4.5.2), or to the one chunk that takes their place.

Only CRLF ends a line here. A message with a bare CR or LF is refused, never mended: servers disagree about what those
mean, and that disagreement lets one message pass for two ("SMTP smuggling", 2023).
"""

from __future__ import annotations

import re
from io import IncrementalNewlineDecoder

from mailer.smtp.capabilities import Capabilities
from mailer.smtp.commands import needs_smtputf8
from mailer.smtp.envelope import HandOver

# Finds a line that starts with a dot more than twice as fast as `in` does.
_DOT_LINE = re.compile(rb"\n\.")
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def message_trouble(hand_over: HandOver, capabilities: Capabilities) -> str:
    """Return why this message cannot go to this server as it is; empty if it can."""
    message = hand_over.message
    if not message:
        return "The message is empty."
    if 0 < capabilities.max_size_bytes < len(message):
        return f"The message has {len(message)} bytes; the relay takes {capabilities.max_size_bytes} at most."
    return "" if hand_over.is_plain else _text_trouble(hand_over, capabilities)


def _text_trouble(hand_over: HandOver, capabilities: Capabilities) -> str:
    message = hand_over.message
    if not message.isascii():
        if not capabilities.has_eight_bit:
            return "The message holds bytes beyond ASCII, and the relay does not offer 8BITMIME."
        if needs_smtputf8(hand_over) and not capabilities.has_smtputf8:
            return "The message's header holds more than ASCII, and the relay does not offer SMTPUTF8."
    if b"\0" in message:
        return "The message holds a NUL byte, which mail cannot carry."
    return line_end_trouble(message)


def is_plain(text: bytes) -> bool:
    """Whether a text can go over any wire as it is: ASCII, no NUL, every line end CRLF, and no line begins with a dot.

    What is put together from plain texts, each of which begins a line, is plain too: none leaves half a line end.
    """
    if not text.count(b"\r\n") == text.count(b"\n") == text.count(b"\r"):
        return False
    return text.isascii() and not (text.startswith(b".") or b"\n." in text or b"\0" in text)


def line_end_trouble(message: bytes) -> str:
    """Return where a line ends in anything but CRLF; empty if none does."""
    # One pass in C over all three kinds of line end; counting CR, LF and CRLF takes three times as long.
    decoder = IncrementalNewlineDecoder(None, translate=False)
    decoder.decode(message.decode("latin-1"), final=True)
    if decoder.newlines in {None, "\r\n"}:
        return ""
    match = _BARE.search(message)
    assert match
    kind = "CR without LF" if match[0] == b"\r" else "LF without CR"
    line_number = message.count(b"\n", 0, match.start()) + 1
    return f"Line {line_number} of the message ends in {kind}."


def dotted(hand_over: HandOver) -> tuple[bytes, ...]:
    """Return the message as it follows DATA, in pieces: leading dots doubled, CRLF and the final dot at the end."""
    message, start = hand_over.message, b""
    if not hand_over.is_plain:
        start = b"." if message.startswith(b".") else b""
        if _DOT_LINE.search(message):
            message = message.replace(b"\r\n.", b"\r\n..")
    return start, message, b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n"


def chunk(hand_over: HandOver) -> tuple[bytes, ...]:
    """Return the message as one last chunk (RFC 3030 §2), with CRLF at the end. It is counted, so no dot is doubled."""
    message = hand_over.message
    end = b"" if message.endswith(b"\r\n") else b"\r\n"
    return b"BDAT %d LAST\r\n" % (len(message) + len(end)), message, end
