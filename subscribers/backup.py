"""A full backup of everything about people, and its way back: NDJSON, gzipped, streamed.

The first line says the format and its version; each next line is one fact: a list, a declared field, a segment, a
person with lists and consents, a suppression. Numbers of people and lists stay what they were, since links in mails
and ledgers of mailings name people by them. The last line counts the lines, so that a file cut short is known as one.

The digests are keyed with the installation's secret: a restored Pressrun needs the same secret, or suppressions of
erased people would be lost without a sound. The first line has a digest to tell.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from subscribers.address import Address
from subscribers.checking import values_of
from subscribers.cohort import Cohort, SubscriberId
from subscribers.consent import Consent
from subscribers.errors import BackupError
from subscribers.fields import Field
from subscribers.lists import ListId, MailingList
from subscribers.people import People
from subscribers.segments.segment import Segment
from subscribers.subscriber import Subscriber, unpack
from subscribers.subscription import SubscriptionState
from subscribers.suppression import RemovedSuppression, Suppression

FORMAT, VERSION = "pressrun-people", 2
_READ_TOO = (1,)
"""What has fewer kinds of facts."""
_PEOPLE_AT_A_TIME = 1_000
_WITNESS = Address("witness@pressrun.invalid")


async def write_backup(people: People, file: Path, now: datetime) -> int:
    """Write everything into a file, which is there whole or not at all; return how many facts it has."""
    part = file.with_name(f"{file.name}.part")
    count = 0
    with gzip.open(part, "wt", encoding="utf-8", compresslevel=6) as stream:
        async for fact in _facts(people, now):
            stream.write(json.dumps(fact, ensure_ascii=False) + "\n")
            count += 1
        stream.write(json.dumps({"end": count}) + "\n")
    part.replace(file)
    return count


async def _facts(people: People, now: datetime) -> AsyncIterator[dict[str, Any]]:
    witness = people.subscribers.index.digest(_WITNESS).hex()
    last = await people.subscribers.last_id()
    yield {"format": FORMAT, "version": VERSION, "written": now.isoformat(), "witness": witness, "last_id": last}
    for mailing_list in await people.lists.all():
        yield {"list": _plain(mailing_list)}
    for field in await people.fields.all():
        yield {"field": _plain(field)}
    for segment in await people.segments.all():
        yield {"segment": _plain(segment)}
    async for digest, suppression in people.suppressions.records.all():
        yield {"suppression": _plain(suppression), "digest": base64.b64encode(digest).decode()}
    async for digest, trace in people.suppressions.records.traces():
        yield {"removed_suppression": _plain(trace), "digest": base64.b64encode(digest).decode()}
    everyone = await people.subscribers.all_ids()
    for chunk in everyone.chunks():
        async for fact in _people(people, Cohort({chunk: everyone.bits(chunk)})):
            yield fact


async def _people(people: People, here: Cohort) -> AsyncIterator[dict[str, Any]]:
    wanted = set(here)
    lists = await people.lists.all()
    states = {one.id: await people.lists.among(one.id, here, list(SubscriptionState)) for one in lists}
    async for some in people.subscribers.packed(here):
        for person in map(unpack, some):
            if person.id in wanted:
                standing = {
                    str(list_id): state.value
                    for list_id, cohorts in states.items()
                    for state, cohort in cohorts.items()
                    if person.id in cohort
                }
                pauses = {
                    list_id: until.isoformat()
                    for list_id, state in standing.items()
                    if state == SubscriptionState.PAUSED
                    and (until := await people.lists.pauses.until(ListId(int(list_id)), person.id))
                }
                consents = [_plain(consent) for consent in await people.consents.of(person.id)]
                yield {"person": _plain(person), "lists": standing, "pauses": pauses, "consents": consents}


async def read_backup(people: People, file: Path) -> int:
    """Put everything from a file into an empty Pressrun; return how many facts it had. May be repeated.

    The file is read to its end before anything is written. Raises BackupError.
    """
    first = _check(file)
    if first["witness"] != people.subscribers.index.digest(_WITNESS).hex():
        raise BackupError(f"{file.name} was written with another secret; restore the secret (settings) first.")
    known = await people.subscribers.all_ids()
    before = await people.subscribers.last_id()
    if known and before > first["last_id"]:
        raise BackupError(f"There are people here whom {file.name} does not know. Restore into an empty Redis.")
    await people.subscribers.index.reserve(first["last_id"])
    count = 0
    some: list[dict[str, Any]] = []
    for fact in _lines(file):
        count += 1
        if "person" in fact:
            some.append(fact)
            if len(some) == _PEOPLE_AT_A_TIME:
                await _restore_people(people, some)
                some = []
        else:
            await _restore(people, fact)
    await _restore_people(people, some)
    return count - 1


def _check(file: Path) -> dict[str, Any]:
    """Read the whole file once; return its first line."""
    first: dict[str, Any] = {}
    count, end = 0, -1
    for fact in _lines(file):
        first = first or fact
        if first.get("format") != FORMAT or not isinstance(first.get("last_id"), int):
            raise BackupError(f"{file.name} is no backup of Pressrun's people.")
        if first.get("version") not in (VERSION, *_READ_TOO):
            raise BackupError(f"{file.name} is of version {first.get('version')}; this Pressrun reads {VERSION}.")
        end = fact.get("end", -1)
        count += 1
    if end != count - 1 or "witness" not in first:
        raise BackupError(f"{file.name} is not whole: it ends after {count:,} lines. Nothing was restored.")
    return first


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            for line in stream:
                fact = json.loads(line)
                if not isinstance(fact, dict):
                    raise BackupError(f"{file.name} is no backup of Pressrun's people.")
                yield fact
    except (OSError, EOFError, ValueError) as error:
        raise BackupError(f"{file.name} cannot be read: {error}. Nothing was restored.") from error


async def _restore(people: People, fact: dict[str, Any]) -> None:
    match fact:
        case {"list": plain}:
            await people.lists.restore(msgspec.convert(plain, MailingList))
        case {"field": plain}:
            await people.fields.declare(msgspec.convert(plain, Field))
        case {"segment": plain}:
            await people.segments.put(msgspec.convert(plain, Segment))
        case {"suppression": plain, "digest": str(digest)}:
            await people.suppressions.restore(base64.b64decode(digest), msgspec.convert(plain, Suppression))
        case {"removed_suppression": plain, "digest": str(digest)}:
            trace = msgspec.convert(plain, RemovedSuppression)
            await people.suppressions.restore_trace(base64.b64decode(digest), trace)


async def _restore_people(people: People, facts: list[dict[str, Any]]) -> None:
    persons = [msgspec.convert(fact["person"], Subscriber) for fact in facts]
    await people.subscribers.restore(persons)
    standing: dict[tuple[ListId, SubscriptionState], list[SubscriberId]] = {}
    agreed: dict[Consent, list[SubscriberId]] = {}
    for person, fact in zip(persons, facts, strict=True):
        for list_id, state in fact["lists"].items():
            standing.setdefault((ListId(int(list_id)), SubscriptionState(state)), []).append(person.id)
        for list_id, until in fact.get("pauses", {}).items():
            await people.lists.pauses.put(ListId(int(list_id)), person.id, datetime.fromisoformat(until))
        for consent in fact["consents"]:
            agreed.setdefault(msgspec.convert(consent, Consent), []).append(person.id)
    for consent, ids in agreed.items():
        if len(ids) == 1:
            await people.consents.record(ids[0], consent)
        else:
            await people.consents.record_many(ids, consent)
    for (list_id, state), ids in standing.items():
        await people.lists.put(list_id, state, Cohort.of(ids))
    await people.fields.index(await values_of(people, Cohort.of(person.id for person in persons)))


def _plain(struct: msgspec.Struct) -> Any:
    return msgspec.to_builtins(struct)
