"""How a segment is asked: who is in it, how many, and why it takes what it takes.

A rule's names are looked up first: an unknown list, field, value or term is an error with a suggestion. What mailings
know (`opened`, `clicked`, `was_mailed`, `engaged_within`) comes from above, as `Outside`: a function for each of those
terms that returns the set, since this package knows nothing of mailings. `people` brings those terms with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from subscribers.cohort import Cohort, SubscriberId, bits_to_bytes
from subscribers.people import People
from subscribers.segments.outside import Outside
from subscribers.segments.recordrules import Test, decoder_for, test_for
from subscribers.segments.segment import Comparison, Rule, Segment
from subscribers.segments.segmentlanguage import read_expression, write_expression
from subscribers.segments.segmentnames import ALL, UNINDEXED, Lookup
from subscribers.segments.segmentplan import Bounds, MaybeSets, between, bounds_of, leaves

__all__ = ["Outside", "count_segment", "explain_segment", "save_segment", "segment_by_chunk", "segment_cohort"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A rule whose names were looked up, ready to be asked."""

    rule: Rule
    bounds: Bounds
    sets: Mapping[Rule, MaybeSets]
    names: frozenset[str]
    """Columns and fields of records that must be read."""
    now: datetime


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a rule comes to: its normal form, the sets it uses with their sizes, and whose records are read."""

    expression: str
    count: int
    sets: list[tuple[str, int]]
    records_read: int
    conditions: list[str]
    """Those that no index answers."""


async def count_segment(people: People, expression: str, now: datetime, outside: Outside | None = None) -> int:
    """Return how many people are in the segment. Raises RuleError."""
    plan = await plan_segment(people, read_expression(expression), now, outside)
    chunks = range(await people.subscribers.chunk_count())
    if plan.bounds.is_exact:
        return await people.algebra.count(plan.bounds.certain, chunks) if plan.bounds.certain else 0
    return (await _cohort(people, plan, chunks)).count()


async def segment_cohort(people: People, expression: str, now: datetime, outside: Outside | None = None) -> Cohort:
    """Return who is in the segment. Raises RuleError."""
    plan = await plan_segment(people, read_expression(expression), now, outside)
    return await _cohort(people, plan, range(await people.subscribers.chunk_count()))


async def segment_by_chunk(
    people: People, expression: str, now: datetime, outside: Outside | None = None
) -> AsyncIterator[Cohort]:
    """Yield who is in the segment, a chunk at a time, so that memory does not grow. Raises RuleError."""
    plan = await plan_segment(people, read_expression(expression), now, outside)
    for chunk in range(await people.subscribers.chunk_count()):
        if cohort := await _cohort(people, plan, range(chunk, chunk + 1)):
            yield cohort


async def explain_segment(
    people: People, expression: str, now: datetime, outside: Outside | None = None
) -> Explanation:
    """Say what the segment comes to. Raises RuleError."""
    rule = read_expression(expression)
    plan = await plan_segment(people, rule, now, outside)
    chunks = range(await people.subscribers.chunk_count())
    sizes = []
    for leaf, sets in plan.sets.items():
        sizes.append((write_expression(leaf), await people.algebra.count(sets, chunks) if sets else 0))
    rest = between(plan.bounds)
    return Explanation(
        write_expression(rule),
        (await _cohort(people, plan, chunks)).count(),
        sizes,
        await people.algebra.count(rest, chunks) if rest else 0,
        [write_expression(leaf) for leaf in leaves(plan.rule) if leaf not in plan.sets],
    )


async def save_segment(
    people: People, slug: str, expression: str, now: datetime, *, name: str = "", outside: Outside | None = None
) -> Segment:
    """Save a rule under a name, in its normal form, after looking all its names up. Raises RuleError."""
    rule = read_expression(expression)
    await plan_segment(people, rule, now, outside, inside=(slug,))
    segment = Segment(slug=slug, expression=write_expression(rule), name=name)
    await people.segments.put(segment)
    return segment


async def plan_segment(
    people: People, rule: Rule, now: datetime, outside: Outside | None = None, inside: tuple[str, ...] = ()
) -> Plan:
    """Look up every name of a rule. Raises RuleError, with a suggestion."""
    chunks = range(await people.subscribers.chunk_count())
    # The sets are computed in Redis, from the bitmaps as they are: what has ended must have ended there too.
    await people.lists.pauses.wake(chunks)
    await people.suppressions.suppressed.wake(chunks)
    lookup = Lookup(people, now, people.outside if outside is None else outside, await people.fields.declared())
    resolved = await lookup.resolved(rule, inside)
    sets: dict[Rule, MaybeSets] = {}
    names: set[str] = set()
    for leaf in leaves(resolved):
        if lookup.needs_records(leaf):
            names.add(leaf.field if isinstance(leaf, Comparison) else "joined")
        elif (found := await lookup.sets_of(leaf)) is not UNINDEXED:
            sets[leaf] = found
        else:
            assert isinstance(leaf, Comparison)
            names.add(leaf.field)
    return Plan(resolved, bounds_of(resolved, sets, ALL), sets, frozenset(names), now)


async def bits_in(people: People, plan: Plan, chunk: int) -> int:
    """Return who of one chunk is in a segment that was planned: bit p is position p."""
    return (await _cohort(people, plan, range(chunk, chunk + 1))).bits(chunk)


async def _cohort(people: People, plan: Plan, chunks: range) -> Cohort:
    certain = await people.algebra.cohort(plan.bounds.certain, chunks) if plan.bounds.certain else Cohort()
    rest = between(plan.bounds)
    if rest is None:
        return certain
    asked = await people.algebra.cohort(rest, chunks)
    decoder = decoder_for(set(plan.names))
    found: list[SubscriberId] = []
    for chunk in asked.chunks():
        test = await _test(people, plan, chunk)
        bits = Cohort({chunk: asked.bits(chunk)})
        async for some in people.subscribers.packed(bits):
            for packed in some:
                record = decoder.decode(packed)
                if test(record, record.id & 0xFFFF):
                    found.append(record.id)
    return certain | (Cohort.of(found) & asked)


async def _test(people: People, plan: Plan, chunk: int) -> Test:
    """Return the test of the rule for the people of a chunk."""
    bits = {}
    for leaf, sets in plan.sets.items():
        cohort = await people.algebra.cohort(sets, [chunk]) if sets else Cohort()
        bits[leaf] = bits_to_bytes(cohort.bits(chunk))
    return test_for(plan.rule, set(plan.names), bits, plan.now)
