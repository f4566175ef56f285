"""Sets of people as computations over bitmaps: what a segment's set terms come to.

A `Sets` is a tree of unions, intersections and differences whose leaves are bitmaps, each named by a function from the
chunk to its key. Nothing here talks to Redis: `subscribers.store.algebra` computes the trees there, chunk by chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Named = Callable[[int], str]
"""From a chunk's number to the key of its bitmap."""


@dataclass(frozen=True, slots=True)
class Bitmap:
    """Everyone in a bitmap. `title` is what explanations call it."""

    named: Named
    title: str = ""


@dataclass(frozen=True, slots=True)
class Combined:
    """Two sets combined by `|`, `&` or `-`."""

    how: str
    first: Sets
    second: Sets


Sets = Bitmap | Combined


def either(first: Sets, second: Sets) -> Sets:
    """Return who is in one of the sets, or in both."""
    return Combined("|", first, second)


def both(first: Sets, second: Sets) -> Sets:
    """Return who is in both sets."""
    return Combined("&", first, second)


def without(first: Sets, second: Sets) -> Sets:
    """Return who is in the first set and not in the second."""
    return Combined("-", first, second)


def postfix(sets: Sets) -> Iterator[Bitmap | str]:
    """Yield the computation in the order in which a stack does it."""
    if isinstance(sets, Bitmap):
        yield sets
        return
    yield from postfix(sets.first)
    yield from postfix(sets.second)
    yield sets.how


def depth(sets: Sets) -> int:
    """Return how many sets stand on the stack at once."""
    if isinstance(sets, Bitmap):
        return 1
    return max(depth(sets.first), 1 + depth(sets.second))
