"""The newsroom that tests and benchmarks mail from: The Daily, its readers, and an issue about the harbour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

from mailer.delivery.press import Press
from mailer.issues.issue import Issue
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


async def furnish(press: Press, *, newsletter: Newsletter = DAILY, issue: Issue = HARBOUR) -> MailingList:
    """Put the newsletter and the issue there, and return the newsletter's list, on which nobody is yet."""
    await press.newsletters.put(newsletter)
    readers = await press.people.lists.create("readers", name="Readers", newsletter=newsletter.slug)
    await press.issues.put(replace(issue, newsletter=newsletter.slug))
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
