"""The frame of a mailing's messages: header and multipart body as one template, with a hole for each personal value.

Each field stands once (RFC 5322 §3.6), and those a machine reads hold ASCII only. The names and their order are part of
a message's identity: a second try must give the same bytes.
"""

from __future__ import annotations

import hashlib

from mailer.issues.newsletter import Newsletter
from mailer.rendering.edition import Body, Edition
from mailer.rendering.headers import HeaderError, address_field, ascii_address, ascii_domain, structured_field
from mailer.rendering.quoted import SOFT_BREAK

_LONGEST_PUBLIC_URL = 500


def message_template(
    edition: Edition, newsletter: Newsletter, *, mailing_id: int, list_slug: str, public_url: str
) -> bytes:
    """Return the whole message with its holes as `%(name)b`, for bytes formatting.

    The holes are `to` and `subject` (whole fields), `date`, `message-id`, `unsubscribe` and `mailto` (tokens), and
    those of the bodies. Raises HeaderError for a sender or a public address that can stand in no header.
    """
    # "=_" never occurs in quoted-printable text, so no body can hold the boundary (RFC 2045 §6.7).
    boundary = f"=_{edition.id[:24]}"
    header = _header(edition, newsletter, mailing_id, list_slug, public_url)
    content_type = f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
    return b"".join(
        (
            header,
            content_type.encode(),
            b"\r\n",
            _part(boundary, "text/plain", body_template(edition.text)),
            _part(boundary, "text/html", body_template(edition.html)),
            f"--{boundary}--\r\n".encode(),
        )
    )


def body_template(body: Body) -> bytes:
    """Return one body with its holes as `%(0)b`, each between two soft line breaks."""
    out = [_same(body.runs[0])]
    for index, run in zip(body.holes, body.runs[1:], strict=True):
        out += (SOFT_BREAK, b"%%(%d)b" % index, SOFT_BREAK, _same(run))
    return b"".join(out)


def _header(edition: Edition, newsletter: Newsletter, mailing_id: int, list_slug: str, public_url: str) -> bytes:
    if len(public_url) > _LONGEST_PUBLIC_URL or not public_url.isascii() or not public_url.isprintable():
        raise HeaderError(f"{public_url!r} cannot begin the links of a mail: plain ASCII, 500 characters at most.")
    sender = ascii_address(newsletter.sender_address)
    sender_domain = sender.rpartition("@")[2]
    bounce_domain = ascii_domain(newsletter.bounce_domain)
    url, mailto = public_url.encode().replace(b"%", b"%%"), bounce_domain.encode()
    fields = [
        _same(address_field("From", newsletter.sender_name, sender)),
        b"%(to)b",
        _same(address_field("Reply-To", "", newsletter.reply_to)) if newsletter.reply_to else b"",
        b"%(subject)b",
        b"Date: %(date)b\r\n",
        b"Message-ID: <%(message-id)b@" + sender_domain.encode() + b">\r\n",
        _same(_list_id(newsletter)),
        # RFC 8058 §3.1: one HTTPS address. It goes first; the only fold is at the comma, where every reader takes it.
        b"List-Unsubscribe: <" + url + b"/u/%(unsubscribe)b>,\r\n",
        b" <mailto:u+%(mailto)b@" + mailto + b"?subject=unsubscribe>\r\n",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        _same(structured_field("Feedback-ID", _feedback_id(mailing_id, list_slug, sender_domain))),
        b"Precedence: bulk\r\n",
        b"X-Auto-Response-Suppress: OOF, AutoReply\r\n",
        _same(structured_field("Content-Language", edition.language)),
        b"MIME-Version: 1.0\r\n",
    ]
    return b"".join(fields)


def _list_id(newsletter: Newsletter) -> bytes:
    """Write List-Id (RFC 2919): the phrase only where it is ASCII, the domain as A-labels."""
    phrase, _, identifier = newsletter.list_id.rpartition("<")
    slug, _, domain = identifier.rstrip(">").partition(".")
    identifier = f"<{slug}.{ascii_domain(domain)}>"
    return structured_field("List-Id", *((phrase.strip(), identifier) if phrase.strip() else (identifier,)))


def _feedback_id(mailing_id: int, list_slug: str, sender_domain: str) -> str:
    """Return campaign:customer:type:sender, none like another, the last of 5 to 15 characters (Gmail's rules)."""
    sender = hashlib.blake2b(sender_domain.encode(), digest_size=5).hexdigest()
    return f"m{mailing_id}:list-{list_slug[:40]}:newsletter:pr{sender}"


def _part(boundary: str, content_type: str, body: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Type: {content_type}; charset=utf-8\r\n"
    # The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1); the part's own last one stays with it.
    return head.encode() + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + body + b"\r\n"


def _same(static: bytes) -> bytes:
    return static.replace(b"%", b"%%")
