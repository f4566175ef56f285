"""Domains, newsletters and ends: whatever is suppressed however, the bitmaps say so exactly."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest

from subscribers.address import Address, parse_domain
from subscribers.changing import change_address, merge
from subscribers.checking import check
from subscribers.consent import Consent
from subscribers.erasing import erase
from subscribers.errors import AddressError, SuppressedError, SuppressionError
from subscribers.importing import ImportPlan, import_file, rehearse_import
from subscribers.joining import confirm, join, leave_newsletter
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.repairing import repair
from subscribers.storage import Redis, redis_time
from subscribers.suppressing import release_domain, suppress_domain
from subscribers.suppression import Reason
from tests.subscribers.asking import bits_for

ADA, BOB = Address("ada@example.com"), Address("bob@mail.example.com")
EVE = Address("eve@notexample.com")


async def test_a_domain_is_suppressed_for_whoever_is_at_it_or_below_it(people: People, now: datetime) -> None:
    (ada, _), (bob, _), _ = [await people.subscribers.add(one, now=now) for one in (ADA, BOB, EVE)]

    done = await suppress_domain(people, "example.com", Reason.LEGAL, evidence="letter", now=now)
    again = await suppress_domain(people, "example.com", Reason.MANUAL, now=now)

    assert (done, again) == ((True, 2), (False, 2))
    assert await bits_for(people, Reason.LEGAL) == 1 << ada.id | 1 << bob.id
    assert await bits_for(people, Reason.MANUAL) == 0
    found = await people.suppressions.find(BOB)
    assert found is not None
    assert (found.subject, found.evidence, await people.suppressions.find(EVE)) == ("@example.com", "letter", None)
    assert not await check(people)


async def test_whoever_comes_later_to_a_suppressed_domain_is_suppressed(
    people: People, weekly: MailingList, now: datetime
) -> None:
    await suppress_domain(people, "example.com", Reason.MANUAL, now=now)

    ada, _ = await people.subscribers.add(ADA, now=now)
    eve, _ = await people.subscribers.add(EVE, now=now)
    moved = await people.subscribers.add(Address("moves@elsewhere.test"), now=now)
    rows = b"email\nzoe@example.com\nzed@below.example.com\nzak@elsewhere.test\n"
    plan = ImportPlan(file="people.csv", list_id=weekly.id)
    foreseen = (await rehearse_import(people, io.BytesIO(rows), plan, now=now)).counts
    counts = (await import_file(people, io.BytesIO(rows), plan, now=now)).counts
    with pytest.raises(SuppressedError):
        await change_address(people, moved[0], BOB)
    with pytest.raises(SuppressedError):
        await join(people, weekly, BOB, Consent(list_id=weekly.id, when=now), now)

    assert (counts.new, counts.suppressed) == (foreseen.new, foreseen.suppressed) == (1, 2)
    assert await bits_for(people, Reason.MANUAL) == 1 << ada.id
    assert eve.id
    assert not await check(people)


async def test_a_released_domain_leaves_a_trace_and_those_who_are_suppressed_themselves(
    people: People, now: datetime
) -> None:
    (ada, _), _ = [await people.subscribers.add(one, now=now) for one in (ADA, BOB)]
    await people.suppressions.suppress(ADA, Reason.COMPLAINT, now=now)
    await suppress_domain(people, "example.com", Reason.MANUAL, now=now)

    with pytest.raises(SuppressionError, match="Say why"):
        await release_domain(people, "example.com", " ", now)
    released = await release_domain(people, "example.com", "They asked us back", now)
    again = await release_domain(people, "example.com", "They asked us back", now)

    (trace,) = [trace async for _, trace in people.suppressions.records.traces()]
    assert (released, again) == (True, False)
    assert (trace.was.domain, trace.why) == ("example.com", "They asked us back")
    assert await people.suppressions.bits(0) == await bits_for(people, Reason.COMPLAINT) == 1 << ada.id
    assert not await check(people)


async def test_one_newsletters_suppression_does_not_concern_the_others(
    people: People, weekly: MailingList, now: datetime
) -> None:
    other = await people.lists.create("other", name="Other", newsletter="others")
    ada, _ = await people.subscribers.add(ADA, now=now)
    await people.suppressions.suppress(ADA, Reason.COMPLAINT, now=now, newsletter="letters")
    await people.suppressions.suppress(EVE, Reason.MANUAL, now=now, newsletter="letters")

    with pytest.raises(SuppressedError):
        await join(people, weekly, ADA, Consent(list_id=weekly.id, when=now), now)
    await join(people, other, ADA, Consent(list_id=other.id, when=now), now)
    rows = b"email\neve@notexample.com\n"
    here = await import_file(people, io.BytesIO(rows), ImportPlan(file="a.csv", list_id=weekly.id), now=now)
    there = await import_file(people, io.BytesIO(rows), ImportPlan(file="a.csv", list_id=other.id), now=now)

    assert (here.counts.suppressed, there.counts.suppressed, there.counts.new) == (1, 0, 1)
    eve = await people.subscribers.find(EVE)
    assert eve is not None
    assert await people.suppressions.bits(0) == 0
    assert await people.suppressions.bits(0, "letters") == 1 << ada.id | 1 << eve.id
    assert await people.suppressions.find(ADA) is None
    assert await people.suppressions.find(ADA, "letters") is not None
    assert await people.suppressions.remove(ADA, "mended", now) is False
    assert await people.suppressions.remove(ADA, "mended", now, "letters") is True
    assert await people.suppressions.bits(0, "letters") == 1 << eve.id
    assert not await check(people)


async def test_a_suppression_with_an_end_is_over_at_that_moment(people: People, redis: Redis, now: datetime) -> None:
    ada, _ = await people.subscribers.add(ADA, now=now)
    end = await redis_time(redis) + timedelta(milliseconds=150)
    await people.suppressions.suppress(ADA, Reason.MAILBOX_FULL, now=now, until=end)
    seen = [(await people.suppressions.bits(0), await people.suppressions.find(ADA), await redis_time(redis))]

    while seen[-1][2] < end + timedelta(milliseconds=20):
        before = await redis_time(redis)
        seen.append((await people.suppressions.bits(0), await people.suppressions.find(ADA), before))

    assert seen[0][0] == 1 << ada.id
    assert all(bits == 0 and found is None for bits, found, at in seen if at >= end)
    assert await bits_for(people, Reason.MAILBOX_FULL) == 0
    assert not await check(people)
    assert not await repair(people)
    assert [trace.why for trace in await people.suppressions.removed(ADA)] == ["its time was over"]


async def test_what_lasts_takes_the_place_of_what_ends_and_never_the_reverse(people: People, now: datetime) -> None:
    ada, _ = await people.subscribers.add(ADA, now=now)
    far = now + timedelta(days=9999)
    await people.suppressions.suppress(ADA, Reason.MAILBOX_FULL, now=now, until=far)

    new = await people.suppressions.suppress(ADA, Reason.HARD_BOUNCE, evidence="550", now=now)
    late = await people.suppressions.suppress(ADA, Reason.MANUAL, now=now, until=far + timedelta(days=1))

    found = await people.suppressions.find(ADA)
    assert found is not None
    assert (new, late, found.reason, found.until) == (False, False, Reason.HARD_BOUNCE, None)
    assert await bits_for(people, Reason.HARD_BOUNCE) == 1 << ada.id
    assert not await check(people)
    with pytest.raises(SuppressionError, match="has no end"):
        await people.suppressions.suppress(ADA, Reason.COMPLAINT, now=now, until=far)


async def test_a_new_address_frees_from_the_old_mailbox_and_from_nothing_else(people: People, now: datetime) -> None:
    bounced, _ = await people.subscribers.add(ADA, now=now)
    angry, _ = await people.subscribers.add(BOB, now=now)
    await people.suppressions.suppress(ADA, Reason.HARD_BOUNCE, now=now)
    await people.suppressions.suppress(BOB, Reason.COMPLAINT, now=now, newsletter="letters")

    await change_address(people, bounced, Address("ada@new.test"))
    await change_address(people, angry, Address("bob@new.test"))

    assert await people.suppressions.bits(0) == 0
    assert await people.suppressions.bits(0, "letters") == 1 << angry.id
    assert not await check(people)


async def test_merging_carries_every_suppression_over(people: People, now: datetime) -> None:
    kept, _ = await people.subscribers.add(ADA, now=now)
    other, _ = await people.subscribers.add(BOB, now=now)
    await people.suppressions.suppress(BOB, Reason.COMPLAINT, now=now, newsletter="letters")

    await merge(people, kept, other, now)

    assert await people.suppressions.bits(0, "letters") == 1 << kept.id
    assert await people.suppressions.bits(0) == 0
    assert not await check(people)


async def test_an_erased_person_leaves_no_address_in_any_newsletters_suppressions(
    people: People, redis: Redis, now: datetime
) -> None:
    await people.subscribers.add(ADA, now=now)
    await people.suppressions.suppress(ADA, Reason.COMPLAINT, evidence="ada wrote", now=now, newsletter="letters")

    await erase(people, ADA, now)

    async for key in redis.scan_iter():
        if await redis.type(key) == b"hash":
            assert b"ada" not in repr(await redis.hgetall(key)).encode()
    assert await people.suppressions.bits(0, "letters") == 0
    assert not await check(people)


async def test_who_left_a_whole_newsletter_comes_back_by_their_own_confirmation_only(
    people: People, weekly: MailingList, now: datetime
) -> None:
    asked = Consent(list_id=weekly.id, when=now + timedelta(days=1))
    single = await people.lists.create("later", name="Later", newsletter="letters", is_double_opt_in=False)
    ada, _ = await people.subscribers.add(ADA, now=now)
    await leave_newsletter(people, ada, "letters", now, by="a letter")
    rows = b"email\nada@example.com\n"

    imported = await import_file(people, io.BytesIO(rows), ImportPlan(file="a.csv", list_id=single.id), now=now)
    joined = await join(people, single, ADA, asked, now)
    before = await people.suppressions.bits(0, "letters")
    confirmed = await confirm(people, ada.id, single.id, now + timedelta(days=2))

    assert imported.counts.suppressed == 1
    assert (joined.needs_confirmation, before, confirmed) == (True, 1 << ada.id, True)
    assert await people.suppressions.bits(0, "letters") == 0
    assert [trace.why for trace in await people.suppressions.removed(ADA)] == ["They confirmed anew."]


async def test_bitmaps_that_do_not_fit_are_mended(people: People, redis: Redis, now: datetime) -> None:
    ada, _ = await people.subscribers.add(ADA, now=now)
    eve, _ = await people.subscribers.add(EVE, now=now)
    await suppress_domain(people, "example.com", Reason.MANUAL, now=now, newsletter="letters")
    await redis.setbit("{c0}:suppressed@letters", ada.id, 0)
    await redis.setbit("{c0}:suppressed@letters:legal", eve.id, 1)

    found = await check(people)
    left = await repair(people)

    assert {problem.subscriber_id for problem in found} == {ada.id, eve.id}
    assert not left
    assert await people.suppressions.bits(0, "letters") == 1 << ada.id


@pytest.mark.parametrize(
    ("text", "domain"),
    [("@Example.com", "example.com"), ("*@example.com", "example.com"), ("bücher.example", "xn--bcher-kva.example")],
)
def test_domains_are_read(text: str, domain: str) -> None:
    assert parse_domain(text) == domain


@pytest.mark.parametrize("text", ["@", "", "@no spaces.com", "@com@com", "x" * 300])
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_domain(text)
