"""What a person can ask of a mailing, and what is refused with a sentence."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.delivery import keys
from mailer.delivery.controlling import BlockedError, approve, cancel, pause, resume, schedule, undo
from mailer.delivery.explaining import explain_many, why
from mailer.delivery.ledger import Standing
from mailer.delivery.presence import alive, report
from mailer.delivery.progress import progress_of
from mailer.delivery.ticking import tick
from mailer.delivery.trying import send_test
from mailer.errors import ConflictError, NotFoundError
from mailer.issues.mailing import Mailing, MailingState
from mailer.issues.timing import Approval, Timing
from mailer.smtp.outcome import OutcomeKind
from subscribers.errors import UnknownListError

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN = "anna@example.com", "ben@example.com"


async def test_the_same_request_twice_makes_one_mailing(newsroom: Newsroom) -> None:
    now = await newsroom.press.ledger.now()

    first = await schedule(newsroom.press, "harbour", ["readers"], now=now, request="click-1")
    again = await schedule(newsroom.press, "harbour", ["readers"], now=now, request="click-1")
    other = await schedule(newsroom.press, "harbour", ["readers"], now=now, request="click-2")

    assert again.id == first.id
    assert other.id != first.id


async def test_two_clicks_at_once_make_one_mailing(newsroom: Newsroom) -> None:
    press, now = newsroom.press, await newsroom.press.ledger.now()

    both = await asyncio.gather(
        *(schedule(press, "harbour", ["readers"], now=now, request="click-1") for _ in range(2))
    )

    assert both[0].id == both[1].id
    assert [(one.id, one.state) for one in await press.mailings.all()] == [(both[0].id, MailingState.SCHEDULED)]


async def test_a_request_whose_process_died_before_there_was_a_mailing_begins_anew(newsroom: Newsroom) -> None:
    press, now = newsroom.press, await newsroom.press.ledger.now()
    reserved = await press.mailings.reserve()
    await press.ledger.mailing_for_request("click-1", reserved)

    made = await schedule(press, "harbour", ["readers"], now=now, request="click-1")

    assert (made.id, made.state) == (reserved, MailingState.SCHEDULED)


async def test_a_request_whose_process_died_before_its_last_step_is_scheduled_by_the_next(newsroom: Newsroom) -> None:
    press, now = newsroom.press, await newsroom.press.ledger.now()
    later = now + timedelta(hours=1)
    left = await press.mailings.create(
        issue="harbour",
        newsletter="daily",
        lists=(),
        edition="",
        subject="Harbour",
        uncertain_policy=press.settings.uncertain_policy,
        now=now,
        starts=later,
    )
    await press.ledger.mailing_for_request("click-1", left.id)

    again = await schedule(press, "harbour", ["readers"], now=now, request="click-1")
    await press.mailings.move(left.id, MailingState.SENDING, now=now)
    once_more = await schedule(press, "harbour", ["readers"], now=now, request="click-1")

    assert (again.id, again.state, again.starts) == (left.id, MailingState.SCHEDULED, later)
    assert (once_more.id, once_more.state) == (left.id, MailingState.SENDING)


async def test_an_issue_that_the_check_refuses_is_not_scheduled(newsroom: Newsroom) -> None:
    newsletter = await newsroom.press.newsletters.get("daily")
    await newsroom.press.newsletters.put(replace(newsletter, postal_address=""))

    with pytest.raises(BlockedError, match="postal address") as caught:
        await schedule(newsroom.press, "harbour", ["readers"], now=await newsroom.press.ledger.now())

    assert all(finding.level == "block" for finding in caught.value.findings)
    assert await newsroom.press.mailings.all() == []


@pytest.mark.parametrize(
    ("issue", "lists", "error"),
    [
        ("harbor", ["readers"], NotFoundError),
        ("harbour", ["reader"], UnknownListError),
        ("harbour", [], ConflictError),
    ],
)
async def test_what_is_not_there_cannot_be_scheduled(
    newsroom: Newsroom, issue: str, lists: list[str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await schedule(newsroom.press, issue, lists, now=await newsroom.press.ledger.now())


async def test_a_mailing_for_later_waits_for_its_time(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA)
    now = await newsroom.press.ledger.now()
    mailing = await schedule(newsroom.press, "harbour", ["readers"], now=now, starts=now + timedelta(hours=1))

    await tick(newsroom.press, "test")
    await newsroom.work()

    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.SCHEDULED
    assert relay.received == []


async def test_a_mailing_cancelled_before_its_time_mails_nobody(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA)
    now = await newsroom.press.ledger.now()
    mailing = await schedule(newsroom.press, "harbour", ["readers"], now=now)

    await cancel(newsroom.press, mailing.id, now=now)
    await tick(newsroom.press, "test")
    await newsroom.work()

    assert relay.received == []
    assert (await newsroom.press.ledger.counts(mailing.id)).balanced


async def test_a_mailing_cancelled_while_sending_excludes_the_pending(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN)
    mailing = await newsroom.send()

    await cancel(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert (counts.excluded_by, counts.pending, counts.balanced) == ({"cancelled": 2}, 0, True)
    assert relay.received == []
    assert await newsroom.press.ledger.open_mailings() == []


async def test_a_paused_mailing_waits_and_a_resumed_one_goes_on(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN)
    mailing = await newsroom.send()
    now = await newsroom.press.ledger.now()

    await pause(newsroom.press, mailing.id, now=now, why="A wrong link")
    await newsroom.work()
    while_paused = list(relay.received)
    await resume(newsroom.press, mailing.id, now=now)
    await newsroom.work()

    assert while_paused == []
    assert relay.addresses() == [ANNA, BEN]
    assert (await newsroom.press.mailings.get(mailing.id)).problem == ""


async def test_what_is_not_paused_cannot_be_resumed(newsroom: Newsroom) -> None:
    mailing = await newsroom.send()

    with pytest.raises(ConflictError, match="nothing to resume"):
        await resume(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())


async def test_progress_counts_what_is_done_and_how_fast(newsroom: Newsroom) -> None:
    await newsroom.join(ANNA, BEN)
    mailing = await newsroom.send()
    before = await progress_of(newsroom.press, mailing.id)

    await newsroom.work()

    after = await progress_of(newsroom.press, mailing.id)
    assert (before.counts.pending, before.rate_per_second, before.finish) == (2, 0.0, None)
    assert (after.counts.accepted, after.mailing.state) == (2, MailingState.COMPLETE)
    assert after.rate_per_second > 0


async def test_everybody_has_an_answer_to_why(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    (anna, ben) = await newsroom.join(ANNA, BEN)
    relay.at_rcpt[BEN] = ["451 4.7.1 Later"]
    mailing = await newsroom.send()
    pending = await why(newsroom.press, mailing.id, ANNA)
    await newsroom.work()

    accepted, deferred = await explain_many(newsroom.press, mailing.id, [anna, ben])
    stranger = await why(newsroom.press, mailing.id, "nobody@example.com")

    assert pending.standing is Standing.PENDING
    assert "their turn is still to come" in pending.sentence
    assert accepted.sentence == f"{ANNA} was mailed in mailing 1 (The harbour opens): the relay accepted the message."
    assert (deferred.standing, "451 4.7.1 Later" in deferred.sentence) == (Standing.DEFERRED, True)
    assert "Next try: " in deferred.sentence
    assert (stranger.standing, "nobody with this address is known" in stranger.sentence) == (None, True)


async def test_nobody_is_said_to_be_left_out_of_a_mailing_that_has_not_begun(newsroom: Newsroom) -> None:
    await newsroom.join(ANNA)
    now = await newsroom.press.ledger.now()
    mailing = await schedule(newsroom.press, "harbour", ["readers"], now=now, starts=now + timedelta(days=1))

    before = await why(newsroom.press, mailing.id, ANNA)
    await undo(newsroom.press, mailing.id, now=now)
    after = await why(newsroom.press, mailing.id, ANNA)

    assert before.sentence.endswith("it is scheduled, and who gets it is settled when it begins.")
    assert after.sentence.endswith("it was cancelled before it began.")


async def test_a_test_goes_to_any_address_and_is_counted_nowhere(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    outcome = await send_test(newsroom.press, "harbour", "boss@example.com", now=await newsroom.press.ledger.now())

    ((address, message),) = relay.received
    assert (outcome.kind, address) == (OutcomeKind.ACCEPTED, "boss@example.com")
    assert b"Subject: [TEST] The harbour opens\r\n" in message
    assert await newsroom.press.mailings.all() == []
    assert await newsroom.press.people.subscribers.last_id() == 0


async def test_a_test_to_a_subscriber_is_filled_with_their_fields(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA)

    await send_test(newsroom.press, "harbour", ANNA, now=await newsroom.press.ledger.now())

    assert b"anna" in relay.received[0][1].split(b"\r\n\r\n", 1)[1]


async def test_processes_that_report_are_alive(newsroom: Newsroom) -> None:
    await report(newsroom.press, "worker", "press:17")
    await report(newsroom.press, "worker", "press:4")

    assert await alive(newsroom.press) == {"worker": ["press:17", "press:4"]}


async def test_processes_that_fell_silent_are_gone(newsroom: Newsroom) -> None:
    await report(newsroom.press, "worker", "press:17")
    await newsroom.press.redis.hset(keys.ALIVE, "worker:press:3", "1000")

    assert await alive(newsroom.press) == {"worker": ["press:17"]}
    assert await newsroom.press.redis.hkeys(keys.ALIVE) == [b"worker:press:17"]


async def test_a_mailing_is_undone_before_its_first_byte_leaves(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA)
    now = await newsroom.press.ledger.now()
    mailing = await schedule(newsroom.press, "harbour", ["readers"], now=now, undo=timedelta(seconds=60))
    await tick(newsroom.press, "test")

    undone = await undo(newsroom.press, mailing.id, now=now)
    await tick(newsroom.press, "test")
    await newsroom.work()

    assert mailing.starts == now + timedelta(seconds=60)
    assert (undone.state, undone.started) == (MailingState.CANCELLED, None)
    assert undone.problem == "It was undone before anything had left; nobody was mailed."
    assert relay.received == []


async def test_what_has_begun_cannot_be_undone(newsroom: Newsroom) -> None:
    await newsroom.join(ANNA)
    mailing = await newsroom.send()

    with pytest.raises(ConflictError, match="cannot be undone any more"):
        await undo(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())


async def _proposed(newsroom: Newsroom) -> Mailing:
    now = await newsroom.press.ledger.now()
    timing = Timing(asked_by="anna", needs_approval=True)
    settings = newsroom.press.settings.model_copy(update={"approval_needed": True})
    return await schedule(replace(newsroom.press, settings=settings), "harbour", ["readers"], now=now, timing=timing)


async def test_a_mailing_waits_for_a_second_persons_approval(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA)
    mailing = await _proposed(newsroom)
    await newsroom.work()
    waiting = await newsroom.press.mailings.get(mailing.id)

    approved = await approve(newsroom.press, mailing.id, by="ben", edition=mailing.edition, now=mailing.created)
    await tick(newsroom.press, "test")
    await newsroom.work()

    assert (waiting.state, waiting.approval) == (MailingState.PROPOSED, None)
    assert approved.approval is not None
    assert (approved.approval.by, approved.approval.edition) == ("ben", mailing.edition)
    assert relay.addresses() == [ANNA]


async def test_nobody_approves_what_they_asked_for(newsroom: Newsroom) -> None:
    mailing = await _proposed(newsroom)

    with pytest.raises(ConflictError, match="a second person must approve it"):
        await approve(newsroom.press, mailing.id, by="anna", edition=mailing.edition, now=mailing.created)


async def test_an_approval_is_of_the_bytes_that_were_looked_at(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA)
    mailing = await _proposed(newsroom)

    with pytest.raises(ConflictError, match="Look at it again"):
        await approve(newsroom.press, mailing.id, by="ben", edition="f" * 64, now=mailing.created)
    # Whoever writes past that check does not get past the planner.
    await newsroom.press.mailings.approve(mailing.id, Approval("f" * 64, "ben", ""))
    await newsroom.press.mailings.move(mailing.id, MailingState.SCHEDULED, now=mailing.created, starts=mailing.created)
    await tick(newsroom.press, "test")
    await newsroom.work()

    assert relay.received == []


async def test_a_changed_issue_needs_a_new_approval(newsroom: Newsroom) -> None:
    first = await _proposed(newsroom)
    issue = await newsroom.press.issues.get("harbour")
    await newsroom.press.issues.put(replace(issue, source=issue.source + "\n\nAnd one more thing."))
    second = await _proposed(newsroom)

    assert first.edition != second.edition
    with pytest.raises(ConflictError, match="not what would be mailed"):
        await approve(newsroom.press, second.id, by="ben", edition=first.edition, now=second.created)


async def test_where_approval_is_needed_somebody_must_ask_by_name(newsroom: Newsroom) -> None:
    settings = newsroom.press.settings.model_copy(update={"approval_needed": True})

    with pytest.raises(ConflictError, match="say who asks for this one"):
        await schedule(
            replace(newsroom.press, settings=settings),
            "harbour",
            ["readers"],
            now=await newsroom.press.ledger.now(),
        )
