"""Where messages are made: the compiled edition of each mailing, kept while a shift lasts."""

from __future__ import annotations

from datetime import datetime

from mailer.delivery.press import Press
from mailer.issues.mailing import Mailing, MailingId
from mailer.issues.newsletter import Newsletter
from mailer.rendering.headers import ascii_domain
from mailer.rendering.message import Assembler, MailingFacts
from mailer.senders.signing import Sign, as_it_is, signer_for
from mailer.smtp.envelope import HandOver
from subscribers.lists import ListId
from subscribers.subscriber import Subscriber


class Workshop:
    """Makes each recipient's message from the edition of their mailing."""

    def __init__(self, press: Press) -> None:
        """Begin without any edition."""
        self._press = press
        self._assemblers: dict[tuple[MailingId, ListId, int], Assembler] = {}
        self._signers: dict[MailingId, Sign] = {}
        self._domains: dict[MailingId, str] = {}
        self.signs = False
        """Whether any of the mailings here is signed."""

    async def prepare(self, mailing: Mailing) -> None:
        """Fetch what the messages of a mailing are made from. Raises NotFoundError if it is gone."""
        if (mailing.id, mailing.through[0], 0) in self._assemblers:
            return
        editions = [await self._press.editions.get(edition) for edition in mailing.editions]
        newsletter = await self._press.newsletters.get(mailing.newsletter)
        self._signers[mailing.id] = await newsletter_signer(self._press, newsletter)
        self._domains[mailing.id] = ascii_domain(newsletter.sender_domain).lower()
        self.signs |= self._signers[mailing.id] is not as_it_is
        for list_id in mailing.through:
            found = await self._press.people.lists.get(list_id)
            for arm, edition in enumerate(editions):
                facts = MailingFacts(
                    mailing_id=mailing.id, list_id=list_id, list_slug=found.slug, list_name=found.name, arm=arm
                )
                self._assemblers[mailing.id, list_id, arm] = Assembler(
                    edition, newsletter, facts, self._press.tokens, self._press.settings.public_url
                )

    def unsigned(self, mailing: Mailing, list_id: ListId, subscriber: Subscriber, now: datetime, key: int) -> HandOver:
        """Return one person's message in its envelope. Raises RenderError for a message that cannot be made."""
        arm = mailing.arm_of(subscriber.id) if mailing.experiment else 0
        return self._assemblers[mailing.id, list_id, arm].hand_over(subscriber, now, key)

    def signer(self, mailing: Mailing) -> Sign:
        """Return what signs the messages of a mailing."""
        return self._signers[mailing.id]

    def domain(self, mailing: Mailing) -> str:
        """Return the domain that the messages of a mailing are from."""
        return self._domains[mailing.id]


async def newsletter_signer(press: Press, newsletter: Newsletter) -> Sign:
    """Return what signs a newsletter's mail: the active keys of its sender's domain, or nothing where it has none."""
    return await signer_for(press.keys, ascii_domain(newsletter.sender_domain).lower())


def signed(made: HandOver, sign: Sign, now: datetime) -> HandOver:
    """Return a hand-over whose message is signed."""
    # What a signature adds is plain.
    return HandOver(made.key, made.envelope, sign(made.message, now), made.is_plain)
