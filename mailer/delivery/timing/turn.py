"""A turn: those people of a mailing who come due at one moment, such as 09:00 in Tokyo, or when a canary has passed.

An ordinary mailing has none: everybody is due when it begins. Of the others a pass leaves out whoever's turn has not
come, and its batch is due again when the next one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

HELD_MS = 253_370_764_800_000
"""The year 9999, in milliseconds since 1970: when people come due who are held until somebody lets them go."""


class Turn(msgspec.Struct, frozen=True):
    """When some people of a mailing are due."""

    number: int
    due_ms: int
    name: str
    """For people to read: time zones, or whom a canary holds back."""

    @property
    def due(self) -> datetime:
        """When it comes."""
        return datetime.fromtimestamp(self.due_ms / 1000, UTC)

    @property
    def is_held(self) -> bool:
        """Whether it comes only when somebody lets it go."""
        return self.due_ms >= HELD_MS


@dataclass(frozen=True, slots=True)
class Waiting:
    """Who of a batch (or chunk) is due when: a bitmap for each turn."""

    parts: Sequence[tuple[int, int]] = ()
    """Milliseconds when they are due, and who."""

    def bits(self, now_ms: int) -> int:
        """Return everybody whose turn is still to come."""
        waiting = 0
        for due_ms, bits in self.parts:
            if due_ms > now_ms:
                waiting |= bits
        return waiting

    def next_due_ms(self, pending: int, now_ms: int) -> int | None:
        """Return when the next of these people's turns comes; None if none of them waits."""
        return min((due_ms for due_ms, bits in self.parts if due_ms > now_ms and bits & pending), default=None)

    def first_due_ms(self, pending: int, otherwise_ms: int) -> int:
        """Return when the first of these people is due; whoever is in no turn is due at `otherwise_ms`."""
        dues = [due_ms for due_ms, bits in self.parts if bits & pending]
        in_turns = 0
        for _, bits in self.parts:
            in_turns |= bits
        if pending & ~in_turns:
            dues.append(otherwise_ms)
        return min(dues, default=otherwise_ms)

    def cut(self, first: int, last: int) -> Waiting:
        """Return the part between two positions, whose place 0 is the first of them."""
        mask = (1 << (last + 1 - first)) - 1
        cut = ((due_ms, bits >> first & mask) for due_ms, bits in self.parts)
        return Waiting([(due_ms, bits) for due_ms, bits in cut if bits])
