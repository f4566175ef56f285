"""Mailings in Redis and the moves between their states."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from mailer.errors import ConflictError, NotFoundError
from mailer.issues.mailing import MOVES, Mailing, MailingId, MailingState
from mailer.issues.mailingstore import MailingStore
from mailer.settings import UncertainPolicy
from subscribers.lists import ListId
from subscribers.storage import Redis

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
DRAFT, PROPOSED = MailingState.DRAFT, MailingState.PROPOSED
SCHEDULED, SENDING = MailingState.SCHEDULED, MailingState.SENDING
PAUSED, COMPLETE, CANCELLED = MailingState.PAUSED, MailingState.COMPLETE, MailingState.CANCELLED

# How to come to each state from a draft.
WAYS: dict[MailingState, tuple[MailingState, ...]] = {
    DRAFT: (),
    PROPOSED: (PROPOSED,),
    SCHEDULED: (SCHEDULED,),
    SENDING: (SCHEDULED, SENDING),
    PAUSED: (SCHEDULED, SENDING, PAUSED),
    COMPLETE: (SCHEDULED, SENDING, COMPLETE),
    CANCELLED: (CANCELLED,),
}


async def make(store: MailingStore, state: MailingState = DRAFT) -> Mailing:
    mailing = await store.create(
        issue="green",
        newsletter="tea-letter",
        lists=(ListId(1), ListId(3)),
        edition="0f" * 32,
        subject="Green 绿",
        uncertain_policy=UncertainPolicy.HOLD,
        now=NOW,
    )
    for step in WAYS[state]:
        mailing = await store.move(mailing.id, step, now=NOW)
    return mailing


async def test_a_mailing_is_found_as_it_was_made(redis: Redis) -> None:
    store = MailingStore(redis)

    mailing = await make(store)

    assert mailing == Mailing(
        id=MailingId(1),
        issue="green",
        newsletter="tea-letter",
        lists=(ListId(1), ListId(3)),
        edition="0f" * 32,
        subject="Green 绿",
        state=DRAFT,
        uncertain_policy=UncertainPolicy.HOLD,
        created=NOW,
    )
    assert await store.get(MailingId(1)) == mailing


async def test_mailings_are_listed_newest_first(redis: Redis) -> None:
    store = MailingStore(redis)
    for _ in range(12):
        await make(store)

    assert await store.ids() == list(range(12, 0, -1))
    assert [mailing.id for mailing in await store.all()] == list(range(12, 0, -1))


@pytest.mark.parametrize("to", MailingState)
@pytest.mark.parametrize("state", MailingState)
async def test_a_mailing_moves_as_the_table_says(redis: Redis, state: MailingState, to: MailingState) -> None:
    store = MailingStore(redis)
    mailing = await make(store, state)

    if to in MOVES[state] or to is state:
        assert (await store.move(mailing.id, to, now=LATER)).state is to
        return

    with pytest.raises(ConflictError, match=f"Mailing 1 is {state} and cannot become {to}"):
        await store.move(mailing.id, to, now=LATER)
    assert await store.get(mailing.id) == mailing


async def test_the_times_of_a_life(redis: Redis) -> None:
    store = MailingStore(redis)
    mailing = await make(store)

    def after(minutes: int) -> datetime:
        return NOW + timedelta(minutes=minutes)

    await store.move(mailing.id, SCHEDULED, now=after(1), starts=after(10))
    await store.move(mailing.id, SENDING, now=after(11))
    await store.move(mailing.id, PAUSED, now=after(12), problem="The relay refuses the login.")
    paused = await store.get(mailing.id)
    await store.move(mailing.id, SENDING, now=after(20))
    done = await store.move(mailing.id, COMPLETE, now=after(30))

    assert paused.problem == "The relay refuses the login."
    assert (done.starts, done.started, done.finished) == (after(10), after(11), after(30))
    assert done.problem == ""


async def test_the_same_move_twice_changes_nothing_but_what_is_given(redis: Redis) -> None:
    store = MailingStore(redis)
    mailing = await make(store, SENDING)
    await store.move(mailing.id, PAUSED, now=NOW, problem="why")

    again = await store.move(mailing.id, PAUSED, now=LATER)

    assert (again.problem, again.started) == ("why", NOW)
    scheduled = await make(store, SCHEDULED)
    assert (await store.move(scheduled.id, SCHEDULED, now=NOW, starts=LATER)).starts == LATER


async def test_of_a_pause_and_a_completion_at_once_both_or_one_count_but_nothing_follows_the_end(redis: Redis) -> None:
    store = MailingStore(redis)
    mailing = await make(store, SENDING)

    await asyncio.gather(
        store.move(mailing.id, COMPLETE, now=LATER),
        *(store.move(mailing.id, PAUSED, now=LATER) for _ in range(5)),
        return_exceptions=True,
    )

    assert (await store.get(mailing.id)).state is COMPLETE


async def test_active_are_the_scheduled_and_the_sending(redis: Redis) -> None:
    store = MailingStore(redis)
    made = {state: (await make(store, state)).id for state in MailingState}

    assert await store.active() == [made[SCHEDULED], made[SENDING]]


async def test_a_final_mailing_left_in_the_set_of_unfinished_ones_is_tidied_away(redis: Redis) -> None:
    store = MailingStore(redis)
    mailing = await make(store, COMPLETE)
    await redis.sadd("mailings:unfinished", mailing.id)

    assert await store.active() == []
    assert await redis.scard("mailings:unfinished") == 0


async def test_a_problem_can_be_said_and_taken_back(redis: Redis) -> None:
    store = MailingStore(redis)
    mailing = await make(store, SENDING)

    await store.set_problem(mailing.id, "Nobody answers at the relay.")
    said = await store.get(mailing.id)
    await store.set_problem(mailing.id, "")

    assert said.problem == "Nobody answers at the relay."
    assert (await store.get(mailing.id)).problem == ""


async def test_a_mailing_that_is_not_there_is_named(redis: Redis) -> None:
    store = MailingStore(redis)

    with pytest.raises(NotFoundError, match=r"no mailing 7\. There is none yet"):
        await store.get(MailingId(7))
    with pytest.raises(NotFoundError):
        await store.move(MailingId(7), SENDING, now=NOW)
    with pytest.raises(NotFoundError):
        await store.set_problem(MailingId(7), "why")
    await make(store)
    with pytest.raises(NotFoundError, match="The newest is 1"):
        await store.get(MailingId(7))


async def test_what_is_about_one_mailing_lies_on_one_node(redis: Redis) -> None:
    mailing = await make(MailingStore(redis))

    assert await redis.exists(f"{{m{mailing.id}}}:mailing") == 1
