"""A message as the inbox caught it, read for showing to a person.

Read by the standard library, not by our own code: what a page shows is what an independent parser found.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser

_LINK = re.compile(r"""<a\b[^>]*?\bhref\s*=\s*["']([^"']+)["'][^>]*>(.*?)</a>""", re.IGNORECASE | re.DOTALL)
_PLAIN_LINK = re.compile(r"https?://[^\s<>\"']+")
_TAG = re.compile(r"<[^>]*>")
_UNSUBSCRIBE_URI = re.compile(r"<(https?://[^<>]+)>")
ENVELOPE_FIELDS = ("Return-Path", "Delivered-To", "X-Original-To", "Received")
"""Fields that the inbox writes above the message, in this order; the message itself begins after them."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link in the message: where it goes, and the words that carry it."""

    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """What a list of messages shows of one."""

    name: str
    subject: str
    sender: str
    recipient: str
    """The envelope's recipient."""
    date: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CapturedMessage:
    """A message with its envelope, taken apart."""

    name: str
    return_path: str
    """MAIL FROM; empty for the null sender."""
    recipients: tuple[str, ...]
    """RCPT TO."""
    subject: str
    sender: str
    """From, as written."""
    to: str
    date: str
    text: str
    """The plain-text part."""
    html: str
    """The HTML part."""
    headers: tuple[tuple[str, str], ...]
    """All fields in order, decoded."""
    raw: bytes
    """The file, with the envelope's fields above the message."""

    @property
    def one_click_url(self) -> str:
        """The address that a mail program POSTs to when its owner unsubscribes (RFC 8058); empty if there is none."""
        if "list-unsubscribe=one-click" not in self.header("List-Unsubscribe-Post").lower():
            return ""
        match = _UNSUBSCRIBE_URI.search(self.header("List-Unsubscribe").replace(" ", ""))
        return match[1] if match else ""

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of the HTML part in order, else those of the text."""
        if self.html:
            found = _LINK.findall(self.html)
            return tuple(Link(html.unescape(url), _words(inner)) for url, inner in found)
        return tuple(Link(url, url) for url in _PLAIN_LINK.findall(self.text))

    @property
    def message(self) -> bytes:
        """The message as it came over the wire, without the envelope's fields."""
        rest = self.raw
        for field in ENVELOPE_FIELDS:
            while rest[: len(field) + 1].lower() == f"{field.lower()}:".encode():
                rest = rest[rest.index(b"\r\n") + 2 :]
                if field == "Received":
                    return rest
        return rest

    def header(self, name: str) -> str:
        """Return the first field of this name, or an empty string."""
        return next((value for field, value in self.headers if field.lower() == name.lower()), "")


def read_heading(name: str, head: bytes, size_bytes: int) -> Heading:
    """Return what a list shows, from the first bytes of a file."""
    message = BytesHeaderParser(policy=policy.default).parsebytes(head.partition(b"\r\n\r\n")[0])
    return Heading(
        name=name,
        subject=_field(message, "Subject"),
        sender=_field(message, "From"),
        recipient=_field(message, "X-Original-To"),
        date=_field(message, "Date"),
        size_bytes=size_bytes,
    )


def read_captured(name: str, raw: bytes) -> CapturedMessage:
    """Take a caught message apart; what cannot be read is empty."""
    message = BytesParser(policy=policy.default).parsebytes(raw)
    return CapturedMessage(
        name=name,
        return_path=_field(message, "Return-Path").strip("<>"),
        recipients=tuple(str(value) for value in message.get_all("Delivered-To", [])),
        subject=_field(message, "Subject"),
        sender=_field(message, "From"),
        to=_field(message, "To"),
        date=_field(message, "Date"),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        headers=tuple((field, _field(message, field, value)) for field, value in message.raw_items()),
        raw=raw,
    )


def _field(message: EmailMessage, name: str, value: str | None = None) -> str:
    """Return a field decoded; as it stands where the standard library stumbles over it."""
    raw = next((found for field, found in message.raw_items() if field.lower() == name.lower()), "")
    wanted = raw if value is None else value
    try:
        return str(message.policy.header_fetch_parse(name, wanted))
    except (ValueError, IndexError, AttributeError, LookupError):
        return " ".join(str(wanted).split())


def _body(message: EmailMessage, kind: str) -> str:
    for part in message.walk():
        if part.get_content_type() == f"text/{kind}" and not part.is_attachment():
            try:
                return str(part.get_content())
            except (LookupError, ValueError):
                content = part.get_payload(decode=True)
                return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return ""


def _words(inner: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", inner)).split())
