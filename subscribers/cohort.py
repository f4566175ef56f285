"""Sets of subscribers, as one bitmap a chunk of 65,536 people.

An id is `chunk × 65,536 + position`. Here a chunk's bitmap is one `int` whose bit p (value 2**p) says that the person
at position p is in the set; union, intersection and difference of two cohorts are `|`, `&` and `& ~` of such numbers.
Redis counts bits the other way round: SETBIT 0 is the highest bit of the first byte. `bits_to_bytes` and
`bits_from_bytes` are the one place where the two meet. An absent chunk is an empty one and costs nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from typing import NewType

SubscriberId = NewType("SubscriberId", int)
"""A person's number: dense, from 1 up, never given to a second person."""

CHUNK_SIZE = 65_536

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_POSITIONS = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))


def chunk_of(subscriber_id: int) -> int:
    """Return the chunk that this person is in."""
    return subscriber_id >> 16


def position_of(subscriber_id: int) -> int:
    """Return the person's place in their chunk, 0 to 65,535."""
    return subscriber_id & 0xFFFF


def id_at(chunk: int, position: int) -> SubscriberId:
    """Return the id of the person at this place."""
    return SubscriberId(chunk << 16 | position)


def bits_to_bytes(bits: int) -> bytes:
    """Return a chunk's bitmap as Redis keeps it; zeros at the end are left out."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little").translate(_REVERSED)


def bits_from_bytes(redis_bytes: bytes) -> int:
    """Return a bitmap that Redis keeps as a chunk's bits."""
    return int.from_bytes(redis_bytes.translate(_REVERSED), "little")


def bits_of(positions: Iterable[int]) -> int:
    """Return the bitmap with exactly these positions set."""
    octets = bytearray(CHUNK_SIZE // 8)
    for position in positions:
        octets[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(octets, "little")


def positions_in(bits: int) -> Iterator[int]:
    """Yield the positions that are set, in ascending order."""
    octets = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
    for place, octet in enumerate(octets):
        if octet:
            for bit in _POSITIONS[octet]:
                yield place << 3 | bit


class Cohort:
    """A set of subscribers. Immutable; equal to another with the same people."""

    __slots__ = ("_chunks",)

    def __init__(self, chunks: Mapping[int, int] | None = None) -> None:
        """Take a bitmap a chunk (bit p is position p); empty ones may be left out."""
        self._chunks = {chunk: bits for chunk, bits in sorted((chunks or {}).items()) if bits}

    @classmethod
    def of(cls, ids: Iterable[int]) -> Cohort:
        """Return the cohort of exactly these people."""
        positions: dict[int, list[int]] = {}
        for one in ids:
            positions.setdefault(one >> 16, []).append(one & 0xFFFF)
        return cls({chunk: bits_of(of_chunk) for chunk, of_chunk in positions.items()})

    def chunks(self) -> list[int]:
        """Return the chunks that have anybody in them, ascending."""
        return list(self._chunks)

    def bits(self, chunk: int) -> int:
        """Return a chunk's bitmap: bit p says that the person at position p is in the set."""
        return self._chunks.get(chunk, 0)

    def count(self) -> int:
        """Return how many people there are."""
        return sum(bits.bit_count() for bits in self._chunks.values())

    def slice(self, start: int, count: int) -> Cohort:
        """Return `count` people from the `start`-th on (0 is the first), by ascending id; fewer at the end."""
        taken: dict[int, int] = {}
        for chunk, bits in self._chunks.items():
            if count <= 0:
                break
            here = bits.bit_count()
            if start < here:
                taken[chunk] = _bits_between(bits, start, start + count)
                count -= taken[chunk].bit_count()
            start = max(0, start - here)
        return Cohort(taken)

    def __or__(self, other: Cohort) -> Cohort:
        return Cohort({chunk: self.bits(chunk) | other.bits(chunk) for chunk in {*self._chunks, *other._chunks}})

    def __and__(self, other: Cohort) -> Cohort:
        return Cohort({chunk: bits & other.bits(chunk) for chunk, bits in self._chunks.items()})

    def __sub__(self, other: Cohort) -> Cohort:
        return Cohort({chunk: bits & ~other.bits(chunk) for chunk, bits in self._chunks.items()})

    def __contains__(self, subscriber_id: int) -> bool:
        return bool(self.bits(subscriber_id >> 16) >> (subscriber_id & 0xFFFF) & 1)

    def __iter__(self) -> Iterator[SubscriberId]:
        for chunk, bits in self._chunks.items():
            for position in positions_in(bits):
                yield SubscriberId(chunk << 16 | position)

    def __len__(self) -> int:
        return self.count()

    def __bool__(self) -> bool:
        return bool(self._chunks)

    def __eq__(self, other: object) -> bool:
        return self._chunks == other._chunks if isinstance(other, Cohort) else NotImplemented

    def __hash__(self) -> int:
        return hash(frozenset(self._chunks.items()))

    def __repr__(self) -> str:
        return f"<Cohort of {self.count():,} in {len(self._chunks)} chunks>"


def _bits_between(bits: int, start: int, end: int) -> int:
    """Keep the `start`-th to the `end`-th (excluded) of the bits that are set."""
    low, high = _place_of(bits, start), _place_of(bits, end)
    return (bits & ((1 << high) - 1)) >> low << low


def _place_of(bits: int, rank: int) -> int:
    """Return the lowest position that has `rank` set bits below it, or the end where there are not so many."""
    return bisect_left(range(bits.bit_length()), rank, key=lambda place: (bits & ((1 << place) - 1)).bit_count())
