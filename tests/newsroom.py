"""The newsroom that tests and benchmarks mail from: The Daily, its readers, and an issue about the harbour."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice

from mailer.delivery.press import Press
from mailer.issues.issue import Issue
from mailer.issues.mailing import MailingId
from mailer.issues.newsletter import Newsletter
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.lists import MailingList
from subscribers.subscriber import Newcomer
from subscribers.subscription import SubscriptionState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

DAILY = Newsletter(
    slug="daily",
    name="The Daily",
    sender_name="The Daily",
    sender_address="daily@news.example.com",
    return_path_domain="bounces.news.example.com",
    postal_address="1 Quay Street, Harbourtown",
)

HARBOUR = Issue(
    slug="harbour",
    title="The harbour opens",
    subject="The harbour opens",
    preheader="What came in with the tide, and what it means for the fish market of the town.",
    newsletter="daily",
    source="""Dear {{ subscriber.first_name | default("friend") }}, here is the news of a day.

## 1. The harbour opens

Ships of all sizes came in. [Read on about the harbour](https://news.example.com/harbour).

[See the timetable](https://news.example.com/timetable){.button}
""",
    created=NOW,
    updated=NOW,
)

_AT_A_TIME = 2_000


async def furnish(press: Press, *, issue: Issue = HARBOUR, list_name: str = "Readers") -> MailingList:
    """Put The Daily and an issue of it there, and return its list, on which nobody is yet."""
    await press.newsletters.put(DAILY)
    readers = await press.people.lists.create("readers", name=list_name, newsletter=DAILY.slug)
    await press.issues.put(issue)
    return readers


async def enrol(
    press: Press,
    readers: MailingList,
    addresses: Iterable[str],
    *,
    state: SubscriptionState = SubscriptionState.ACTIVE,
    now: datetime = NOW,
) -> list[SubscriberId]:
    """Bring in people under these addresses, a few thousand at a time, with a place on the list in this state."""
    ids: list[SubscriberId] = []
    rest = iter(addresses)
    while some := list(islice(rest, _AT_A_TIME)):
        newcomers = [Newcomer(parse_address(address), name=address.partition("@")[0]) for address in some]
        made = [one.id for one, _ in await press.people.subscribers.add_many(newcomers, now)]
        await press.people.lists.move(readers.id, made, state)
        ids += made
    return ids


def crowd(count: int) -> Iterable[str]:
    """Return as many addresses: `reader0@example.com` and so on."""
    return (f"reader{number}@example.com" for number in range(count))


async def until_due(press: Press, mailing: MailingId) -> None:
    """Wait until the next batch of a mailing has come due, by Redis' clock."""
    due = await press.ledger.next_due(mailing)
    assert due is not None, "nobody is waiting for another try"
    await asyncio.sleep(max(0.0, (due - await press.ledger.now()).total_seconds()))
