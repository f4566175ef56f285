"""A scope: what the audience of a mailing is made of besides its lists.

An audience is `(lists ∪ segments) − what is left out`. A segment's rule is kept as it stood when the mailing was asked
for, so that what was confirmed is what is asked; who is in it is asked when the mailing begins.
"""

from __future__ import annotations

import msgspec

from subscribers.lists import ListId


class ChosenSegment(msgspec.Struct, frozen=True):
    """A segment's rule, and the name that it went by."""

    name: str
    """A saved segment's slug, or the rule itself."""
    rule: str


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What is added to the people of a mailing's lists, and what is taken away."""

    segments: tuple[ChosenSegment, ...] = ()
    through: tuple[ListId, ...] = ()
    """The newsletter's other lists: whoever is reached by a segment alone is mailed on behalf of one of its lists."""
    without_lists: tuple[ListId, ...] = ()
    without_segments: tuple[ChosenSegment, ...] = ()
    without_mailings: tuple[int, ...] = ()
    """Whoever got one of these, or may yet get it, is left out."""
    is_within_cohort: bool = False
    """Only people of the mailing's own cohort, which was frozen when the mailing was asked for."""


ONLY_LISTS = Scope()
"""Nothing but the people of the lists."""
