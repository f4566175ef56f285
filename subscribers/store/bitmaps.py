"""Bitmaps in Redis, one a chunk: read and changed in bulk, chunk by chunk.

A bitmap is named by a function from the chunk to its key. The keys themselves are described where those functions are,
in `subscribers.keys`; `{cN}:scratch:<name>` lives only while a script runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from subscribers import keys
from subscribers.cohort import Cohort, bits_from_bytes, bits_to_bytes
from subscribers.storage import Call, Redis, run_all, script_beside

Named = Callable[[int], str]
"""From a chunk's number to the key of its bitmap."""

_MARK = script_beside(__file__, "mark.lua")


class Bitmaps:
    """The bitmaps of one Redis."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def cohort(self, named: Named, chunks: Iterable[int]) -> Cohort:
        """Return everyone in the bitmap, of these chunks."""
        return (await self.cohorts([named], chunks))[0]

    async def cohorts(self, named: Sequence[Named], chunks: Iterable[int]) -> list[Cohort]:
        """Return everyone in each of the bitmaps, of these chunks, in one round trip."""
        wanted = list(chunks)
        replies = iter(await run_all(self._redis, [("GET", name(chunk)) for name in named for chunk in wanted]))
        return [Cohort({chunk: bits_from_bytes(next(replies) or b"") for chunk in wanted}) for _ in named]

    async def add(self, people: Iterable[tuple[Named, Cohort]]) -> None:
        """Put these people into the bitmaps, in one round trip."""
        await self._mark(people, "in")

    async def remove(self, people: Iterable[tuple[Named, Cohort]]) -> None:
        """Take these people out of the bitmaps, in one round trip."""
        await self._mark(people, "out")

    async def _mark(self, people: Iterable[tuple[Named, Cohort]], how: str) -> None:
        calls: list[Call] = [
            ([keys.scratch(chunk, "mask"), named(chunk)], [*piece_of(cohort.bits(chunk)), how])
            for named, cohort in people
            for chunk in cohort.chunks()
        ]
        if calls:
            await _MARK.run_all(self._redis, calls)


def piece_of(bits: int) -> tuple[int, bytes]:
    """Return the byte that the part of a bitmap which is not empty starts at, and that part."""
    whole = bits_to_bytes(bits)
    piece = whole.lstrip(b"\0")
    return len(whole) - len(piece), piece
