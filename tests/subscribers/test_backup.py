from __future__ import annotations

import gzip
import io
from datetime import datetime
from pathlib import Path

import pytest

from subscribers.address import Address
from subscribers.backup import read_backup, write_backup
from subscribers.checking import check
from subscribers.consent import Consent
from subscribers.erasing import erase
from subscribers.errors import BackupError
from subscribers.exporting import data_of, export_ndjson
from subscribers.fields import Field, FieldKind
from subscribers.importing import import_file
from subscribers.imports.importcounts import ImportPlan
from subscribers.joining import join, leave
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.segmenting import save_segment
from subscribers.storage import Redis
from subscribers.suppression import Reason


@pytest.fixture
async def filled(people: People, weekly: MailingList, now: datetime) -> People:
    """Given 300 people of whom one left, one complained and one is erased."""
    await people.lists.create("daily", name="Daily", newsletter="letters")
    field = Field(newsletter="letters", name="plan", kind=FieldKind.CHOICE, choices=("free", "pro"))
    await people.fields.declare(field)
    await save_segment(people, "pros", 'plan == "pro"', now)
    rows = "email,name,lang,plan,tags\n" + "".join(f"p{n}@example.com,P {n},en,pro,x\n" for n in range(300))
    consent = Consent(list_id=weekly.id, when=now, words="They ticked the box")
    plan = ImportPlan(file="people.csv", list_id=weekly.id, confirmed=True, consent=consent)
    await import_file(people, io.BytesIO(rows.encode()), plan, now=now)
    joined = await join(people, weekly, Address("q@example.com"), Consent(list_id=weekly.id, when=now), now)
    await leave(people, joined.subscriber.id, weekly.id, now)
    await people.suppressions.suppress(Address("p7@example.com"), Reason.COMPLAINT, evidence="spam", now=now)
    await erase(people, Address("p8@example.com"), now)
    return people


async def everything(people: People) -> object:
    lines = [line async for line in export_ndjson(people, await people.subscribers.all_ids())]
    persons = [await data_of(people, person) async for person in people.subscribers.everyone()]
    known = [await people.lists.all(), await people.fields.all(), await people.segments.all()]
    suppressions = sorted([(key, one.reason) async for key, one in people.suppressions.records.all()])
    return lines, persons, known, suppressions, await people.subscribers.last_id()


async def test_what_was_backed_up_comes_back_whole(filled: People, redis: Redis, now: datetime, tmp_path: Path) -> None:
    file = tmp_path / "people.ndjson.gz"
    before = await everything(filled)
    written = await write_backup(filled, file, now)
    await redis.flushall()

    restored = await read_backup(filled, file)
    again = await read_backup(filled, file)

    assert restored == again == written
    assert await everything(filled) == before
    assert not await check(filled)
    newcomer, is_new = await filled.subscribers.add(Address("new@example.com"), now=now)
    assert (newcomer.id, is_new) == (302, True)


async def test_a_backup_that_is_not_whole_or_not_ours_is_refused_before_anything_is_written(
    filled: People, redis: Redis, now: datetime, tmp_path: Path
) -> None:
    file = tmp_path / "people.ndjson.gz"
    await write_backup(filled, file, now)
    whole = gzip.decompress(file.read_bytes())
    other_key = People.at(redis, b"another key for tests, 32 bytes.")
    await redis.flushall()
    lines = whole.splitlines(keepends=True)
    broken = [
        b"",
        b"{}",
        b"[]\n",
        gzip.compress(b"".join(lines[:-1])),
        gzip.compress(b"".join(lines[:50] + lines[51:])),
        gzip.compress(whole.replace(b'"version": 2', b'"version": 9', 1)),
        gzip.compress(whole)[:-100],
        gzip.compress(b"[1]\n"),
    ]

    for content in broken:
        bad = tmp_path / "broken.gz"
        bad.write_bytes(content)
        with pytest.raises(BackupError):
            await read_backup(filled, bad)
    with pytest.raises(BackupError, match="another secret"):
        await read_backup(other_key, file)

    assert await redis.dbsize() == 0
