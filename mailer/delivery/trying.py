"""A test of an issue, to any address: the same edition, message and relay as the real mailing, counted nowhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from mailer.delivery.controlling import compile_issue
from mailer.delivery.editions.enclosing import enclosed
from mailer.delivery.press import Press
from mailer.delivery.relays.relays import Relays
from mailer.delivery.workshop import newsletter_signer, signed
from mailer.issues.mailing import MailingId
from mailer.rendering.compiling import compile_edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.smtp.outcome import Outcome
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.lists import ListId
from subscribers.subscriber import Subscriber

_NO_MAILING = MailingId(0)
_NO_LIST = ListId(0)
_NOBODY = SubscriberId(0)


async def send_test(press: Press, issue_slug: str, address: str, *, now: datetime) -> Outcome:
    """Hand one test message to the relay and return how that ended.

    The address need not be a subscriber's; if it is, their fields fill the message. The unsubscribe link of a test is
    signed for nobody, so pressing it changes nothing. Raises AddressError, SourceError, RelayError.
    """
    recipient = parse_address(address)
    issue, newsletter, _ = await compile_issue(press, issue_slug)
    known = await press.people.subscribers.find(recipient)
    someone = known or Subscriber(id=_NOBODY, address=recipient, joined=now)
    edition = compile_edition(
        replace(issue, subject=f"[TEST] {issue.subject}"),
        newsletter,
        public_url=press.settings.public_url,
        shelf=press.shelf,
    )
    assembler = Assembler(
        await enclosed(press, issue, edition),
        newsletter,
        MailingFacts(mailing_id=_NO_MAILING, list_id=_NO_LIST, list_slug="test"),
        press.tokens,
        press.settings.public_url,
    )
    made = signed(assembler.hand_over(someone, now), await newsletter_signer(press, newsletter), now)
    outcomes: list[Outcome] = []
    relays = Relays(press, "test")
    try:
        await relays.hand_over_all(iter([made]), lambda _key, outcome: outcomes.append(outcome))
    finally:
        await relays.close()
    return outcomes[0]
