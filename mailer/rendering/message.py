"""From an edition to one person's message (RFC 5322) in its envelope (RFC 5321).

Everything that a mailing's messages share is put together once, by `Assembler`: one template for all who answer the
edition's conditions alike. A person then costs one `%` over those bytes. A message is a function of (mailing, person)
but for its Date: a second try has the same Message-ID, return path, boundary and body, so that a receiver can tell that
it is the same message.

What it promises: CRLF line ends; ASCII, but for an internationalised local part in To, which needs SMTPUTF8 anyway;
body lines of at most 76 characters; each header field once, whatever the person's name holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime

import msgspec

from mailer.errors import RenderError
from mailer.issues.newsletter import Newsletter
from mailer.rendering.edition import Context, Edition
from mailer.rendering.filling import answers_of, fill_line, fillers_of, shown_cases
from mailer.rendering.frame import body_template, message_template
from mailer.rendering.headers import HeaderError, ascii_address, ascii_domain, mailbox_field, text_field
from mailer.rendering.holes import LINKS
from mailer.rendering.markup.enclosed import in_browser
from mailer.rendering.quoted import decode
from mailer.smtp.content import is_plain
from mailer.smtp.envelope import Envelope, HandOver
from mailer.tokens import Kind, MailingTokens, OneOffTokens, Tokens
from subscribers.subscriber import Subscriber

_MOST_VARIANTS = 64
"""Templates kept at once, of a message's size each. With more than these, some are joined anew now and then."""


class MailingFacts(msgspec.Struct, frozen=True):
    """What a message must know of its mailing."""

    mailing_id: int
    """0: a test send, which belongs to no mailing."""
    list_id: int
    """The list that a click on "unsubscribe" leaves."""
    list_slug: str
    list_name: str = ""
    """What `{{ list.name }}` says; empty: the slug."""
    arm: int = 0
    """Which of the mailing's editions it is; 0 is the only one, or the first."""
    is_notice: bool = False
    """Mail that one person asked for (see `notices`): no List- fields, and Auto-Submitted."""
    one_off: int = 0
    """The number of a message that belongs to no mailing; 0: it does, or is a test."""


class _Variant(msgspec.Struct, frozen=True, gc=False):
    """The templates for all who answer an edition's conditions alike."""

    shown: tuple[bool, ...]
    whole: bytes
    html: bytes
    text: bytes
    is_plain: bool
    """Whether a message is plain (see `smtp.content`) when all that fills the holes is."""


class Assembler:
    """Puts together the messages of one edition in one mailing. Made once for a mailing; used by one thread."""

    def __init__(
        self, edition: Edition, newsletter: Newsletter, mailing: MailingFacts, tokens: Tokens, public_url: str
    ) -> None:
        """Prepare what all messages share. Raises RenderError if the newsletter's sender can stand in no header."""
        self._edition = edition
        self._newsletter = newsletter
        self._mailing = mailing
        self._tokens = tokens
        self._signed = (
            OneOffTokens(tokens, mailing.one_off, mailing.list_id)
            if mailing.one_off
            else MailingTokens(tokens, mailing.mailing_id, mailing.list_id, mailing.arm)
        )
        self._public_url = public_url
        self._facts = {"list.name": mailing.list_name or mailing.list_slug}
        self._variants: dict[int, _Variant] = {}
        try:
            self._bounce_domain = ascii_domain(newsletter.bounce_domain)
            self._variant(0)
        except HeaderError as error:
            raise RenderError(
                str(error), place=f"newsletter {newsletter.slug}", fix="Correct its sender, reply address and domains."
            ) from error
        holes = [
            (b"%d" % index, hole) for index, hole in enumerate(edition.holes) if hole.context is not Context.HEADER
        ]
        self._fillers = fillers_of(
            [(index, hole) for index, hole in holes if hole.name not in LINKS], self._facts, edition.language
        )
        self._links = [
            ([index for index, hole in holes if hole.name == name], self._link_writer(name))
            for name in sorted({hole.name for _, hole in holes} & LINKS)
        ]
        self._subject_field = self._subject_writer()
        self._dated: tuple[datetime | None, bytes] = (None, b"")

    def hand_over(self, subscriber: Subscriber, now: datetime, key: int = 0) -> HandOver:
        """Return a person's message in its envelope, dated `now`; `key` is the caller's own number for it.

        The address must be one that `subscribers.address` made; HeaderError for anything that could break the header.
        """
        variant = self._variant(answers_of(subscriber, self._edition.conditions) if self._edition.conditions else 0)
        packed = self._signed.packed(subscriber.id)
        return_path = self._signed.return_path(packed)
        values = self._values(subscriber, packed)
        recipient = ascii_address(subscriber.address)
        values[b"to"] = mailbox_field("To", subscriber.name, recipient)
        values[b"subject"] = self._subject_field(subscriber, variant.shown)
        values[b"date"] = self._date(now)
        values[b"message-id"] = self._signed.message_id(packed).encode()
        envelope = Envelope(
            sender=f"b+{return_path}@{self._bounce_domain}",
            recipient=recipient,
            envelope_id=return_path,
        )
        # Each on a line of its own, so that none can lend another the half of a line end.
        plain = variant.is_plain and is_plain(b"\r\n".join(values.values()))
        return HandOver(key, envelope, variant.whole % values, plain)

    def subject(self, subscriber: Subscriber) -> str:
        """Return the subject that a person sees."""
        return self._subject_line(subscriber, self._variant_for(subscriber).shown)

    def view(self, subscriber: Subscriber) -> str:
        """Return the HTML part, for "view in browser" and for previews. Its personal links work."""
        html = self._variant_for(subscriber).html % self._values(subscriber, self._signed.packed(subscriber.id))
        return in_browser(self._edition, decode(html), self._public_url)

    def text(self, subscriber: Subscriber) -> str:
        """Return the text part, for previews."""
        return decode(self._variant_for(subscriber).text % self._values(subscriber, self._signed.packed(subscriber.id)))

    def _variant_for(self, subscriber: Subscriber) -> _Variant:
        return self._variant(answers_of(subscriber, self._edition.conditions))

    def _variant(self, answers: int) -> _Variant:
        """Return the templates for those who answer so, joined when the first of them comes along."""
        variant = self._variants.get(answers)
        if variant is None:
            if len(self._variants) >= _MOST_VARIANTS:
                self._variants.clear()
            variant = self._variants[answers] = self._joined(shown_cases(self._edition.cases, answers))
        return variant

    def _joined(self, shown: tuple[bool, ...]) -> _Variant:
        whole = message_template(
            self._edition,
            self._newsletter,
            mailing_id=self._mailing.mailing_id,
            list_slug=self._mailing.list_slug,
            public_url=self._public_url,
            shown=shown,
            is_notice=self._mailing.is_notice,
        )
        return _Variant(
            shown,
            whole,
            body_template(self._edition.html, shown),
            body_template(self._edition.text, shown),
            # What follows a value begins a line where the value is empty, or ends one.
            is_plain=is_plain(whole % defaultdict(bytes)) and is_plain(whole % defaultdict(lambda: b"\r\n")),
        )

    def _values(self, subscriber: Subscriber, packed: bytes) -> dict[bytes, bytes]:
        values: dict[bytes, bytes] = {}
        for fill in self._fillers:
            fill(subscriber, values)
        unsubscribe, by_mail = self._signed.unsubscribe(packed)
        values[b"unsubscribe"] = unsubscribe
        values[b"mailto"] = by_mail.encode()
        for indexes, write in self._links:
            token = unsubscribe if write is None else write(subscriber.id, packed)
            for index in indexes:
                values[index] = token
        return values

    def _link_writer(self, name: str) -> Callable[[int, bytes], bytes] | None:
        """Return what signs a link for a person; None for the unsubscribe link, which every message has anyway."""
        link, list_id, mailing_id = self._tokens.link, self._mailing.list_id, self._mailing.mailing_id
        match name:
            case "view":
                return lambda _, packed: self._signed.view(packed)
            case "track":
                return lambda _, packed: self._signed.track(packed)
            case "preferences":
                return lambda subscriber_id, _: link(Kind.PREFERENCES, subscriber_id, list_id, mailing_id).encode()
            case "confirm":
                return lambda subscriber_id, _: link(Kind.CONFIRM, subscriber_id, list_id).encode()
        return None

    def _subject_writer(self) -> Callable[[Subscriber, tuple[bool, ...]], bytes]:
        if self._edition.subject.holes:
            return lambda subscriber, shown: text_field("Subject", self._subject_line(subscriber, shown))
        same = text_field("Subject", self._edition.subject.runs[0])
        return lambda _subscriber, _shown: same

    def _subject_line(self, subscriber: Subscriber, shown: tuple[bool, ...]) -> str:
        edition = self._edition
        return fill_line(edition.subject, edition.holes, subscriber, shown, self._facts, edition.language)

    def _date(self, now: datetime) -> bytes:
        # Thousands of messages leave in the same second, and a batch of them is given the same moment.
        if now is not self._dated[0]:
            self._dated = (now, format_datetime(now.replace(microsecond=0)).encode())
        return self._dated[1]
