"""Whoever may not be mailed is excluded with the reason: by planning, and once more by the pass."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from mailer.delivery.explaining import why
from mailer.delivery.planning import forecast
from mailer.errors import ConflictError
from subscribers.address import parse_address
from subscribers.suppressing import suppress_domain
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN = "anna@example.com", "ben@example.com"


async def test_domains_and_newsletters_are_heeded_by_planning_and_once_more_by_the_pass(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    people, now = newsroom.press.people, await newsroom.press.ledger.now()
    await newsroom.join(ANNA, BEN, "zoe@firm.example", "zed@below.firm.example", "cy@example.com")
    await suppress_domain(people, "firm.example", Reason.LEGAL, evidence="their lawyer wrote", now=now)
    await people.suppressions.suppress(parse_address(BEN), Reason.MANUAL, now=now, newsletter="another-letter")
    mailing = await newsroom.send()
    planned = await newsroom.press.ledger.counts(mailing.id)

    await people.suppressions.suppress(
        parse_address("cy@example.com"), Reason.COMPLAINT, now=now, newsletter=mailing.newsletter
    )
    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    said = await why(newsroom.press, mailing.id, "zoe@firm.example")
    assert planned.excluded_by == {"legal": 2}
    assert (counts.excluded_by, counts.balanced) == ({"complaint": 1, "legal": 2}, True)
    assert relay.addresses() == [ANNA, BEN]
    assert "Everything at firm.example is suppressed" in said.sentence
    assert said.sentence.endswith("their lawyer wrote.")


async def test_a_mailbox_that_is_full_until_the_mailing_gives_up_is_a_signal(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    for name, value in {"give_up_after_seconds": 0.1, "mailbox_full_needed": 1, "mailbox_full_days": 0}.items():
        object.__setattr__(newsroom.press.settings, name, value)
    await newsroom.join(ANNA)
    relay.at_rcpt[ANNA] = ["452 4.2.2 Mailbox full"]
    mailing = await newsroom.send()

    await newsroom.work()
    before = await newsroom.press.people.suppressions.count()
    await asyncio.sleep(0.25)
    await newsroom.work()

    found = await newsroom.press.people.suppressions.find(parse_address(ANNA))
    assert (before, (await newsroom.press.ledger.counts(mailing.id)).refused) == (0, 1)
    assert found is not None
    assert found.reason is Reason.MAILBOX_FULL
    assert found.until is not None


async def test_the_paused_and_those_on_an_archived_list_are_excluded_by_planning_and_by_the_pass(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    people, far = newsroom.press.people, datetime(2999, 1, 1, tzinfo=UTC)
    _, ben, cy = await newsroom.join(ANNA, BEN, "cy@example.com")
    await people.lists.pause(newsroom.readers.id, ben, far)
    mailing = await newsroom.send()
    planned = await newsroom.press.ledger.counts(mailing.id)
    await people.lists.pause(newsroom.readers.id, cy, far)
    await people.lists.change(msgspec.structs.replace(newsroom.readers, is_archived=True))

    await newsroom.work()

    counts = await newsroom.press.ledger.counts(mailing.id)
    assert planned.excluded_by == {"paused": 1}
    assert (counts.excluded_by, counts.balanced) == ({"paused": 2, "list-archived": 1}, True)
    assert relay.addresses() == []
    assert "was archived" in (await why(newsroom.press, mailing.id, ANNA)).sentence
    with pytest.raises(ConflictError, match="is archived"):
        await newsroom.send()
    assert (await forecast(newsroom.press, [newsroom.readers.id])).excluded_by == {"paused": 2, "list-archived": 1}
