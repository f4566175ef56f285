"""A newsletter's people, one of them mailed, for what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from mailer.bounces.policy import BouncePolicy
from mailer.bounces.receiving import Received, receive
from mailer.bounces.store import ReportStore
from mailer.bounces.verp import return_path, unsubscribe_address
from mailer.issues.mailing import MailingId
from mailer.tokens import Tokens
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.storage import Redis
from subscribers.subscriber import Subscriber
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Suppression

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAILING = MailingId(7)


@dataclass
class Desk:
    """Where reports arrive: Anna was mailed, Boris was not."""

    people: People
    reports: ReportStore
    tokens: Tokens
    news: MailingList
    anna: Subscriber
    boris: Subscriber
    mailed: set[tuple[int, int]] = field(default_factory=set)

    ended: datetime = NOW
    """When the mailings ended."""
    policy: BouncePolicy = field(default_factory=BouncePolicy)

    async def mailed_until(self, mailing: MailingId, subscriber: SubscriberId) -> datetime | None:
        return self.ended if (mailing, subscriber) in self.mailed else None

    def address_of(self, subscriber: Subscriber, mailing: int = MAILING) -> str:
        return return_path(self.tokens, mailing, subscriber.id, "bounces.example.com")

    def leaving_address(self, subscriber: Subscriber) -> str:
        return unsubscribe_address(self.tokens, subscriber.id, self.news.id, MAILING, "bounces.example.com")

    async def receive(self, raw: bytes, *recipients: str, now: datetime = NOW) -> list[Received]:
        return await receive(
            raw,
            recipients,
            people=self.people,
            reports=self.reports,
            tokens=self.tokens,
            mailed_until=self.mailed_until,
            policy=self.policy,
            now=now,
        )

    async def suppression_of(self, subscriber: Subscriber) -> Suppression | None:
        return await self.people.suppressions.find(subscriber.address)

    async def all_suppressed(self) -> list[Suppression]:
        return [one async for one in self.people.suppressions.all()]


@pytest.fixture
async def desk(redis: Redis) -> Desk:
    """Give a desk with two people on one list."""
    tokens = Tokens(b"a secret for tests that is long enough")
    people = People.at(redis, tokens.digest_key)
    news = await people.lists.create("news", name="News", newsletter="news")
    anna, _ = await people.subscribers.add(parse_address("Anna@example.org"), now=NOW)
    boris, _ = await people.subscribers.add(parse_address("boris@example.org"), now=NOW)
    await people.lists.move(news.id, [anna.id, boris.id], SubscriptionState.ACTIVE)
    return Desk(people, ReportStore(redis), tokens, news, anna, boris, {(MAILING, anna.id), (0, anna.id)})
