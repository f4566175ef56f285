from __future__ import annotations

import csv
import io
import json
from datetime import datetime

import msgspec
import pytest

from subscribers.address import Address, parse_address
from subscribers.changing import change_address, merge
from subscribers.checking import check
from subscribers.cohort import Cohort
from subscribers.consent import Consent
from subscribers.erasing import erase
from subscribers.errors import ConflictError, SuppressedError
from subscribers.exporting import data_of, export_csv, export_ndjson
from subscribers.formulas import guarded
from subscribers.importing import import_file
from subscribers.imports.importcounts import FrameCounts, ImportPlan
from subscribers.joining import join, leave
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.storage import Redis
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Reason

PENDING, ACTIVE, PAUSED, LEFT = SubscriptionState
ADA, BOB = parse_address("ada.secret@example.com"), parse_address("bob@example.com")


@pytest.fixture
async def two(people: People, weekly: MailingList, now: datetime) -> None:
    """Given Ada, of whom everything is stored that can be, and Bob."""
    rows = b"email,name,lang,tags,city\nada.secret@example.com,Ada Secret,en,vip,Secretville\nbob@example.com,Bob,,,\n"
    consent = Consent(list_id=weekly.id, when=now, words="They ticked the box", where="shop")
    plan = ImportPlan(file="people.csv", list_id=weekly.id, confirmed=True, consent=consent)
    await import_file(people, io.BytesIO(rows), plan, now=now)
    asked = Consent(list_id=weekly.id, when=now, words="Yes", where="192.0.2.1", by="form")
    await join(people, weekly, ADA, asked, now)
    await people.suppressions.suppress(ADA, Reason.HARD_BOUNCE, evidence="550 ada.secret@example.com", now=now)
    await people.suppressions.remove(ADA, "ada.secret says it works again", now)
    await people.suppressions.suppress(ADA, Reason.COMPLAINT, evidence="from ada.secret", now=now)


async def keyspace(redis: Redis) -> bytes:
    """Return every key with all that it holds."""
    keys = [key async for key in redis.scan_iter()]
    read = {b"hash": "HGETALL", b"string": "GET", b"set": "SMEMBERS", b"list": "LRANGE"}
    found = [bytes(key) if isinstance(key, bytes) else key.encode() for key in keys]
    for key in keys:
        command = read[await redis.execute_command("TYPE", key)]
        arguments = ("0", "-1") if command == "LRANGE" else ()
        held = await redis.execute_command(command, key, *arguments)
        parts = [part for pair in held.items() for part in pair] if isinstance(held, dict) else held
        found += [held] if isinstance(held, bytes) else list(parts)
    return b"\n".join(found).lower()


async def test_after_erasing_nothing_of_the_person_is_anywhere_in_redis(
    people: People, weekly: MailingList, now: datetime, two: None, redis: Redis
) -> None:
    assert b"secret" in await keyspace(redis)
    ada = await people.subscribers.find(ADA)
    assert ada is not None

    assert await erase(people, ADA, now)
    assert not await erase(people, ADA, now)

    assert b"secret" not in await keyspace(redis)
    assert await people.lists.counts(weekly.id) == {PENDING: 0, ACTIVE: 1, PAUSED: 0, LEFT: 0}
    assert await people.consents.of(ada.id) == []
    assert not await check(people)
    plan = ImportPlan(file="people.csv", list_id=weekly.id)
    again = await import_file(people, io.BytesIO(b"email\nADA.secret@example.com\n"), plan, now=now)
    assert again.counts == FrameCounts(suppressed=1)
    with pytest.raises(SuppressedError):
        await join(people, weekly, ADA, Consent(list_id=weekly.id, when=now), now)


async def test_one_persons_data_is_all_that_is_stored(
    people: People, weekly: MailingList, now: datetime, two: None
) -> None:
    ada = await people.subscribers.find(ADA)
    assert ada is not None

    data = json.loads(json.dumps(await data_of(people, ada)))

    assert (data["email"], data["name"], data["tags"]) == (ADA, "Ada Secret", ["vip"])
    assert (data["fields"], data["undeclared_fields"]) == ({"city": "Secretville"}, ["city"])
    assert data["lists"] == {"weekly": "active"}
    assert {(one["event"], one["words"], one["where"]) for one in data["consents"]} == {
        ("asked", "They ticked the box", "shop"),
        ("asked", "Yes", "192.0.2.1"),
    }
    assert [one["reason"] for one in data["suppressions"]] == ["complaint"]
    assert data["removed_suppressions"][0]["why"] == "ada.secret says it works again"


async def test_people_go_out_as_a_table_and_as_objects(
    people: People, weekly: MailingList, now: datetime, two: None
) -> None:
    evil = {"city": "=HYPERLINK(1)", "debt": "-12.5", "note": "+1 555"}
    await people.subscribers.add(Address("eve@example.com"), name="@SUM(A1)", fields=evil, now=now)
    everyone = await people.subscribers.all_ids()

    table = "".join([line async for line in export_csv(people, everyone)])
    objects = [json.loads(line) async for line in export_ndjson(people, everyone)]

    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["email"] for row in rows] == [ADA, BOB, "eve@example.com"] == [one["email"] for one in objects]
    assert (rows[0]["city"], rows[0]["tags"], rows[0]["list weekly"]) == ("Secretville", "vip", "active")
    assert (rows[2]["name"], rows[2]["city"], rows[2]["debt"]) == ("'@SUM(A1)", "'=HYPERLINK(1)", "-12.5")
    assert rows[2]["note"] == "'+1 555"
    assert (objects[2]["fields"], objects[2]["lists"]) == (evil, {})
    assert [line async for line in export_ndjson(people, Cohort())] == []


@pytest.mark.parametrize("text", ["", "Ada", "-1", "+3.5", "a=b", "1-2", "'=x"])
def test_harmless_cells_stay(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize("text", ["=1", " =1", "-1+2", "@x", "\t=1", "\r1", "+", "-", "＝1"])
def test_formulas_are_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"


async def test_a_person_with_another_address_is_the_same_person(
    people: People, weekly: MailingList, now: datetime, two: None
) -> None:
    bob = await people.subscribers.find(BOB)
    assert bob is not None

    changed = await change_address(people, bob, Address("robert@example.com"))

    assert (changed.id, changed.address) == (bob.id, "robert@example.com")
    assert await people.subscribers.find(BOB) is None
    assert await people.subscribers.find(Address("Robert@example.com")) == changed
    assert await people.lists.state_of(weekly.id, bob.id) is ACTIVE
    await people.suppressions.remove(ADA, "test", now)
    with pytest.raises(ConflictError):
        await change_address(people, changed, ADA)
    await people.suppressions.suppress(Address("x@example.com"), Reason.MANUAL, now=now)
    with pytest.raises(SuppressedError):
        await change_address(people, changed, Address("x@example.com"))
    recased = await change_address(people, changed, Address("ROBERT@example.com"))
    assert await people.subscribers.find(Address("robert@example.com")) == recased
    assert not await check(people)


async def test_two_records_become_one_person_who_left_if_either_did(
    people: People, weekly: MailingList, now: datetime
) -> None:
    daily = await people.lists.create("daily", name="Daily", newsletter="letters")
    one, _ = await people.subscribers.add(ADA, name="Ada", now=now)
    two, _ = await people.subscribers.add(BOB, name="A.", language="en", fields={"city": "Oslo"}, now=now)
    asked = Consent(list_id=daily.id, when=now, words="Yes")
    await people.consents.record_many([two.id], asked)
    await people.lists.move(weekly.id, [one.id, two.id], ACTIVE)
    await leave(people, two.id, weekly.id, now)
    await people.lists.move(daily.id, [two.id], ACTIVE)

    kept = await merge(people, one, two, now)

    assert kept == msgspec.structs.replace(one, version=2, language="en", fields={"city": "Oslo"})
    assert await people.lists.lists_of(one.id) == {weekly.id: LEFT, daily.id: ACTIVE}
    assert asked in await people.consents.of(one.id)
    assert await people.subscribers.get(two.id) is None
    assert await people.lists.lists_of(two.id) == {}
    assert not await check(people)
    with pytest.raises(SuppressedError):
        await join(people, weekly, BOB, asked, now)
