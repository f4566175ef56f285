from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from subscribers.address import Address
from subscribers.erasing import erase
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.storage import Redis
from subscribers.suppressing import export_suppressions, import_suppressions, suppress_domain
from subscribers.suppression import Reason
from tests.subscribers.asking import bits_for


async def test_suppressions_come_in_and_go_out(people: People, now: datetime) -> None:
    await people.subscribers.add(Address("ada@example.com"), now=now)
    rows = b"email,Reason\nADA@example.com,complaint\nbob@example.com,spam trap\nnobody,manual\nbob@example.com,legal\n"

    report = await import_suppressions(people, io.BytesIO(rows), now=now, name="bad.csv")
    again = await import_suppressions(people, io.BytesIO(rows), now=now, name="bad.csv")
    await erase(people, Address("cy@example.com"), now)

    assert (report.new, report.already_there, [one.line for one in report.invalid]) == (2, 1, [4])
    assert (again.new, again.already_there) == (0, 3)
    lines = csv.DictReader(io.StringIO("".join([line async for line in export_suppressions(people)])))
    assert sorted((row["email"], row["reason"], row["evidence"]) for row in lines) == [
        ("", "erased", ""),
        ("ADA@example.com", Reason.COMPLAINT.value, "imported from bad.csv"),
        ("bob@example.com", Reason.MANUAL.value, "imported from bad.csv"),
    ]
    assert await bits_for(people, Reason.COMPLAINT)


async def test_an_export_is_imported_again_with_domains_newsletters_and_ends(
    people: People, weekly: MailingList, redis: Redis, now: datetime
) -> None:
    far = datetime(2999, 1, 1, tzinfo=UTC)
    await people.suppressions.suppress(Address("ada@example.com"), Reason.MANUAL, now=now, until=far, evidence="away")
    await people.suppressions.suppress(Address("bob@example.com"), Reason.LEFT, now=now, newsletter=weekly.newsletter)
    await suppress_domain(people, "firm.example", Reason.LEGAL, now=now, evidence="letter")
    await erase(people, Address("cy@example.com"), now)
    lines = [line async for line in export_suppressions(people)]
    before = {(one.subject, one.reason, one.newsletter, one.until) async for one in people.suppressions.all()}
    await redis.flushall()
    await people.lists.create("weekly", name="Weekly letter", newsletter="letters")

    report = await import_suppressions(people, io.BytesIO("".join(lines).encode()), now=now, name="all.csv")

    after = {(one.subject, one.reason, one.newsletter, one.until) async for one in people.suppressions.all()}
    assert (report.new, report.erased, report.invalid) == (3, 1, [])
    assert before - after == {("", Reason.ERASED, "", None)}
    assert not after - before


async def test_rows_that_make_no_suppression_say_why(people: People, weekly: MailingList, now: datetime) -> None:
    rows = (
        b"email,reason,newsletter,until\n@nothing,,,\n@firm.example,,,2999-01-01\nada@example.com,,lettres,\n"
        b"ada@example.com,complaint,,2999-01-01\nada@example.com,,,soon\n@firm.example,erased,,\n"
    )

    report = await import_suppressions(people, io.BytesIO(rows), now=now, name="bad.csv")

    assert (report.new, report.already_there) == (0, 0)
    assert [one.reason.partition(":")[0] for one in report.invalid] == [
        "nor is it a domain",
        "A domain is suppressed without an end.",
        "no list belongs to a newsletter “lettres”.",
        "A suppression for “complaint” has no end; only mailbox-full and manual may have one.",
        "“soon” is no time, such as 2026-11-30.",
        "A whole domain cannot be suppressed for “erased”",
    ]
