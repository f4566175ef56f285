from __future__ import annotations

from datetime import datetime, timedelta

from subscribers.cohort import SubscriberId
from subscribers.consent import Consent, ConsentEvent, is_fresh
from subscribers.lists import ListId
from subscribers.people import People
from subscribers.storage import Redis

LIST = ListId(3)


async def test_a_history_is_kept_in_order_and_once(people: People, now: datetime) -> None:
    asked = Consent(list_id=LIST, when=now, words="Yes, mail me", where="192.0.2.7", by="page")
    left = Consent(list_id=LIST, when=now + timedelta(days=1), by="link", event=ConsentEvent.LEFT)

    for entry in (left, asked, asked):
        await people.consents.record(SubscriberId(5), entry)

    assert await people.consents.of(SubscriberId(5)) == [asked, left]
    assert await people.consents.of(SubscriberId(4)) == []


async def test_the_same_words_of_many_are_stored_once(people: People, redis: Redis, now: datetime) -> None:
    consent = Consent(list_id=LIST, when=now, words="They ticked the box", by="import", event=ConsentEvent.IMPORTED)

    await people.consents.record_many([SubscriberId(number) for number in range(1, 1_000)], consent)

    assert await redis.hlen("consent:statements") == 1
    assert await people.consents.of(SubscriberId(777)) == [consent]


def test_a_link_from_before_leaving_is_not_fresh(now: datetime) -> None:
    asked = Consent(list_id=LIST, when=now)
    left = Consent(list_id=LIST, when=now + timedelta(hours=1), event=ConsentEvent.LEFT)
    imported = Consent(list_id=LIST, when=now + timedelta(hours=2), event=ConsentEvent.IMPORTED)
    elsewhere = Consent(list_id=ListId(4), when=now + timedelta(hours=2))
    again = Consent(list_id=LIST, when=now + timedelta(hours=3))

    assert is_fresh([], LIST)
    assert is_fresh([asked], LIST)
    assert not is_fresh([asked, left], LIST)
    assert not is_fresh([asked, left, imported, elsewhere], LIST)
    assert is_fresh([asked, left, again], LIST)
