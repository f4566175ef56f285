"""What a shift finds missing or broken around a mailing: an edition, its batches, its sender, its people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mailer.delivery import keys
from mailer.delivery.controlling import resume, schedule
from mailer.delivery.ticking import tick
from mailer.errors import ConflictError
from mailer.issues.mailing import MailingState
from mailer.wiring import put_together
from subscribers.storage import run_all
from subscribers.subscription import SubscriptionState

if TYPE_CHECKING:
    from tests.mailer.delivery.conftest import Newsroom, ScriptedRelay

ANNA, BEN = "anna@example.com", "ben@example.com"


async def test_an_edition_that_is_gone_pauses_the_mailing(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA)
    mailing = await newsroom.send()
    async for key in newsroom.press.redis.scan_iter(match="edition*"):
        await newsroom.press.redis.delete(key)

    await newsroom.work()

    found = await newsroom.press.mailings.get(mailing.id)
    assert found.state is MailingState.PAUSED
    assert "Nobody was skipped" in found.problem
    assert (await newsroom.press.ledger.counts(mailing.id)).pending == 1


async def test_an_edition_that_is_deleted_in_the_middle_pauses_the_mailing_until_it_is_back(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    press = newsroom.press
    await newsroom.join(ANNA, BEN)
    relay.at_rcpt[BEN] = ["450 4.2.1 Later"]
    mailing = await newsroom.send()
    await newsroom.work()
    relay.at_rcpt.clear()
    edition = await press.editions.get(mailing.edition)
    await press.redis.delete(f"edition:{mailing.edition}")
    await newsroom.until_due(mailing)
    # The worker that had it goes on with what it remembers; this is another one.
    other = replace(newsroom, press=put_together(press.settings, press.redis))
    await other.work()
    found = await press.mailings.get(mailing.id)
    assert (found.state, "Nobody was skipped" in found.problem) == (MailingState.PAUSED, True)

    await press.editions.put(edition)
    await resume(press, mailing.id, now=await press.ledger.now())
    await other.work()

    assert relay.addresses() == [ANNA, BEN]
    assert (await press.mailings.get(mailing.id)).state is MailingState.COMPLETE


async def test_resuming_compiles_an_edition_that_is_gone_again(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    press = newsroom.press
    await newsroom.join(ANNA)
    mailing = await newsroom.send()
    await press.redis.delete(f"edition:{mailing.edition}")
    await newsroom.work()

    await resume(press, mailing.id, now=await press.ledger.now())
    await newsroom.work()

    assert relay.addresses() == [ANNA]
    assert (await press.mailings.get(mailing.id)).state is MailingState.COMPLETE
    assert (await press.editions.get(mailing.edition)).id == mailing.edition


@pytest.mark.parametrize("what", ["changed", "gone"])
async def test_resuming_says_what_to_do_where_the_issue_is_not_what_it_was(
    newsroom: Newsroom, relay: ScriptedRelay, what: str
) -> None:
    press = newsroom.press
    await newsroom.join(ANNA)
    mailing = await newsroom.send()
    issue = await press.issues.get(mailing.issue)
    await press.redis.delete(f"edition:{mailing.edition}")
    await newsroom.work()
    if what == "changed":
        await press.issues.put(replace(issue, source=f"{issue.source}More.\n"))
    else:
        await press.redis.delete(f"issue:{mailing.issue}")

    with pytest.raises(ConflictError, match=r"Put issue harbour.* back .*or cancel .*--exclude-mailing 1"):
        await resume(press, mailing.id, now=await press.ledger.now())

    assert (await press.mailings.get(mailing.id)).state is MailingState.PAUSED
    assert relay.received == []


async def test_a_mailing_to_nobody_is_complete_at_once_and_says_so(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    mailing = await newsroom.send()

    await tick(newsroom.press, "test")

    counts = await newsroom.press.ledger.counts(mailing.id)
    found = await newsroom.press.mailings.get(mailing.id)
    assert found.state is MailingState.COMPLETE
    assert "Nobody was mailed: there was nobody on its lists" in found.problem
    assert (counts.audience, counts.balanced, relay.received) == (0, True, [])


async def test_batches_that_got_lost_are_cut_again_from_the_ledger(newsroom: Newsroom, relay: ScriptedRelay) -> None:
    await newsroom.join(ANNA, BEN)
    mailing = await newsroom.send()
    await newsroom.press.redis.delete(keys.due(mailing.id))

    await tick(newsroom.press, "test")
    await newsroom.work()

    assert relay.addresses() == [ANNA, BEN]
    assert (await newsroom.press.mailings.get(mailing.id)).state is MailingState.COMPLETE


async def test_a_mailing_that_cannot_be_made_does_not_hold_up_the_others(
    newsroom: Newsroom, relay: ScriptedRelay
) -> None:
    press = newsroom.press
    (anna,) = await newsroom.join(ANNA)
    broken = await newsroom.send()
    await press.newsletters.put(replace(await press.newsletters.get("daily"), slug="weekly"))
    weekly = await press.people.lists.create("weekly", name="Weekly", newsletter="weekly")
    await press.people.lists.move(weekly.id, [anna], SubscriptionState.ACTIVE)
    await press.issues.put(replace(await press.issues.get("harbour"), slug="tide", newsletter="weekly", version=0))
    sound = await schedule(press, "tide", ["weekly"], now=await press.ledger.now())
    await tick(press, "test")
    # What an older version may have let in: a sender that can stand in no header.
    (stored,) = await run_all(press.redis, [("HGET", "newsletters", "daily")])
    await press.redis.hset("newsletters", "daily", stored.replace(b"daily@news.example.com", b"nobody"))

    await newsroom.work()

    found = await press.mailings.get(broken.id)
    assert (await press.ledger.counts(sound.id)).accepted == 1
    assert (await press.ledger.counts(broken.id)).pending == 1
    assert (found.state, "Nobody was skipped" in found.problem) == (MailingState.PAUSED, True)
