from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.consent import Consent, ConsentEvent
from subscribers.errors import SuppressedError
from subscribers.joining import confirm, join, leave
from subscribers.lists import ListId, MailingList
from subscribers.people import People
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

ADA = parse_address("ada@example.com")
DAY = timedelta(days=1)


def asking(mailing_list: MailingList, when: datetime) -> Consent:
    return Consent(list_id=mailing_list.id, when=when, words="Yes, mail me", where="192.0.2.7", by="form on our page")


async def test_a_person_joins_confirms_and_leaves(people: People, weekly: MailingList, now: datetime) -> None:
    joined = await join(people, weekly, ADA, asking(weekly, now), now, name="Ada")
    ada = joined.subscriber.id
    assert joined.needs_confirmation
    assert await people.lists.state_of(weekly.id, ada) is SubscriptionState.PENDING

    assert await confirm(people, ada, weekly.id, now + DAY)
    assert not await confirm(people, ada, weekly.id, now + DAY)
    assert await people.lists.state_of(weekly.id, ada) is SubscriptionState.ACTIVE

    assert await leave(people, ada, weekly.id, now + 2 * DAY)
    assert not await leave(people, ada, weekly.id, now + 3 * DAY)
    assert await people.lists.state_of(weekly.id, ada) is SubscriptionState.LEFT
    assert [(entry.event, entry.when) for entry in await people.consents.of(ada)] == [
        (ConsentEvent.ASKED, now),
        (ConsentEvent.CONFIRMED, now + DAY),
        (ConsentEvent.LEFT, now + 2 * DAY),
    ]


async def test_joining_with_single_opt_in_is_enough(people: People, now: datetime) -> None:
    daily = await people.lists.create("daily", name="Daily", newsletter="letters", is_double_opt_in=False)

    joined = await join(people, daily, ADA, asking(daily, now), now)

    assert not joined.needs_confirmation
    assert await people.lists.state_of(daily.id, joined.subscriber.id) is SubscriptionState.ACTIVE


@pytest.mark.parametrize("is_double_opt_in", [True, False])
async def test_who_left_comes_back_only_by_asking_and_confirming_again(
    people: People, now: datetime, is_double_opt_in: bool
) -> None:
    news = await people.lists.create("news", name="News", newsletter="letters", is_double_opt_in=is_double_opt_in)
    ada = (await join(people, news, ADA, asking(news, now), now)).subscriber.id
    await confirm(people, ada, news.id, now)
    await leave(people, ada, news.id, now + DAY)

    assert not await confirm(people, ada, news.id, now + 2 * DAY), "an old link must not undo leaving"
    again = await join(people, news, ADA, asking(news, now + 3 * DAY), now + 3 * DAY)
    assert again.needs_confirmation
    assert await people.lists.state_of(news.id, ada) is SubscriptionState.LEFT

    assert await confirm(people, ada, news.id, now + 4 * DAY)
    assert await people.lists.state_of(news.id, ada) is SubscriptionState.ACTIVE


async def test_who_leaves_again_after_asking_again_has_left(people: People, weekly: MailingList, now: datetime) -> None:
    ada = (await join(people, weekly, ADA, asking(weekly, now), now)).subscriber.id
    await leave(people, ada, weekly.id, now + DAY)
    await join(people, weekly, ADA, asking(weekly, now + 2 * DAY), now + 2 * DAY)

    await leave(people, ada, weekly.id, now + 3 * DAY)

    assert not await confirm(people, ada, weekly.id, now + 4 * DAY)


async def test_who_is_active_is_not_asked_again(people: People, weekly: MailingList, now: datetime) -> None:
    ada = (await join(people, weekly, ADA, asking(weekly, now), now)).subscriber.id
    await confirm(people, ada, weekly.id, now)

    again = await join(people, weekly, ADA, asking(weekly, now + DAY), now + DAY)

    assert not again.needs_confirmation


async def test_a_suppressed_address_does_not_join(people: People, weekly: MailingList, now: datetime) -> None:
    await people.suppressions.suppress(ADA, Reason.ERASED, now=now)

    with pytest.raises(SuppressedError):
        await join(people, weekly, ADA, asking(weekly, now), now)

    assert await people.subscribers.find(ADA) is None


async def test_links_of_people_who_are_no_more_change_nothing(people: People, now: datetime) -> None:
    nobody = SubscriberId(12_345)

    assert not await confirm(people, nobody, ListId(1), now)
    assert not await leave(people, nobody, ListId(1), now)
    assert await people.lists.state_of(ListId(1), nobody) is None
