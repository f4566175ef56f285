"""What servers said is counted by what is alike, whatever address or queue number stands in it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.controlling import pause
from mailer.delivery.destinations.slowdown import Slowdown
from mailer.delivery.explaining import why
from mailer.delivery.ledger import Standing
from mailer.delivery.progress import progress_of
from mailer.delivery.telling.replies import said_by_servers, without_what_is_theirs

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

PEOPLE = [f"p{number}@example.com" for number in range(6)]


@pytest.mark.parametrize(
    ("one", "other", "are_alike"),
    [
        ("550 5.1.1 <ana@example.com>: no such user", "550 5.1.1 <ben@example.org>: no such user", True),
        ("421 4.7.28 too fast 98e67ed59e1d1-2b4f", "421 4.7.28 too fast 77a01cc20aa11-9d0e", True),
        ("550 5.1.1 No such user", "550 5.2.2 Mailbox full", False),
        ("451 4.7.1 See https://help.example.com/a?x=1", "451 4.7.1 See https://help.example.com/b", True),
    ],
)
def test_replies_are_alike_but_for_what_is_theirs(one: str, other: str, *, are_alike: bool) -> None:
    assert (without_what_is_theirs(one) == without_what_is_theirs(other)) is are_alike


def test_the_code_and_the_status_stay() -> None:
    said = without_what_is_theirs("Refused at RCPT: 550 5.1.1 <a@example.com> gone")

    assert said == "Refused at RCPT: 550 5.1.1 … gone"


async def test_alike_replies_are_one_line_with_the_people_and_the_next_try(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(*PEOPLE)
    for address in PEOPLE[:3]:
        relay.at_rcpt[address] = [f"550 5.1.1 <{address}>: no such user"]
    for address in PEOPLE[3:5]:
        relay.at_rcpt[address] = [f"450 4.2.1 <{address}> try later"]
    mailing = await newsroom.send()
    await newsroom.work()

    said = await said_by_servers(newsroom.press, mailing.id)

    refused, deferred = said.replies
    assert (refused.standing, refused.people, refused.next_try) == (Standing.REFUSED, 3, None)
    assert "550 5.1.1 <p0@example.com>: no such user" in refused.words
    assert (deferred.standing, deferred.people) == (Standing.DEFERRED, 2)
    assert deferred.next_try is not None
    assert not said.is_part


async def test_the_next_try_is_not_before_the_rest_of_their_destination_is_over(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    await newsroom.join(*PEOPLE)
    relay.at_rcpt[PEOPLE[0]] = ["450 4.2.1 try later"]
    mailing = await newsroom.send()
    await newsroom.work()
    now = await newsroom.press.ledger.now()
    rest = now.replace(microsecond=0) + timedelta(hours=2)

    (before,) = (await said_by_servers(newsroom.press, mailing.id)).replies
    await newsroom.press.slowed.slow("other.example", Slowdown(rest))
    (elsewhere,) = (await said_by_servers(newsroom.press, mailing.id)).replies
    await newsroom.press.slowed.slow("example.com", Slowdown(rest))
    (resting,) = (await said_by_servers(newsroom.press, mailing.id)).replies

    assert before.next_try == elsewhere.next_try
    assert before.next_try is not None
    assert before.next_try < rest
    assert resting.next_try == rest


async def test_of_a_paused_mailing_no_next_try_is_promised(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(PEOPLE[0])
    relay.at_rcpt[PEOPLE[0]] = ["450 4.2.1 try later"]
    mailing = await newsroom.send()
    await newsroom.work()
    await pause(newsroom.press, mailing.id, now=await newsroom.press.ledger.now())

    (deferred,) = (await said_by_servers(newsroom.press, mailing.id)).replies
    told = (await why(newsroom.press, mailing.id, PEOPLE[0])).sentence

    assert (await progress_of(newsroom.press, mailing.id)).next_due is None
    assert (deferred.words, deferred.next_try) == ("Deferred at RCPT: 450 4.2.1 try later", None)
    assert told.endswith("They are tried again when the paused mailing is resumed.")


async def test_of_very_many_people_only_some_are_looked_at(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(*PEOPLE)
    for address in PEOPLE[1:]:
        relay.at_rcpt[address] = ["550 5.1.1 no such user"]
    mailing = await newsroom.send()
    await newsroom.work()

    said = await said_by_servers(newsroom.press, mailing.id, most=2)

    assert ([one.people for one in said.replies], said.is_part) == ([2], True)


async def test_where_nobody_was_refused_nothing_was_said(newsroom: Newsroom) -> None:
    await newsroom.join(*PEOPLE)
    mailing = await newsroom.send()
    await newsroom.work()

    assert (await said_by_servers(newsroom.press, mailing.id)).replies == []
