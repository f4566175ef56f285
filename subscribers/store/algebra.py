"""Computes sets of people in Redis, where their bitmaps are: ten million people in a few milliseconds.

Keys: `{cN}:scratch:<depth>` (bitmaps), gone when the script ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from subscribers import keys
from subscribers.cohort import Cohort, bits_from_bytes
from subscribers.segments.algebra import Bitmap, Sets, depth, postfix
from subscribers.storage import Call, Redis, script_beside

_ALGEBRA = script_beside(__file__, "algebra.lua")


class Algebra:
    """The computations, over the bitmaps of one Redis."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def count(self, sets: Sets, chunks: Iterable[int]) -> int:
        """Return how many people are in the set, in these chunks."""
        return sum(await self._compute(sets, list(chunks), "count"))

    async def cohort(self, sets: Sets, chunks: Iterable[int]) -> Cohort:
        """Return who is in the set, in these chunks."""
        wanted = list(chunks)
        replies = await self._compute(sets, wanted, "bits")
        return Cohort({chunk: bits_from_bytes(reply or b"") for chunk, reply in zip(wanted, replies, strict=True)})

    async def _compute(self, sets: Sets, chunks: list[int], what: str) -> list[Any]:
        steps = list(postfix(sets))
        bitmaps = [step for step in steps if isinstance(step, Bitmap)]
        numbers = iter(range(1, len(bitmaps) + 1))
        program = [step if isinstance(step, str) else str(next(numbers)) for step in steps]
        places = range(depth(sets))
        calls: list[Call] = [
            (
                [*(bitmap.named(chunk) for bitmap in bitmaps), *(keys.scratch(chunk, str(place)) for place in places)],
                [len(bitmaps), what, *program],
            )
            for chunk in chunks
        ]
        return await _ALGEBRA.run_all(self._redis, calls) if calls else []
