"""The frame of a mailing's messages: header and multipart body as one template, with a hole for each personal value.

Each field stands once (RFC 5322 §3.6), and those a machine reads hold ASCII only. The names and their order are part of
a message's identity: a second try must give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from mailer.issues.newsletter import Newsletter
from mailer.rendering.edition import SEAM, Body, Edition
from mailer.rendering.headers import HeaderError, address_field, ascii_address, ascii_domain, structured_field
from mailer.rendering.markup.enclosed import file_entity
from mailer.rendering.quoted import SOFT_BREAK

_LONGEST_PUBLIC_URL = 500


def message_template(
    edition: Edition,
    newsletter: Newsletter,
    *,
    mailing_id: int,
    list_slug: str,
    public_url: str,
    shown: Sequence[bool] = (True,),
    is_notice: bool = False,
) -> bytes:
    """Return the whole message with its holes as `%(name)b`, for bytes formatting.

    `shown` says which of the edition's cases hold for those whom this variant of it is for.

    The holes are `to` and `subject` (whole fields), `date`, `message-id`, `unsubscribe` and `mailto` (tokens), and
    those of the bodies. Raises HeaderError for a sender or a public address that can stand in no header.
    """
    # "=_" never occurs in quoted-printable text, so no body can hold the boundary (RFC 2045 §6.7).
    boundary = f"=_{edition.id[:24]}"
    header = b"".join(
        (
            *_common_fields(edition, newsletter, public_url),
            *(_notice_fields() if is_notice else _list_fields(newsletter, mailing_id, list_slug, public_url)),
            b"MIME-Version: 1.0\r\n",
        )
    )
    return header + _content(edition, boundary, shown)


def _content(edition: Edition, boundary: str, shown: Sequence[bool]) -> bytes:
    """Return the body with the fields that describe it: what is read, in both forms, and what goes with it.

    No boundary begins as another one does: the letters are no hexadecimal digits.
    """
    html = _entity("text/html", body_template(edition.html, shown))
    pictures = [_same(file_entity(file)) for file in edition.files if file.is_shown]
    if pictures:
        html = _multipart('related; type="text/html"', f"=_r{edition.id[:24]}", [html, *pictures])
    whole = _multipart("alternative", boundary, [_entity("text/plain", body_template(edition.text, shown)), html])
    attached = [_same(file_entity(file)) for file in edition.files if not file.is_shown]
    return _multipart("mixed", f"=_m{edition.id[:24]}", [whole, *attached]) if attached else whole


def body_template(body: Body, shown: Sequence[bool] = (True,)) -> bytes:
    """Return one body with its holes as `%(0)b`, each between two soft line breaks, for those cases that are shown."""
    out: list[bytes] = []
    cases = body.cases or (0,) * len(body.runs)
    for run, hole, case in zip(body.runs, body.holes, cases, strict=False):
        if not shown[case]:
            continue
        if hole != SEAM:
            out += (_same(run), SOFT_BREAK, b"%%(%d)b" % hole, SOFT_BREAK)
        elif run:
            out += (_same(run), SOFT_BREAK)
    return b"".join((*out, _same(body.runs[-1])))


def _common_fields(edition: Edition, newsletter: Newsletter, public_url: str) -> list[bytes]:
    if len(public_url) > _LONGEST_PUBLIC_URL or not public_url.isascii() or not public_url.isprintable():
        raise HeaderError(f"{public_url!r} cannot begin the links of a mail: plain ASCII, 500 characters at most.")
    sender = ascii_address(newsletter.sender_address)
    return [
        _same(address_field("From", newsletter.sender_name, sender)),
        b"%(to)b",
        _same(address_field("Reply-To", "", newsletter.reply_to)) if newsletter.reply_to else b"",
        b"%(subject)b",
        b"Date: %(date)b\r\n",
        b"Message-ID: <%(message-id)b@" + sender.rpartition("@")[2].encode() + b">\r\n",
        _same(structured_field("Content-Language", edition.language)),
        b"X-Auto-Response-Suppress: OOF, AutoReply\r\n",
    ]


def _list_fields(newsletter: Newsletter, mailing_id: int, list_slug: str, public_url: str) -> list[bytes]:
    sender_domain = ascii_address(newsletter.sender_address).rpartition("@")[2]
    url, mailto = public_url.encode().replace(b"%", b"%%"), ascii_domain(newsletter.bounce_domain).encode()
    return [
        _same(_list_id(newsletter)),
        # RFC 8058 §3.1: one HTTPS address. It goes first; the only fold is at the comma, where every reader takes it.
        b"List-Unsubscribe: <" + url + b"/u/%(unsubscribe)b>,\r\n",
        b" <mailto:u+%(mailto)b@" + mailto + b"?subject=unsubscribe>\r\n",
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
        _same(structured_field("Feedback-ID", _feedback_id(mailing_id, list_slug, sender_domain))),
        b"Precedence: bulk\r\n",
    ]


def _notice_fields() -> list[bytes]:
    """Say that a program wrote this, so that no other program answers (RFC 3834 §5)."""
    return [b"Auto-Submitted: auto-generated\r\n"]


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


def _multipart(kind: str, boundary: str, entities: Sequence[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n\r\n'
    # The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1); the entity's own last one stays with it.
    parts = (b"--%b\r\n%b\r\n" % (boundary.encode(), entity) for entity in entities)
    return b"".join((head.encode(), *parts, f"--{boundary}--\r\n".encode()))


def _entity(content_type: str, body: bytes) -> bytes:
    head = f"Content-Type: {content_type}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    return head.encode() + body


def _same(static: bytes) -> bytes:
    return static.replace(b"%", b"%%")
