"""One-off messages, made and signed: the notice in the person's language, from their newsletter's sender.

A second try is the same message as the first in everything but its Date and signature, whatever has become of templates
and newsletter meanwhile: the first try's is kept with the order.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime

from mailer.delivery.outbox.oneoff import OneOff
from mailer.delivery.press import Press
from mailer.delivery.workshop import newsletter_signer
from mailer.issues.newsletter import Newsletter
from mailer.rendering.edition import Edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.notices import notice_edition
from mailer.senders.signing import Sign
from mailer.smtp.envelope import HandOver
from subscribers.subscriber import Subscriber

_DATE = re.compile(rb"(?<=\r\nDate: )[^\r\n]*")


class NoticeMaker:
    """Makes messages; what it has fetched and compiled it keeps while a shift lasts."""

    def __init__(self, press: Press) -> None:
        """Begin with nothing fetched."""
        self._press = press
        self._newsletters: dict[str, Newsletter] = {}
        self._signers: dict[str, Sign] = {}
        self._editions: dict[tuple[str, str, str], Edition] = {}

    async def make(self, one: OneOff, subscriber: Subscriber, now: datetime) -> HandOver:
        """Return the message in its envelope, unsigned. Raises NotFoundError, RenderError."""
        newsletter = await self._newsletter(one.order.newsletter)
        mailing_list = await self._press.people.lists.get(one.order.list_id)
        facts = MailingFacts(
            mailing_id=0,
            list_id=mailing_list.id,
            list_slug=mailing_list.slug,
            list_name=mailing_list.name,
            is_notice=True,
            one_off=one.id,
        )
        edition = self._edition(one, newsletter, subscriber.language or newsletter.language, now)
        assembler = Assembler(edition, newsletter, facts, self._press.tokens, self._press.settings.public_url)
        made = assembler.hand_over(subscriber, now)
        # Not to an address that the person has changed since.
        is_same = bool(one.message) and made.envelope.recipient.encode() in one.message
        message = redated(one.message, now) if is_same else made.message
        return HandOver(key=one.id, envelope=made.envelope, message=message)

    async def signed(self, made: HandOver, one: OneOff, now: datetime) -> HandOver:
        """Return it with the signatures of its sender's domain. Raises ConfigError for a key that cannot be opened."""
        slug = one.order.newsletter
        if slug not in self._signers:
            self._signers[slug] = await newsletter_signer(self._press, await self._newsletter(slug))
        return HandOver(key=made.key, envelope=made.envelope, message=self._signers[slug](made.message, now))

    async def _newsletter(self, slug: str) -> Newsletter:
        if slug not in self._newsletters:
            self._newsletters[slug] = await self._press.newsletters.get(slug)
        return self._newsletters[slug]

    def _edition(self, one: OneOff, newsletter: Newsletter, language: str, now: datetime) -> Edition:
        key = (newsletter.slug, one.order.notice.value, language)
        if key not in self._editions:
            url = self._press.settings.public_url
            self._editions[key] = notice_edition(
                one.order.notice, newsletter, language=language, public_url=url, now=now, shelf=self._press.shelf
            )
        return self._editions[key]


def redated(message: bytes, now: datetime) -> bytes:
    """Return the message with another Date."""
    return _DATE.sub(format_datetime(now.replace(microsecond=0)).encode(), message, count=1)
