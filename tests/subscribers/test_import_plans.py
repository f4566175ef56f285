from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from subscribers.address import Address, parse_address
from subscribers.checking import check
from subscribers.consent import Consent
from subscribers.errors import ImportFileError, ImportTakenOverError, UnknownImportError
from subscribers.fields import Field, FieldKind
from subscribers.importing import import_file, rehearse_import
from subscribers.imports.importcounts import FrameCounts, ImportPlan, ImportState, OnConflict
from subscribers.imports.rowreading import Instructions, read_frames
from subscribers.imports.rowsource import frames_of
from subscribers.joining import leave
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.segmenting import count_segment
from subscribers.storage import Redis
from subscribers.subscriber import Subscriber
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

PENDING, ACTIVE, PAUSED, LEFT = SubscriptionState
PLAN = Field(newsletter="letters", name="plan", kind=FieldKind.CHOICE, choices=("free", "pro"))


def plan(
    mailing_list: MailingList, on_conflict: OnConflict = OnConflict.SKIP, mapping: dict[str, str] | None = None
) -> ImportPlan:
    return ImportPlan(file="people.csv", list_id=mailing_list.id, on_conflict=on_conflict, mapping=mapping or {})


def file(*rows: str) -> io.BytesIO:
    return io.BytesIO("\n".join(rows).encode())


async def person(people: People, address: str) -> Subscriber:
    found = await people.subscribers.find(parse_address(address))
    assert found is not None
    return found


async def test_what_is_worth_a_look_is_counted_and_imported_all_the_same(
    people: People, weekly: MailingList, now: datetime
) -> None:
    rows = ("email,Email", "info@example.com,", "a@mailinator.com,", "b@outlok.com,", "c@outlok.com,", "d@example.com,")

    foreseen = await rehearse_import(people, file(*rows), plan(weekly), now=now)
    report = await import_file(people, file(*rows), plan(weekly), now=now)

    assert foreseen.counts == report.counts == FrameCounts(new=5, placed=5, role=1, disposable=1, mistyped=2)
    assert (report.mistyped, report.notes[0][:26]) == ({"outlok.com": 2}, "Columns 1 (“email”) and 2 ")


@pytest.mark.parametrize(
    ("on_conflict", "name", "fields", "language", "updated"),
    [
        (OnConflict.SKIP, "Ada", {"city": "London"}, "", 0),
        (OnConflict.FILL, "Ada", {"city": "London", "plan": "pro"}, "en", 1),
        (OnConflict.OVERWRITE, "Ada Lovelace", {"city": "Oslo", "plan": "pro"}, "en", 1),
    ],
)
async def test_a_known_person_is_changed_as_the_plan_says(
    people: People,
    weekly: MailingList,
    now: datetime,
    on_conflict: OnConflict,
    name: str,
    fields: dict[str, str],
    language: str,
    updated: int,
) -> None:
    await people.fields.declare(PLAN)
    await import_file(people, file("email,name,city", "ada@example.com,Ada,London"), plan(weekly), now=now)
    again = ("email,name,city,plan,lang,tags", 'ada@example.com,Ada Lovelace,Oslo,PRO,en,"b, a"')

    rehearsed = await rehearse_import(people, file(*again), plan(weekly, on_conflict), now=now)
    report = await import_file(people, file(*again), plan(weekly, on_conflict), now=now)

    ada = await person(people, "ada@example.com")
    assert (ada.name, ada.fields, ada.language) == (name, fields, language)
    assert ada.tags == (("a", "b") if updated else ())
    assert report.counts == rehearsed.counts == FrameCounts(updated=updated, unchanged=1 - updated)
    assert await count_segment(people, 'plan == "pro"', now) == updated
    assert not await check(people)


async def test_a_rehearsal_says_exactly_what_the_import_will_do(
    people: People, weekly: MailingList, now: datetime, redis: Redis
) -> None:
    await import_file(
        people,
        file("email", *(f"{name}@example.com" for name in ("there", "left", "elsewhere"))),
        plan(weekly),
        now=now,
    )
    await leave(people, (await person(people, "left@example.com")).id, weekly.id, now)
    other = await people.lists.create("other", name="Other", newsletter="letters")
    await people.suppressions.suppress(Address("bad@example.com"), Reason.MANUAL, now=now)
    rows: tuple[str, ...] = (
        "email,name",
        "new@example.com,N",
        "there@example.com,T",
        "left@example.com,L",
        "bad@example.com,B",
    )
    rows += ("NEW@example.com,", "nobody,", "elsewhere@example.com,E", "a@b.example.com,1,2")

    for target in (weekly, other):
        before = await redis.dbsize()
        rehearsed = await rehearse_import(people, file(*rows), plan(target, OnConflict.FILL), now=now)
        assert await redis.dbsize() == before
        report = await import_file(people, file(*rows), plan(target, OnConflict.FILL), now=now)

        assert rehearsed.counts == report.counts
        assert rehearsed.invalid == report.invalid
        assert report.counts.total == 8


async def test_rejected_rows_come_as_a_file_that_can_be_mended_and_imported(
    people: People, weekly: MailingList, now: datetime, tmp_path: Path
) -> None:
    await people.fields.declare(PLAN)
    rejected = tmp_path / "rejected.csv"
    rows = file("email,name,plan", "ada@example.com,Ada,gold", "bob@,Bob,free", "cy@example.com,Cy,free")

    report = await import_file(people, rows, plan(weekly), now=now, rejected=rejected)

    assert report.counts == FrameCounts(new=1, invalid=2, placed=1)
    with rejected.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert [one["rejected_line"] for one in found] == ["2", "3"]
    assert "none of free, pro" in found[0]["rejected_because"]
    mended = rejected.read_text().replace("gold", "pro").replace("bob@", "bob@example.com")
    again = await import_file(people, io.BytesIO(mended.encode()), plan(weekly), now=now)
    assert again.counts == FrameCounts(new=2, placed=2)
    assert (await person(people, "ada@example.com")).fields == {"plan": "pro"}


async def test_columns_mean_what_the_mapping_says(people: People, weekly: MailingList, now: datetime) -> None:
    rows = ("mail of the customer,called,junk,town", "ada@example.com,Ada,x,London")
    mapping = {"Mail of the customer": "email", "called": "name", "junk": "", "town": "city"}

    await import_file(people, file(*rows), plan(weekly, mapping=mapping), now=now)

    ada = await person(people, "ada@example.com")
    assert (ada.name, ada.fields) == ("Ada", {"city": "London"})
    with pytest.raises(ImportFileError, match="Did you mean “town”"):
        await import_file(people, file(*rows), plan(weekly, mapping={**mapping, "towm": "city"}), now=now)


EXPORTS = {
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at",
        '1,ada@example.com,Ada,"{""city"": ""Oslo"", ""n"": 3}",enabled,x,y',
        "2,bob@example.com,Bob,{},blocklisted,x,y",
        {"city": "Oslo", "n": "3"},
    ),
    "Mailchimp": (
        "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,UNSUB_TIME,LEID,EUID,TAGS",
        'ada@example.com,Ada,Lovelace,2,x,,1,2,"""vip"",""press"""',
        "bob@example.com,Bob,B,2,x,2024-01-01,1,2,",
        {},
    ),
    "Substack": (
        "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
        "ada@example.com,false,,other,false,x,",
        "bob@example.com,false,,other,true,x,",
        {"plan": "other"},
    ),
    "Ghost": (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels",
        'x,ada@example.com,Ada,hello,true,false,,z,,"vip,press"',
        "x,bob@example.com,Bob,,false,false,,z,,",
        {"note": "hello"},
    ),
    "Buttondown": (
        "email,subscriber_type,tags,metadata,notes,creation_date",
        'ada@example.com,regular,"vip,press","{""a b"": true}",hi,x',
        "bob@example.com,unsubscribed,,,,x",
        {"a_b": "true", "notes": "hi"},
    ),
    "Keila": (
        "Email,First name,Last name,Data,Status,External ID",
        'ada@example.com,Ada,Lovelace,"{""tags"": [""x"", ""y""]}",active,7',
        "bob@example.com,Bob,B,,unsubscribed,8",
        {"tags": "x, y", "external_id": "7"},
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
async def test_the_tables_of_other_systems_are_recognised_and_who_left_there_has_left(
    people: People, weekly: MailingList, now: datetime, name: str
) -> None:
    *rows, fields = EXPORTS[name]

    rehearsed = await rehearse_import(people, file(*map(str, rows)), plan(weekly), now=now)
    report = await import_file(people, file(*map(str, rows)), plan(weekly), now=now)

    assert report.elsewhere == name
    assert report.counts == rehearsed.counts == FrameCounts(new=1, left=1, placed=1)
    ada = await person(people, "ada@example.com")
    assert ada.fields == fields
    assert ada.tags in ((), ("press", "vip"))
    bob = await person(people, "bob@example.com")
    assert await people.lists.state_of(weekly.id, bob.id) is LEFT
    assert not await check(people)


async def test_who_is_active_here_stays_although_they_left_elsewhere(
    people: People, weekly: MailingList, now: datetime
) -> None:
    bob, _ = await people.subscribers.add(Address("bob@example.com"), now=now)
    await people.lists.move(weekly.id, [bob.id], ACTIVE)
    header, _, row, _ = EXPORTS["Ghost"]

    report = await import_file(people, file(str(header), str(row)), plan(weekly), now=now)

    assert report.counts == FrameCounts(left=1)
    assert await people.lists.state_of(weekly.id, bob.id) is ACTIVE


class _StoppedError(Exception):
    pass


async def test_an_import_that_was_stopped_goes_on_and_counts_nobody_twice(
    people: People, weekly: MailingList, now: datetime
) -> None:
    rows = ["email,name", *(f"person{number % 25_000}@example.com,P {number}" for number in range(30_000))]

    for stop_at in (1, 8_192, 20_000):

        def stop(done: int, at: int = stop_at) -> None:
            if done >= at:
                raise _StoppedError

        with pytest.raises(_StoppedError):
            await import_file(people, file(*rows), plan(weekly), now=now, progress=stop)
        (facts,) = await people.imports.newest()
        assert facts.state is ImportState.RUNNING
        assert facts.counts.total >= stop_at
    later = now + timedelta(days=1)
    report = await import_file(people, file(*rows), plan(weekly), now=later)

    assert report.counts == FrameCounts(new=25_000, duplicates=5_000, placed=25_000)
    facts = await people.imports.get(report.id)
    assert (facts.state, facts.counts, facts.started) == (ImportState.FINISHED, report.counts, now)
    assert not await check(people)
    fresh = await import_file(people, file(*rows), plan(weekly), now=later)
    assert fresh.counts == FrameCounts(unchanged=25_000, duplicates=5_000)
    assert fresh.id != report.id


async def test_rows_that_were_half_done_are_counted_by_what_the_import_remembers(
    people: People, weekly: MailingList, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ["email,name", *(f"person{number}@example.com,P {number}" for number in range(500))]

    async def dies(*_: object) -> None:
        raise _StoppedError

    with monkeypatch.context() as patch:
        patch.setattr(type(people.imports), "note", dies)
        with pytest.raises(_StoppedError):
            await import_file(people, file(*rows), plan(weekly), now=now)
    assert await people.subscribers.last_id() == 500
    report = await import_file(people, file(*rows), plan(weekly), now=now)

    assert report.counts == FrameCounts(new=500, placed=500)
    assert await people.subscribers.last_id() == 500


async def test_of_two_who_do_the_same_import_the_second_goes_on(
    people: People, weekly: MailingList, now: datetime
) -> None:
    mark, wanted = b"mark", plan(weekly)
    first = await people.imports.take(mark, wanted, now)
    await people.imports.note(first, 0, FrameCounts(new=3))
    second = await people.imports.take(mark, wanted, now)

    assert second.id == first.id
    assert second.done == {0: FrameCounts(new=3)}
    with pytest.raises(ImportTakenOverError):
        await people.imports.note(first, 1, FrameCounts(new=4))
    await people.imports.finish(second, range(0))
    with pytest.raises(UnknownImportError):
        await people.imports.get("999")


async def test_another_process_reads_the_same_as_this_one(now: datetime, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email,name\n" + "".join(f"person{n}@example.com,{'x' * 100}\n" for n in range(40_000)))
    wanted = Instructions(path=str(path), name="people.csv", digest_key=b"k" * 32, joined=now)

    said = [type(one).__name__ async for one in frames_of(path, wanted)]

    assert said == ["Opened", *["Frame"] * 5, "Finished"]
    assert [type(one).__name__ for one in read_frames(path, wanted)] == said


async def test_objects_in_lines_are_a_table_too(people: People, weekly: MailingList, now: datetime) -> None:
    lines = [
        {"email": "ada@example.com", "name": "Ada", "tags": ["b", "a"], "address": {"city": "Oslo"}, "n": 3},
        {"email": "bob@example.com", "is_vip": True, "name": None},
    ]
    content = io.BytesIO("\n\n".join(json.dumps(line) for line in lines).encode())
    wanted = ImportPlan(file="people.ndjson", list_id=weekly.id)

    report = await import_file(people, content, wanted, now=now)

    assert report.counts == FrameCounts(new=2, placed=2)
    ada = await person(people, "ada@example.com")
    assert (ada.tags, ada.fields) == (("a", "b"), {"address_city": "Oslo", "n": "3"})
    assert (await person(people, "bob@example.com")).fields == {"is_vip": "true"}


@pytest.mark.parametrize("content", [b"", b"\n", b"[1]", b'{"email": ', b"\xff\xfe", b"[" * 50_000, b"{}"])
async def test_lines_that_are_no_objects_are_refused(
    people: People, weekly: MailingList, now: datetime, content: bytes
) -> None:
    with pytest.raises(ImportFileError):
        await import_file(people, io.BytesIO(content), ImportPlan(file="x.ndjson", list_id=weekly.id), now=now)


async def test_consent_of_an_import_is_that_of_the_first_try(
    people: People, weekly: MailingList, now: datetime
) -> None:
    def with_consent(when: datetime) -> ImportPlan:
        consent = Consent(list_id=weekly.id, when=when, words="They ticked the box")
        return ImportPlan(file="people.csv", list_id=weekly.id, confirmed=True, consent=consent)

    def stop(_done: int) -> None:
        raise _StoppedError

    rows = ["email", *(f"person{number}@example.com" for number in range(10_000))]
    with pytest.raises(_StoppedError):
        await import_file(people, file(*rows), with_consent(now), now=now, progress=stop)
    later = now + timedelta(hours=1)
    await import_file(people, file(*rows), with_consent(later), now=later)

    last = await person(people, "person9999@example.com")
    assert [one.when for one in await people.consents.of(last.id)] == [now]
