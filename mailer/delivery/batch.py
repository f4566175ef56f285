"""A batch: a slice of an audience that one pass takes, as a range of positions in one chunk.

Ranges begin and end on whole bytes of the bitmaps, so that two passes never write the same byte of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailer.issues.mailing import MailingId
from subscribers.cohort import CHUNK_SIZE, SubscriberId, id_at, position_of


@dataclass(frozen=True, slots=True)
class Batch:
    """The people at positions `first` to `last` (inclusive) of a chunk, as far as they are in the audience."""

    mailing: MailingId
    chunk: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """The batch's name among those of its mailing, as it stands in the sorted set of due batches."""
        return f"{self.chunk}:{self.first}-{self.last}"

    @property
    def first_byte(self) -> int:
        """Where the batch begins in a bitmap."""
        return self.first >> 3

    @property
    def size_bytes(self) -> int:
        """How much of a bitmap the batch takes."""
        return (self.last + 1 - self.first) >> 3

    def subscriber_at(self, place: int) -> SubscriberId:
        """Return who stands at a place of this batch's words; place 0 is position `first` of the chunk."""
        return id_at(self.chunk, self.first + place)

    def place_of(self, subscriber: SubscriberId) -> int:
        """Return the place of a person of this chunk in this batch's words."""
        return position_of(subscriber) - self.first

    @classmethod
    def named(cls, mailing: MailingId, name: str) -> Batch:
        """Return the batch of that name. Raises ValueError for a text that is no batch's name."""
        chunk, _, positions = name.partition(":")
        first, _, last = positions.partition("-")
        return cls(mailing, int(chunk), int(first), int(last))


def cut_batches(mailing: MailingId, chunk: int, audience: int, size: int) -> Iterator[Batch]:
    """Cut a chunk's audience into batches of about `size` people; bytes are never split, so at most seven more.

    Every person of the audience is in exactly one batch; bytes without anybody at either end are left out.
    """
    octets = audience.to_bytes(CHUNK_SIZE // 8, "little")
    first, people, last = -1, 0, -1
    for place, octet in enumerate(octets):
        if not octet:
            continue
        if first < 0:
            first = place
        people += octet.bit_count()
        last = place
        if people >= size:
            yield Batch(mailing, chunk, first * 8, last * 8 + 7)
            first, people = -1, 0
    if first >= 0:
        yield Batch(mailing, chunk, first * 8, last * 8 + 7)
