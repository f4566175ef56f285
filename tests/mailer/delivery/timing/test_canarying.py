"""A canary: the few first, then a judgement, then the rest or nobody. Real Redis, real relay."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.event import Event, EventKind
from mailer.bounces.store import Mark
from mailer.delivery import keys
from mailer.delivery.controlling import resume, schedule
from mailer.delivery.progress import progress_of
from mailer.delivery.reply import instant
from mailer.delivery.ticking import tick
from mailer.delivery.timing.canary import LET_GO, MOVES, CanaryState
from mailer.delivery.timing.canarying import release, tend_canary
from mailer.delivery.timing.sharing import THE_FEW, THE_REST
from mailer.delivery.timing.turn import HELD_MS
from mailer.errors import ConflictError
from mailer.issues.mailing import Mailing, MailingState
from mailer.issues.timing import Canary, Timing
from subscribers.cohort import SubscriberId

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

PEOPLE = [f"reader{number}@example.com" for number in range(40)]


async def _flown(newsroom: Newsroom, canary: Canary, spread_seconds: float = 0) -> Mailing:
    """Send to forty people, and mail the few."""
    await newsroom.join(*PEOPLE)
    timing = Timing(canary=canary, spread_seconds=spread_seconds)
    now = await newsroom.press.ledger.now()
    mailing = await schedule(newsroom.press, "harbour", ["readers"], now=now, timing=timing)
    await tick(newsroom.press, "test")
    await newsroom.work()
    return await newsroom.press.mailings.get(mailing.id)


async def _look(newsroom: Newsroom, mailing: Mailing, later: timedelta = timedelta(0)) -> CanaryState:
    now = await newsroom.press.ledger.now() + later
    await tend_canary(newsroom.press, await newsroom.press.mailings.get(mailing.id), now)
    return (await newsroom.press.turns.canary(mailing.id)).state


async def test_the_rest_goes_when_the_few_speak_for_it(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _flown(newsroom, Canary(people=5, hold_seconds=3600))

    waiting = await _look(newsroom, mailing, timedelta(minutes=59))
    passed = await _look(newsroom, mailing, timedelta(minutes=61))
    # The rest came due at the moment of that look, an hour from now.
    due = await newsroom.press.ledger.next_due(mailing.id)
    await newsroom.press.ledger.hasten(mailing.id, beyond=mailing.created, to=mailing.created)

    assert (waiting, passed, len(relay.received)) == (CanaryState.WAITING, CanaryState.PASSED, 5)
    assert due is not None
    assert due < instant(HELD_MS)
    standing = await newsroom.press.turns.canary(mailing.id)
    assert standing.why == "5 of 5 people were accepted, 0 bounced, 0 complained."


async def test_the_rest_is_held_when_the_few_speak_against_it(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _flown(newsroom, Canary(people=5, hold_seconds=0.0))
    for number in range(1, 4):
        await newsroom.press.reports.record(
            Event(
                at=await newsroom.press.ledger.now(),
                kind=EventKind.REPORT,
                bounce_class=BounceClass.COMPLAINT,
                mailing=mailing.id,
                subscriber=SubscriberId(number),
            )
        )

    state = await _look(newsroom, mailing, timedelta(seconds=1))

    paused = await newsroom.press.mailings.get(mailing.id)
    assert (state, paused.state) == (CanaryState.FAILED, MailingState.PAUSED)
    assert "speak against it, by complaints: 3 of 5 people who got it called it spam" in paused.problem
    await resume(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())
    await newsroom.work()
    assert len(relay.received) == 5, "resuming alone lets nobody go"


async def test_a_person_lets_the_rest_go(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _flown(newsroom, Canary(people=5, by_hand=True, hold_seconds=0))
    state = await _look(newsroom, mailing, timedelta(hours=5))

    await release(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())
    await newsroom.work()

    assert state is CanaryState.WAITING
    assert relay.addresses() == sorted(PEOPLE)
    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (counts.accepted, counts.balanced) == (40, True)
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.COMPLETE


async def test_a_scheduler_that_dies_after_the_judgement_holds_nobody(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _flown(newsroom, Canary(people=5, hold_seconds=0))
    # It died here: the state says passed, and nothing that follows was done.
    await newsroom.press.turns.move_canary(mailing.id, CanaryState.WAITING, now=mailing.created)
    await newsroom.press.turns.move_canary(mailing.id, CanaryState.PASSED, now=mailing.created)

    await tick(newsroom.press, "another")
    await newsroom.work()

    assert relay.addresses() == sorted(PEOPLE)


async def test_a_batch_that_was_put_off_by_an_old_look_is_found(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await _flown(newsroom, Canary(people=5, by_hand=True))
    await release(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())
    # A pass that had begun before the release ends now, with what it knew.
    (batch,) = await newsroom.press.ledger.due(mailing.id, await newsroom.press.ledger.now(), 10)
    await newsroom.press.ledger.put_off(batch, instant(HELD_MS))

    await tick(newsroom.press, "test")
    await newsroom.work()

    assert len(relay.received) == 40


async def test_the_rest_can_be_spread_over_time(newsroom: Newsroom) -> None:
    mailing = await _flown(newsroom, Canary(people=5, by_hand=True), spread_seconds=3600)

    now = await newsroom.press.ledger.now()
    await release(newsroom.press, mailing.id, now=now)

    turns = {turn.number: turn for turn in await newsroom.press.turns.all(mailing.id)}
    assert not turns[THE_REST].is_held
    assert await newsroom.press.ledger.due_from(mailing.id, instant(HELD_MS)) == []


async def test_what_holds_nobody_back_has_nothing_to_let_go(newsroom: Newsroom) -> None:
    await newsroom.join(*PEOPLE)
    mailing = await newsroom.send()

    with pytest.raises(ConflictError, match="Nobody is held back"):
        await release(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())


async def test_a_state_is_left_only_as_the_table_says(newsroom: Newsroom) -> None:
    mailing = await newsroom.send()
    now = await newsroom.press.ledger.now()

    for state in CanaryState:
        for to in CanaryState:
            await newsroom.press.redis.hset(keys.canary(mailing.id), mapping={"state": state, "since": now.isoformat()})
            moved = await newsroom.press.turns.move_canary(mailing.id, to, now=now)
            assert moved is (to in MOVES[state]), f"{state} to {to}"


def test_what_is_let_go_is_final() -> None:
    assert {state for state, following in MOVES.items() if not following} == LET_GO


async def test_how_the_few_stand_is_told_until_they_are_judged(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    relay.at_rcpt[PEOPLE[0]] = ["550 5.1.1 no such user"]
    mailing = await _flown(newsroom, Canary(people=4, hold_seconds=600))
    few = await newsroom.press.turns.cohort(mailing.id, THE_FEW, [0])
    left = next(one for one in few if one != next(iter(few)))
    await newsroom.press.reports.mark(mailing.id, left, Mark.UNSUBSCRIBED)
    await newsroom.press.reports.mark(mailing.id, SubscriberId(left + 1), Mark.COMPLAINED)

    flying = (await progress_of(newsroom.press, mailing.id)).few
    await _look(newsroom, mailing)
    waiting = (await progress_of(newsroom.press, mailing.id)).few

    assert flying is not None
    assert waiting is not None
    assert (flying.people, flying.accepted, flying.refused, flying.bounced) == (4, 3, 1, 1)
    assert (flying.unsubscribed, flying.complained) == (1, 0), "who is not of the few does not count"
    standing = await newsroom.press.turns.canary(mailing.id)
    assert standing.since is not None
    assert waiting.judged == standing.since + timedelta(seconds=600)


async def test_without_a_canary_there_are_no_few(newsroom: Newsroom) -> None:
    await newsroom.join(*PEOPLE)

    mailing = await newsroom.send()

    assert (await progress_of(newsroom.press, mailing.id)).few is None
