"""How people go out: as CSV that spreadsheets can open safely, as NDJSON, and one person's data as JSON.

Records are streamed, a chunk at a time; memory does not grow with the list.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from subscribers.cohort import Cohort, SubscriberId
from subscribers.consent import Consent
from subscribers.fields import undeclared
from subscribers.formulas import guarded
from subscribers.lists import ListId
from subscribers.people import People
from subscribers.subscriber import Subscriber, unpack
from subscribers.subscription import SubscriptionState
from subscribers.suppression import Suppression

_COLUMNS = ("id", "email", "name", "language", "tags", "joined")


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The people of one chunk, and where they stand."""

    people: list[Subscriber]
    states: dict[str, dict[SubscriptionState, Cohort]]


async def export_csv(people: People, cohort: Cohort) -> AsyncIterator[str]:
    """Yield the lines of a CSV file of these people, headings first: record, fields, and their state on every list."""
    names = await _field_names(people, cohort)
    slugs = [mailing_list.slug for mailing_list in await people.lists.all()]
    yield _line([*_COLUMNS, *names, *(f"list {slug}" for slug in slugs)])
    async for chunk in _chunks(people, cohort):
        for person in chunk.people:
            own = (str(person.id), person.address, person.name, person.language, ", ".join(person.tags))
            fields = (_cell(person.fields.get(name, "")) for name in names)
            states = (_state(chunk, slug, person.id) for slug in slugs)
            yield _line([*own, person.joined.isoformat(), *fields, *states])


async def export_ndjson(people: People, cohort: Cohort) -> AsyncIterator[str]:
    """Yield one JSON object a person and line: record, fields, lists, consent history."""
    async for chunk in _chunks(people, cohort):
        for person in chunk.people:
            lists = {slug: state for slug in chunk.states if (state := _state(chunk, slug, person.id))}
            yield json.dumps({**_record(person), "lists": lists}, ensure_ascii=False) + "\n"


async def data_of(people: People, person: Subscriber) -> dict[str, Any]:
    """Return everything that is stored about one person, as plain values for JSON."""
    slugs = {one.id: one.slug for one in await people.lists.all()}
    declared = await people.fields.declared()
    suppressions = await people.suppressions.all_of(person.address)
    removed = await people.suppressions.removed(person.address)
    return {
        **_record(person),
        "undeclared_fields": sorted(undeclared(person, declared)),
        "lists": {slugs[one]: state.value for one, state in (await people.lists.lists_of(person.id)).items()},
        "consents": [_consent(one, slugs) for one in await people.consents.of(person.id)],
        "suppressions": [suppression_facts(one) for one in suppressions],
        "removed_suppressions": [
            {"reason": one.was.reason, "why": one.why, "when": one.when.isoformat()} for one in removed
        ],
    }


def suppression_facts(one: Suppression) -> dict[str, Any]:
    """Return a suppression as plain values for JSON."""
    return {
        "address": one.address,
        "domain": one.domain,
        "newsletter": one.newsletter,
        "reason": one.reason.value,
        "since": one.since.isoformat(),
        "until": one.until and one.until.isoformat(),
        "evidence": one.evidence,
    }


async def _chunks(people: People, cohort: Cohort) -> AsyncIterator[_Chunk]:
    lists = await people.lists.all()
    for chunk in cohort.chunks():
        here = Cohort({chunk: cohort.bits(chunk)})
        wanted = set(here)
        found: list[Subscriber] = []
        states = {one.slug: await people.lists.among(one.id, here, list(SubscriptionState)) for one in lists}
        async for some in people.subscribers.packed(here):
            found += sorted((p for p in map(unpack, some) if p.id in wanted), key=lambda person: person.id)
            if len(found) >= _PEOPLE_AT_A_TIME:
                yield _Chunk(found, states)
                found = []
        yield _Chunk(found, states)


_PEOPLE_AT_A_TIME = 1_000


async def _field_names(people: People, cohort: Cohort) -> list[str]:
    """Return the names of all fields that any of them has; a look through the records, since nobody keeps a list."""
    names: dict[str, None] = dict.fromkeys(await people.fields.declared())
    async for some in people.subscribers.packed(cohort):
        for packed in some:
            names.update(dict.fromkeys(unpack(packed).fields))
    return [name for name in names if name not in _COLUMNS]


def _record(person: Subscriber) -> dict[str, Any]:
    return {
        "id": person.id,
        "email": person.address,
        "name": person.name,
        "language": person.language,
        "tags": list(person.tags),
        "joined": person.joined.isoformat(),
        "fields": dict(person.fields),
    }


def _consent(one: Consent, slugs: dict[ListId, str]) -> dict[str, str]:
    return {
        "list": slugs.get(one.list_id, ""),
        "event": one.event,
        "when": one.when.isoformat(),
        "words": one.words,
        "where": one.where,
        "by": one.by,
    }


def _state(chunk: _Chunk, slug: str, one: SubscriberId) -> str:
    return next((state.value for state, cohort in chunk.states[slug].items() if one in cohort), "")


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([guarded(cell) for cell in cells])
    return text.getvalue()
