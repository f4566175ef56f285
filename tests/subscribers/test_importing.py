from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subscribers.address import parse_address
from subscribers.checking import check
from subscribers.consent import Consent, ConsentEvent
from subscribers.errors import ConsentNeededError, ImportFileError, ImportInterruptedError
from subscribers.importing import ImportReport, import_csv
from subscribers.imports.importcounts import FrameCounts
from subscribers.joining import confirm, join, leave
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.storage import Redis, open_redis
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason
from tests.conftest import StartRedis

PENDING, ACTIVE, PAUSED, LEFT = SubscriptionState


def file(*rows: str, header: str = "email,name") -> io.BytesIO:
    return io.BytesIO("\n".join((header, *rows)).encode())


def statement(mailing_list: MailingList, when: datetime) -> Consent:
    return Consent(
        list_id=mailing_list.id, when=when, words="They ticked the box", by="import", event=ConsentEvent.IMPORTED
    )


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.added, report.already_there, len(report.invalid), report.suppressed, report.left


async def test_people_come_in_as_pending(people: People, weekly: MailingList, now: datetime) -> None:
    report = await import_csv(
        people, file("ada@example.com,Ada", "bob@example.com,Bob"), weekly, confirmed=False, now=now
    )

    assert counts(report) == (2, 0, 0, 0, 0)
    assert await people.lists.counts(weekly.id) == {PENDING: 2, ACTIVE: 0, PAUSED: 0, LEFT: 0}
    ada = await people.subscribers.find(parse_address("ada@example.com"))
    assert ada is not None
    assert ada.name == "Ada"


async def test_confirmed_people_need_a_statement_which_is_kept(
    people: People, weekly: MailingList, now: datetime
) -> None:
    rows = ("ada@example.com,Ada", "bob@example.com,Bob")
    consent = statement(weekly, now)

    for nothing in (None, Consent(list_id=weekly.id, when=now, words="  ")):
        with pytest.raises(ConsentNeededError):
            await import_csv(people, file(*rows), weekly, confirmed=True, consent=nothing, now=now)
    assert await people.subscribers.last_id() == 0
    report = await import_csv(people, file(*rows), weekly, confirmed=True, consent=consent, now=now)

    assert report.added == 2
    assert await people.lists.counts(weekly.id) == {PENDING: 0, ACTIVE: 2, PAUSED: 0, LEFT: 0}
    for person in await people.subscribers.search("example.com"):
        assert await people.consents.of(person.id) == [consent]


async def test_every_row_is_in_exactly_one_count(people: People, weekly: MailingList, now: datetime) -> None:
    consent = statement(weekly, now)
    await import_csv(
        people, file("there@example.com", "left@example.com"), weekly, confirmed=True, consent=consent, now=now
    )
    left = await people.subscribers.find(parse_address("left@example.com"))
    assert left is not None
    await leave(people, left.id, weekly.id, now)
    await people.suppressions.suppress(parse_address("erased@example.com"), Reason.ERASED, now=now)

    report = await import_csv(
        people,
        file(
            "new@example.com,New",
            "nobody,",
            "There@Example.com,Known",
            "NEW@example.com,Twice in the file",
            "erased@example.com,Erased",
            "LEFT@example.com,Left",
            "",
            "erased@example.com,Erased again",
            "left@example.com,Left again",
            "x@example.com,A,B",
        ),
        weekly,
        confirmed=True,
        consent=consent,
        now=now,
    )

    assert counts(report) == (1, 4, 2, 1, 1)
    assert report.total == 9
    assert report.counts == FrameCounts(new=1, unchanged=1, duplicates=3, invalid=2, suppressed=1, left=1, placed=1)
    first, second = report.invalid
    assert (first.row_number, first.line, first.address) == (2, 3, "nobody")
    assert "@-sign" in first.reason
    assert (second.row_number, second.line, second.address) == (9, 11, "x@example.com")
    assert await people.lists.counts(weekly.id) == {PENDING: 0, ACTIVE: 2, PAUSED: 0, LEFT: 1}
    assert await people.subscribers.find(parse_address("erased@example.com")) is None
    assert not await check(people)


async def test_importing_again_changes_nothing(people: People, weekly: MailingList, now: datetime) -> None:
    rows = [f"person{number}@example.com,Person {number}" for number in range(10_000)]
    done: list[int] = []

    first = await import_csv(people, file(*rows), weekly, confirmed=False, now=now, progress=done.append)
    again = await import_csv(people, file(*rows), weekly, confirmed=False, now=now + timedelta(days=1))

    assert counts(first) == (10_000, 0, 0, 0, 0)
    assert counts(again) == (0, 10_000, 0, 0, 0)
    assert done[-1] == 10_000
    assert len(done) > 1
    assert await people.subscribers.last_id() == 10_000
    assert (await people.lists.counts(weekly.id))[PENDING] == 10_000


async def test_a_later_import_with_a_statement_makes_pending_people_active(
    people: People, weekly: MailingList, now: datetime
) -> None:
    await import_csv(people, file("ada@example.com"), weekly, confirmed=False, now=now)

    consent = statement(weekly, now)
    confirmed = await import_csv(people, file("ada@example.com"), weekly, confirmed=True, consent=consent, now=now)
    unconfirmed = await import_csv(people, file("ada@example.com"), weekly, confirmed=False, now=now)

    assert (confirmed.added, unconfirmed.already_there) == (1, 1)
    assert (await people.lists.counts(weekly.id))[ACTIVE] == 1


async def test_an_import_does_not_freshen_an_old_link_of_who_left(
    people: People, weekly: MailingList, now: datetime
) -> None:
    asked = Consent(list_id=weekly.id, when=now)
    ada = (await join(people, weekly, parse_address("ada@example.com"), asked, now)).subscriber.id
    await leave(people, ada, weekly.id, now + timedelta(days=1))
    for_import = statement(weekly, now + timedelta(days=2))

    report = await import_csv(people, file("ada@example.com"), weekly, confirmed=True, consent=for_import, now=now)

    assert report.left == 1
    assert not await confirm(people, ada, weekly.id, now + timedelta(days=3))


async def test_people_of_one_list_can_be_imported_into_another(
    people: People, weekly: MailingList, now: datetime
) -> None:
    daily = await people.lists.create("daily", name="Daily", newsletter="letters")
    await import_csv(people, file("ada@example.com,Ada"), weekly, confirmed=False, now=now)

    report = await import_csv(people, file("ada@example.com,Another name"), daily, confirmed=False, now=now)

    assert report.added == 1
    assert await people.subscribers.last_id() == 1


async def test_a_file_that_is_refused_leaves_no_trace(
    people: People, weekly: MailingList, now: datetime, redis: Redis
) -> None:
    keys = {key async for key in redis.scan_iter()}
    broken = [
        io.BytesIO(b"name,phone\nAda,1\n"),
        io.BytesIO(b"email\n" + b"ada@example.com\n" * 3_000 + b"\0"),
        io.BytesIO(b"email\n" + b"ada@example.com\n" * 3_000 + b"x" * 10_000_000),
        io.BytesIO(b"email\n" + b"ada@example.com\n" * 3_000 + b'"bob@example.com\n' + b"cy@example.com\n" * 50),
    ]

    for content in broken:
        with pytest.raises(ImportFileError):
            await import_csv(people, content, weekly, confirmed=False, now=now)

    assert {key async for key in redis.scan_iter()} == keys


async def test_another_encoding_is_read_and_said(
    people: People, weekly: MailingList, now: datetime, tmp_path: Path
) -> None:
    path = tmp_path / "from-a-spreadsheet.csv"
    path.write_bytes("E-Mail;Vorname;Nachname\r\nzoe@example.com;Zoë;Müller\r\n".encode("cp1252"))

    report = await import_csv(people, path, weekly, confirmed=False, now=now)

    zoe = await people.subscribers.find(parse_address("zoe@example.com"))
    assert zoe is not None
    assert zoe.name == "Zoë Müller"
    assert (report.file, report.encoding, report.is_encoding_guessed) == ("from-a-spreadsheet.csv", "cp1252", True)


async def test_when_redis_goes_away_the_report_says_how_far_it_came(start_redis: StartRedis, now: datetime) -> None:
    server = start_redis(appendonly=True)
    rows = [f"person{number}@example.com,Person {number}" for number in range(20_000)]
    async with open_redis(server.url) as redis:
        people = People.at(redis, b"k" * 32)
        weekly = await people.lists.create("weekly", name="Weekly", newsletter="letters")

        with pytest.raises(ImportInterruptedError) as caught:
            await import_csv(people, file(*rows), weekly, confirmed=False, now=now, progress=lambda _: server.kill())
        server.start()
        again = await import_csv(people, file(*rows), weekly, confirmed=False, now=now)

        report = caught.value.report
        assert isinstance(report, ImportReport)
        assert 0 < report.added < 20_000
        assert again.id == report.id
        assert again.counts == FrameCounts(new=20_000, placed=20_000)
        assert (await people.lists.counts(weekly.id))[PENDING] == 20_000
        assert not await check(people)


nasty = st.one_of(
    st.sampled_from(
        ["a@example.com", "b@example.com", "A@example.com", "left@example.com", "bad@example.com", "no", ""]
    ),
    st.text(max_size=8),
)


@given(st.lists(st.tuples(nasty, st.text(max_size=5)), max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_stands_in_the_cells_the_counts_add_up(
    people: People, redis: Redis, now: datetime, rows: list[tuple[str, str]]
) -> None:
    await redis.flushall()
    weekly = await people.lists.create("weekly", name="Weekly", newsletter="letters")
    left, _ = await people.subscribers.add(parse_address("left@example.com"), now=now)
    await people.lists.move(weekly.id, [left.id], LEFT)
    await people.suppressions.suppress(parse_address("bad@example.com"), Reason.MANUAL, now=now)
    content = "email,name\n" + "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)

    try:
        report = await import_csv(
            people, io.BytesIO(content.encode(errors="replace")), weekly, confirmed=False, now=now
        )
    except ImportFileError:
        return

    in_list = await people.lists.counts(weekly.id)
    assert report.added == in_list[PENDING]
    assert in_list[LEFT] == 1
    assert report.total <= len(rows) or any("\n" in cell or "\r" in cell for row in rows for cell in row)
