"""Reads foreign MIME without ever raising: any bytes give a message with parts and texts, perhaps empty ones.

Bounces are written by software of four decades. Seen in the wild: CR alone as line end, field names with a space before
the colon, undeclared or unknown charsets, base64 inside delivery-status, boundaries that never come. The standard
library's `compat32` parser takes all of it, four times faster than the modern policy; what it can still raise on
access is caught here, by name.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from collections.abc import Iterator
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import TypeAlias

MOST_BYTES = 1 << 19
"""How much of a mail is read. What a report has to say comes first; the returned message after it may be long."""

# A stranger chooses the lengths, so everything that is searched has an end.
_MOST_PARTS = 100
_LONGEST_FIELD = 2_000
_LONGEST_HTML = 32_768
_BLANK_LINES = re.compile(rb"(\r?\n){3,}")
_TAG = re.compile(r"<(?:script|style|head)\b.*?</(?:script|style|head)>|<[^>]{1,500}>", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/h\d|/li)\b[^>]{0,200}>", re.IGNORECASE)
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)")

MimeMessage: TypeAlias = "Message[str, str]"


def parse_message(raw: bytes) -> MimeMessage:
    """Return the message; an empty one where the bytes nest deeper than Python's stack."""
    raw = raw[:MOST_BYTES]
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    # The parser makes a message of each blank line in a status part: half a million of them would take half a minute.
    raw = _BLANK_LINES.sub(rb"\1\1", raw)
    try:
        return BytesParser(policy=compat32).parsebytes(raw)
    except RecursionError:
        return Message(policy=compat32)


def header(message: MimeMessage, name: str) -> str:
    """Return a field's value, decoded and on one line; empty if there is none."""
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)[:_LONGEST_FIELD]
    try:
        chunks = decode_header(text)
    except (binascii.Error, ValueError):
        return one_line(text)
    return one_line(
        "".join(_decode(chunk, charset or "") if isinstance(chunk, bytes) else chunk for chunk, charset in chunks)
    )


def parts(message: MimeMessage) -> Iterator[MimeMessage]:
    """Yield the message and its parts in order, not those of a message that it returns."""
    waiting = [message]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        if part.get_content_maintype() == "multipart":
            waiting[:0] = _children(part)


def returned_message(part: MimeMessage) -> MimeMessage | None:
    """Return the message inside a `message/rfc822` part, or None if this is no such part."""
    if part.get_content_type() not in ("message/rfc822", "message/global"):
        return None
    return next(iter(_children(part)), None)


def text_of(part: MimeMessage) -> str:
    """Return a leaf's text: transfer encoding and charset undone, HTML's tags taken out."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError):
        content = None
    if not isinstance(content, bytes):
        return ""
    text = _decode(content, _charset(part))
    if part.get_content_subtype() == "html":
        text = text[:_LONGEST_HTML]
        text = html.unescape(_TAG.sub(" ", _BREAK.sub("\n", text)))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def block_text(part: MimeMessage) -> str:
    """Return the text of a part made of header blocks, such as `message/delivery-status`.

    The parser has taken such a part apart already, and loses fields that it finds strange; so it is put together again.
    """
    if not part.is_multipart():
        return text_of(part)
    blocks = []
    for block in _children(part):
        lines = [f"{name}: {value}" for name, value in block.raw_items()]
        body = block.get_payload()
        if isinstance(body, str) and body.strip():
            lines.append(body)
        blocks.append("\n".join(lines))
    text = "\n\n".join(blocks)
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    if encoding in ("base64", "quoted-printable"):
        text = _undo(text, encoding)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield `(lower-case name, value)` of header blocks, unfolded; `("", "")` where a blank line parts two blocks."""
    name, value = "", ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t") and line.strip() and name:
            if len(value) < _LONGEST_FIELD:
                value = f"{value} {line.strip()}"
            continue
        if name:
            yield name, value
        name = ""
        if not line.strip():
            yield "", ""
        elif match := _FIELD.match(line):
            name, value = match[1].lower(), match[2][:_LONGEST_FIELD].strip()
    if name:
        yield name, value


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(text.split())


def _children(part: MimeMessage) -> list[MimeMessage]:
    content = part.get_payload()
    return [child for child in content if isinstance(child, Message)] if isinstance(content, list) else []


def _undo(text: str, encoding: str) -> str:
    said = text.encode("utf-8", "surrogateescape")
    if encoding == "quoted-printable":
        return quopri.decodestring(said).decode("utf-8", "replace")
    try:
        return base64.b64decode(said).decode("utf-8", "replace")
    except binascii.Error:
        return text


def _charset(part: MimeMessage) -> str:
    try:
        return part.get_content_charset() or ""
    except (ValueError, LookupError):
        return ""


def _decode(said: bytes, charset: str) -> str:
    for name in (charset, "utf-8"):
        try:
            return said.decode(name)
        except (LookupError, ValueError):
            continue
    return said.decode("latin-1")
