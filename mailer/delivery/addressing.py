"""Addressing: from the lists, segments and mailings that a person names to a scope, and to what is asked of each chunk.

A segment goes across lists, but every message needs a list that its reader can leave. So whoever is reached by a
segment alone is mailed on behalf of a list of the newsletter on which they are active, and whoever is active on none of
them is excluded (docs/decisions has why).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mailer.delivery.press import Press
from mailer.errors import ConflictError
from mailer.issues.aims.scope import ChosenSegment, Scope
from mailer.issues.mailing import MailingId
from subscribers.cohort import Cohort
from subscribers.errors import UnknownSegmentError
from subscribers.lists import ListId, MailingList
from subscribers.segmenting import Plan, plan_segment
from subscribers.segments.segmentlanguage import read_expression

_SLUG = re.compile(r"[\w-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Whom a person names: slugs of lists, slugs or rules of segments, numbers of mailings."""

    lists: Sequence[str] = ()
    segments: Sequence[str] = ()
    without_lists: Sequence[str] = ()
    without_segments: Sequence[str] = ()
    without_mailings: Sequence[int] = ()


class Addressed(NamedTuple):
    """A wish with its names looked up; a cohort confines it to these people."""

    lists: tuple[ListId, ...]
    scope: Scope
    cohort: Cohort | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A scope with its names looked up, ready to be asked of each chunk."""

    press: Press
    newsletter: str
    """The slug of the newsletter that all the lists belong to; its own suppressions count too."""
    lists: tuple[ListId, ...]
    scope: Scope
    names: tuple[str, ...]
    """Of the lists and then of the segments, as people know them."""
    segments: tuple[Plan, ...]
    without_segments: tuple[Plan, ...]
    mailing: MailingId | None
    """Whose own cohort it is, where the scope has one."""
    cohort: Cohort | None
    """Whom it is confined to, where there is no mailing yet."""
    archived: frozenset[ListId] = frozenset()
    """The lists that are archived now, although they were chosen once: nobody is mailed on their behalf."""


async def look_up(press: Press, newsletter: str, wish: Wish, now: datetime) -> Addressed:
    """Return the lists and the scope that a wish comes to, for an issue of this newsletter.

    Raises ConflictError for a wish that names nobody or a foreign list, UnknownListError, UnknownSegmentError and
    RuleError for what is not there.
    """
    if not wish.lists and not wish.segments:
        raise ConflictError("A mailing needs at least one list or segment. Name those whose people get it.")
    lists = [await press.people.lists.find(slug) for slug in dict.fromkeys(wish.lists)]
    for one in lists:
        if one.newsletter != newsletter:
            raise ConflictError(
                f"List {one.slug} belongs to the newsletter {one.newsletter}, not to {newsletter}: the people on it "
                f"did not ask for this. Choose a list of {newsletter}."
            )
        if one.is_archived:
            raise ConflictError(f"List {one.slug} is archived, so nobody on it is mailed. Choose another.")
    without = [await press.people.lists.find(slug) for slug in dict.fromkeys(wish.without_lists)]
    for number in wish.without_mailings:
        await press.mailings.get(MailingId(number))
    chosen = tuple(one.id for one in lists)
    scope = Scope(
        segments=await _segments(press, wish.segments, now),
        through=await _others(press, newsletter, lists) if wish.segments else (),
        without_lists=tuple(one.id for one in without),
        without_segments=await _segments(press, wish.without_segments, now),
        without_mailings=tuple(dict.fromkeys(wish.without_mailings)),
    )
    return Addressed(chosen, scope)


async def ask(
    press: Press,
    lists: Sequence[ListId],
    scope: Scope,
    now: datetime,
    mailing: MailingId | None = None,
    cohort: Cohort | None = None,
) -> Asked:
    """Look a scope's names up. Raises RuleError if a segment asks for something that is gone."""
    known = {one.id: one for one in await press.people.lists.all()}
    names = {list_id: one.name for list_id, one in known.items()}
    return Asked(
        press,
        next((known[one].newsletter for one in (*lists, *scope.through) if one in known), ""),
        tuple(lists),
        scope,
        (*(names.get(one, f"list {one}") for one in lists), *(one.name for one in scope.segments)),
        tuple([await _plan(press, one, now) for one in scope.segments]),
        tuple([await _plan(press, one, now) for one in scope.without_segments]),
        mailing,
        cohort,
        frozenset(list_id for list_id, one in known.items() if one.is_archived),
    )


async def _others(press: Press, newsletter: str, chosen: Sequence[MailingList]) -> tuple[ListId, ...]:
    found = [one for one in await press.people.lists.all() if one.newsletter == newsletter and not one.is_archived]
    if not found:
        raise ConflictError(
            f"The newsletter {newsletter} has no list, so nobody of a segment could leave it. "
            "Make one with `pressrun lists create`."
        )
    return tuple(sorted(one.id for one in found if one not in chosen))


async def _segments(press: Press, named: Sequence[str], now: datetime) -> tuple[ChosenSegment, ...]:
    return tuple([await _segment(press, name, now) for name in dict.fromkeys(named)])


async def _segment(press: Press, name: str, now: datetime) -> ChosenSegment:
    try:
        rule = (await press.people.segments.find(name)).expression
    except UnknownSegmentError:
        if _SLUG.fullmatch(name):
            raise
        rule = name
    chosen = ChosenSegment(name, rule)
    await _plan(press, chosen, now)
    return chosen


async def _plan(press: Press, segment: ChosenSegment, now: datetime) -> Plan:
    return await plan_segment(press.people, read_expression(segment.rule), now)
