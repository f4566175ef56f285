"""What becomes of a frame of an imported file: some thousand rows at once, in about ten round trips.

Every step may be repeated. The order is such that a crash between two of them leaves less than the file says, never
more: the bits of a person's values before the record, the proof of consent before the place on the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from subscribers.address import domain_of
from subscribers.cohort import Cohort, SubscriberId
from subscribers.imports.importcounts import FrameCounts, ImportPlan, OnConflict
from subscribers.imports.rowreading import Frame
from subscribers.people import People
from subscribers.store.index import Claim
from subscribers.store.subscribers import check_same
from subscribers.store.suppressionrecords import Who
from subscribers.subscriber import Newcomer, Subscriber, unpack_rest
from subscribers.subscription import Mover, SubscriptionState, may_move

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where the people of a file go, and by which import."""

    people: People
    plan: ImportPlan
    import_id: str
    newsletter: str
    """The newsletter that the list belongs to."""

    @property
    def state(self) -> SubscriptionState:
        """The state that they get on the list."""
        return SubscriptionState.ACTIVE if self.plan.confirmed else SubscriptionState.PENDING


@dataclass(frozen=True, slots=True)
class _Known:
    """Who the people of a frame are, as far as they are known: an id for each place, 0 for none."""

    ids: list[SubscriberId]
    suppressed: frozenset[bytes]
    have_record: Cohort


async def import_frame(frame: Frame, place: Place) -> FrameCounts:
    """Import a frame, and return what became of its rows; the same if it was done before, or half done."""
    known = await _look(frame, place)
    claims = await _claim(frame, known, place)
    made = await _add(frame, claims, known, place)
    everyone = Cohort.of(claim.id for claim in claims.values())
    gone = Cohort.of(claims[at].id for at in frame.left if at in claims)
    left_here = await _left(everyone, place)
    away = left_here | gone
    if place.plan.on_conflict is not OnConflict.SKIP:
        await _update(frame, claims, (everyone - made) - away, place)
    await _move(everyone - away, place)
    await _note_leaving(gone - left_here, place)
    new, updated, placed = await place.people.imports.done(place.import_id, everyone.chunks())
    return _counted(frame, len(claims), everyone, left=away, new=new, updated=updated, placed=placed)


async def rehearse_frame(frame: Frame, place: Place) -> FrameCounts:
    """Return what would become of a frame's rows, and change nothing."""
    known = await _look(frame, place)
    welcome = [at for at, one in enumerate(frame.digests) if one not in known.suppressed]
    strangers = [at for at in welcome if known.ids[at] not in known.have_record]
    gone = set(frame.left)
    there = known.have_record & Cohort.of(known.ids[at] for at in welcome)
    left = await _left(there, place) | (there & Cohort.of(known.ids[at] for at in welcome if at in gone))
    claims = {at: Claim(frame.digests[at], known.ids[at], is_ours=False) for at in welcome if known.ids[at] in there}
    changed = Cohort()
    if place.plan.on_conflict is not OnConflict.SKIP:
        changes = await _changes(frame, claims, there - left, place)
        changed = Cohort.of(old.id for old, new in changes if old != new)
    placed = there - left - await _settled(there, place)
    counts = _counted(frame, len(welcome), there, left=left, new=Cohort(), updated=changed, placed=placed)
    new_and_left = sum(at in gone for at in strangers)
    new = len(strangers) - new_and_left
    return msgspec.structs.replace(
        counts,
        new=new,
        left=counts.left + new_and_left,
        placed=counts.placed + new,
        unchanged=counts.unchanged - len(strangers),
    )


def _counted(
    frame: Frame, welcome: int, everyone: Cohort, *, left: Cohort, new: Cohort, updated: Cohort, placed: Cohort
) -> FrameCounts:
    stayed = everyone & left
    made = (everyone & new) - stayed
    changed = (everyone & (updated | placed)) - stayed - made
    return FrameCounts(
        new=made.count(),
        updated=changed.count(),
        unchanged=welcome - stayed.count() - made.count() - changed.count(),
        duplicates=frame.duplicate_count,
        invalid=len(frame.rejected),
        suppressed=len(frame.digests) - welcome,
        left=stayed.count(),
        placed=(everyone & placed).count(),
        role=frame.role_count,
        disposable=frame.disposable_count,
        mistyped=sum(frame.mistyped.values()),
    )


async def _look(frame: Frame, place: Place) -> _Known:
    looked = await place.people.subscribers.index.look(frame.digests)
    have_record = await place.people.subscribers.among(Cohort.of(filter(None, looked.ids)))
    return _Known(looked.ids, await _suppressed(frame, looked.suppressed, place), have_record)


async def _suppressed(frame: Frame, looked: frozenset[bytes], place: Place) -> frozenset[bytes]:
    """Return whom the newsletter may not mail; most frames have nobody to ask about."""
    records = place.people.suppressions.records
    if await records.scopes():
        addresses = zip(frame.digests, frame.rests, strict=True)
        asked = [Who(one, domain_of(unpack_rest(rest).address)) for one, rest in addresses]
    else:
        asked = [Who(one, "") for one in looked]
    found = await records.applying(asked) if asked else []
    mine = ("", place.newsletter)
    return frozenset(
        one.digest
        for one, suppressions in zip(asked, found, strict=True)
        if any(suppression.newsletter in mine for suppression in suppressions)
    )


async def _claim(frame: Frame, known: _Known, place: Place) -> dict[int, Claim]:
    """Return a claim for each place in the frame that is not suppressed."""
    welcome = [at for at, one in enumerate(frame.digests) if one not in known.suppressed]
    missing = [at for at in welcome if not known.ids[at]]
    given = await place.people.subscribers.index.give_ids([frame.digests[at] for at in missing])
    claims = dict(zip(missing, given, strict=True))
    for at in welcome:
        if at not in claims:
            claims[at] = Claim(frame.digests[at], known.ids[at], is_ours=False)
    return claims


async def _add(frame: Frame, claims: dict[int, Claim], known: _Known, place: Place) -> Cohort:
    """Write the records that are missing; return whose they are."""
    have_record = set(known.have_record)
    new = {at: claim for at, claim in claims.items() if claim.id not in have_record}
    values = {}
    for name, places in frame.values.items():
        field, _, value = name.partition("\0")
        if some := Cohort.of(new[at].id for at in places if at in new):
            values[field, value] = some
    await place.people.fields.index(values)
    records = {claim: frame.rests[at] for at, claim in new.items()}
    before = await place.people.subscribers.write_new(records, place.import_id)
    for at, claim in new.items():
        if claim.id in before:
            check_same(unpack_rest(frame.rests[at]).address, before[claim.id])
    return Cohort.of(claim.id for claim in new.values()) - Cohort.of(before)


async def _left(everyone: Cohort, place: Place) -> Cohort:
    left = SubscriptionState.LEFT
    return (await place.people.lists.among(place.plan.list_id, everyone, [left]))[left]


async def _settled(everyone: Cohort, place: Place) -> Cohort:
    """Return who is where they would be moved to, or further."""
    settled = [to for to in SubscriptionState if to is place.state or not may_move(to, place.state, Mover.OPERATOR)]
    there = await place.people.lists.among(place.plan.list_id, everyone, settled)
    return _union(there.values())


async def _move(everyone: Cohort, place: Place) -> None:
    movable = everyone - await _settled(everyone, place)
    if not movable:
        return
    # The proof goes first: after a crash here there is a proof without a subscription, never the reverse.
    if place.plan.consent is not None:
        await place.people.consents.record_many(movable, place.plan.consent)
    await place.people.lists.move(
        place.plan.list_id, movable, place.state, by=Mover.OPERATOR, import_id=place.import_id
    )


async def _note_leaving(gone: Cohort, place: Place) -> None:
    """Remember who left elsewhere, unless they are on this list already: that they agreed to themselves."""
    if gone:
        lists, list_id = place.people.lists, place.plan.list_id
        here = await lists.among(list_id, gone, [SubscriptionState.ACTIVE])
        await lists.move(list_id, gone - _union(here.values()), SubscriptionState.LEFT, by=Mover.OPERATOR)


async def _update(frame: Frame, claims: dict[int, Claim], people: Cohort, place: Place) -> None:
    """Change the records of known people as the plan says; those whom somebody else changes too, again."""
    for _ in range(_TRIES):
        changes = [change for change in await _changes(frame, claims, people, place) if change[0] != change[1]]
        if not changes:
            return
        await place.people.imports.remember_updated(place.import_id, Cohort.of(old.id for old, _ in changes))
        codes = await place.people.subscribers.update_many(changes)
        people = Cohort.of(old.id for (old, _), code in zip(changes, codes, strict=True) if code == 0)


async def _changes(
    frame: Frame, claims: dict[int, Claim], people: Cohort, place: Place
) -> list[tuple[Subscriber, Subscriber]]:
    """Return these people as they stand and as they shall be."""
    if not people:
        return []
    wanted = set(people)
    stand = await place.people.subscribers.read(wanted)
    merge = _MERGES[place.plan.on_conflict]
    changes = []
    for at, claim in claims.items():
        if claim.id in wanted and (old := stand.get(claim.id)) is not None:
            changes.append((old, merge(old, unpack_rest(frame.rests[at]))))
    return changes


def _filled(old: Subscriber, newcomer: Newcomer) -> Subscriber:
    return msgspec.structs.replace(
        old,
        name=old.name or newcomer.name,
        language=old.language or newcomer.language,
        fields=newcomer.fields | old.fields,
        tags=_both(old.tags, newcomer.tags),
    )


def _overwritten(old: Subscriber, newcomer: Newcomer) -> Subscriber:
    return msgspec.structs.replace(
        old,
        name=newcomer.name or old.name,
        language=newcomer.language or old.language,
        fields=old.fields | newcomer.fields,
        tags=_both(old.tags, newcomer.tags),
    )


def _as_it_is(old: Subscriber, _newcomer: Newcomer) -> Subscriber:
    return old


_MERGES = {OnConflict.SKIP: _as_it_is, OnConflict.FILL: _filled, OnConflict.OVERWRITE: _overwritten}


def _both(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({*first, *second}))


def _union(cohorts: Iterable[Cohort]) -> Cohort:
    whole = Cohort()
    for one in cohorts:
        whole |= one
    return whole
