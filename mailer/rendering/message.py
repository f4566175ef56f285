"""From an edition to one person's message (RFC 5322) in its envelope (RFC 5321).

Everything that a mailing's messages share is put together once, by `Assembler`; a person then costs one `%` over those
bytes. A message is a function of (mailing, person) but for its Date: a second try has the same Message-ID, return path,
boundary and body, so that a receiver can tell that it is the same message.

What it promises: CRLF line ends; ASCII, but for an internationalised local part in To, which needs SMTPUTF8 anyway;
body lines of at most 76 characters; each header field once, whatever the person's name holds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime

import msgspec

from mailer.errors import RenderError
from mailer.issues.newsletter import Newsletter
from mailer.rendering.edition import Context, Edition
from mailer.rendering.filling import fill_line, filler_of
from mailer.rendering.frame import body_template, message_template
from mailer.rendering.headers import HeaderError, address_field, ascii_address, ascii_domain, text_field
from mailer.rendering.holes import UNSUBSCRIBE, VIEW
from mailer.rendering.quoted import decode
from mailer.smtp.envelope import Envelope, HandOver
from mailer.tokens import Kind, Tokens
from subscribers.subscriber import Subscriber


class MailingFacts(msgspec.Struct, frozen=True):
    """What a message must know of its mailing."""

    mailing_id: int
    """0: a test send, which belongs to no mailing."""
    list_id: int
    """The list that a click on "unsubscribe" leaves."""
    list_slug: str


class Assembler:
    """Puts together the messages of one edition in one mailing. Made once for a mailing; used by one thread."""

    def __init__(
        self, edition: Edition, newsletter: Newsletter, mailing: MailingFacts, tokens: Tokens, public_url: str
    ) -> None:
        """Prepare what all messages share. Raises RenderError if the newsletter's sender can stand in no header."""
        self._edition = edition
        self._mailing = mailing
        self._tokens = tokens
        try:
            self._bounce_domain = ascii_domain(newsletter.bounce_domain)
            self._whole = message_template(
                edition,
                newsletter,
                mailing_id=mailing.mailing_id,
                list_slug=mailing.list_slug,
                public_url=public_url,
            )
        except HeaderError as error:
            raise RenderError(
                str(error), place=f"newsletter {newsletter.slug}", fix="Correct its sender, reply address and domains."
            ) from error
        self._html = body_template(edition.html)
        self._text = body_template(edition.text)
        self._fillers = [
            (b"%d" % index, filler_of(hole))
            for index, hole in enumerate(edition.holes)
            if hole.context is not Context.HEADER and hole.name not in (UNSUBSCRIBE, VIEW)
        ]
        self._links = [
            (b"%d" % index, hole.name) for index, hole in enumerate(edition.holes) if hole.name in (UNSUBSCRIBE, VIEW)
        ]
        self._subject_field = self._subject_writer()
        self._dated: tuple[datetime | None, bytes] = (None, b"")

    def hand_over(self, subscriber: Subscriber, now: datetime) -> HandOver:
        """Return a person's message in its envelope, dated `now`.

        The address must be one that `subscribers.address` made; HeaderError for anything that could break the header.
        """
        values = self._values(subscriber)
        list_id, mailing_id = self._mailing.list_id, self._mailing.mailing_id
        return_path = self._tokens.local_part(Kind.RETURN_PATH, mailing_id, subscriber.id)
        message_id = self._tokens.local_part(Kind.MESSAGE_ID, mailing_id, subscriber.id)
        by_mail = self._tokens.local_part(Kind.UNSUBSCRIBE, subscriber.id, list_id, mailing_id)
        values[b"to"] = address_field("To", subscriber.name, subscriber.address)
        values[b"subject"] = self._subject_field(subscriber)
        values[b"date"] = self._date(now)
        values[b"message-id"] = message_id.encode()
        values[b"mailto"] = by_mail.encode()
        envelope = Envelope(
            sender=f"b+{return_path}@{self._bounce_domain}",
            recipient=ascii_address(subscriber.address),
            envelope_id=return_path,
        )
        return HandOver(key=subscriber.id, envelope=envelope, message=self._whole % values)

    def subject(self, subscriber: Subscriber) -> str:
        """Return the subject that a person sees."""
        return fill_line(self._edition.subject, self._edition.holes, subscriber)

    def view(self, subscriber: Subscriber) -> str:
        """Return the HTML part, for "view in browser" and for previews. Its personal links work."""
        return decode(self._html % self._values(subscriber))

    def text(self, subscriber: Subscriber) -> str:
        """Return the text part, for previews."""
        return decode(self._text % self._values(subscriber))

    def _values(self, subscriber: Subscriber) -> dict[bytes, bytes]:
        list_id, mailing_id = self._mailing.list_id, self._mailing.mailing_id
        values = {index: fill(subscriber) for index, fill in self._fillers}
        links = {
            UNSUBSCRIBE: self._tokens.link(Kind.UNSUBSCRIBE, subscriber.id, list_id, mailing_id).encode(),
            VIEW: self._tokens.link(Kind.VIEW, mailing_id, subscriber.id).encode(),
        }
        for index, name in self._links:
            values[index] = links[name]
        values[b"unsubscribe"] = links[UNSUBSCRIBE]
        return values

    def _subject_writer(self) -> Callable[[Subscriber], bytes]:
        if self._edition.subject.holes:
            return lambda subscriber: text_field("Subject", self.subject(subscriber))
        same = text_field("Subject", self._edition.subject.runs[0])
        return lambda _: same

    def _date(self, now: datetime) -> bytes:
        # Thousands of messages leave in the same second.
        second = now.replace(microsecond=0)
        if self._dated[0] != second:
            self._dated = (second, format_datetime(second).encode())
        return self._dated[1]
