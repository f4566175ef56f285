"""The ledger of a mailing: where every recipient stands, as sets of people that must balance.

`audience = accepted + refused + excluded + uncertain + pending`, at every moment. Each term but `pending` is a
bitmap; `pending` is what is left, so nobody can be forgotten by a crash: whoever was not written down is still to be
mailed. `claimed` marks people whose message is being handed over; `claimed − settled` after a crash are those of whom
nobody knows whether the final dot had gone out. `deferred` marks the pending people who were tried and put off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import reduce
from operator import or_


class Standing(StrEnum):
    """Where a recipient of a mailing stands."""

    ACCEPTED = "accepted"
    """The next host took responsibility: a 2xx reply after the final dot (RFC 5321 §4.2.5)."""
    REFUSED = "refused"
    """A 5xx reply, or tried in vain until the mailing gave up."""
    EXCLUDED = "excluded"
    """Not to be mailed, for one of the exclusion reasons."""
    UNCERTAIN = "uncertain"
    """Handed over, but the reply was lost; held for evidence."""
    PENDING = "pending"
    """Still to be mailed."""
    DEFERRED = "deferred"
    """Pending, and tried at least once."""


class ExclusionReason(StrEnum):
    """Why somebody on the chosen lists or in the chosen segments is not mailed."""

    LEFT = "left"
    NOT_CONFIRMED = "not-confirmed"
    HARD_BOUNCE = "hard-bounce"
    COMPLAINT = "complaint"
    MANUAL = "manual"
    LEGAL = "legal"
    ERASED = "erased"
    PAUSED = "paused"
    LIST_ARCHIVED = "list-archived"
    MAILBOX_FULL = "mailbox-full"
    CANCELLED = "cancelled"
    NO_LIST = "no-list"
    """In a chosen segment, and on no list of the newsletter."""
    MAILED_BEFORE = "mailed-before"
    """Got, or may yet get, a mailing that was to be left out."""
    EXCLUDED_LIST = "excluded-list"
    EXCLUDED_SEGMENT = "excluded-segment"


WORDS = ("audience", "claimed", "accepted", "refused", "deferred", "excluded", "uncertain")
"""The bitmaps of one chunk's ledger, by the names that they have in Redis."""


@dataclass(slots=True)
class Words:
    """Part of a ledger: one chunk or one batch. Bit p of each number is the person at position p of that part.

    The pass that holds a batch's lease changes its words in memory and writes them back; all others only read.
    """

    audience: int = 0
    claimed: int = 0
    accepted: int = 0
    refused: int = 0
    deferred: int = 0
    excluded: int = 0
    uncertain: int = 0
    excluded_by: dict[ExclusionReason, int] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """Everybody about whom there is nothing left to do."""
        return self.accepted | self.refused | self.excluded | self.uncertain

    @property
    def pending(self) -> int:
        """Everybody who is still to be mailed."""
        return self.audience & ~self.settled

    @property
    def put_off(self) -> int:
        """Those of the pending who were tried and deferred."""
        return self.deferred & self.pending

    @property
    def orphaned(self) -> int:
        """Claimed but not settled: read before a pass claims anybody, these are what a crash left behind."""
        return self.claimed & self.pending

    @property
    def is_balanced(self) -> bool:
        """Whether the settled sets are disjoint, inside the audience, and every exclusion has one reason."""
        return _is_partition((self.accepted, self.refused, self.excluded, self.uncertain), self.audience) and (
            _is_partition(self.excluded_by.values(), self.excluded)
            and reduce(or_, self.excluded_by.values(), 0) == self.excluded
        )

    def claim(self, bits: int) -> None:
        """Mark people whose hand-over is about to begin."""
        self.claimed |= bits

    def give_back(self, bits: int) -> None:
        """Unmark claimed people whose hand-over never began."""
        self.claimed &= ~bits

    def accept(self, bits: int) -> None:
        """Settle people whom the next host has taken."""
        self.accepted |= bits
        if self.deferred:
            self.deferred &= ~bits

    def refuse(self, bits: int) -> None:
        """Settle people who were refused for good."""
        self.refused |= bits
        self.deferred &= ~bits

    def defer(self, bits: int) -> None:
        """Put people off: still pending, no longer claimed."""
        self.deferred |= bits
        self.claimed &= ~bits

    def hold(self, bits: int) -> None:
        """Settle people as uncertain, to be decided by evidence or by an operator."""
        self.uncertain |= bits
        self.deferred &= ~bits

    def exclude(self, bits: int, reason: ExclusionReason) -> None:
        """Settle people who may not be mailed."""
        self.excluded |= bits
        self.excluded_by[reason] = self.excluded_by.get(reason, 0) | bits
        self.deferred &= ~bits
        self.claimed &= ~bits

    def standing(self, position: int) -> Standing | None:
        """Return where one person stands, or None outside the audience."""
        bit = 1 << position
        if not self.audience & bit:
            return None
        for standing in (Standing.ACCEPTED, Standing.REFUSED, Standing.EXCLUDED, Standing.UNCERTAIN):
            if self.bits(standing) & bit:
                return standing
        return Standing.DEFERRED if self.deferred & bit else Standing.PENDING

    def bits(self, standing: Standing) -> int:
        """Return everybody who stands there."""
        match standing:
            case Standing.PENDING:
                return self.pending
            case Standing.DEFERRED:
                return self.put_off
            case _:
                bits: int = getattr(self, standing.value)
                return bits


def _is_partition(parts: Iterable[int], whole: int) -> bool:
    seen = 0
    for part in parts:
        if part & seen or part & ~whole:
            return False
        seen |= part
    return True


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """How many people stand where. `deferred` counts people who are also in `pending`."""

    audience: int
    accepted: int
    refused: int
    deferred: int
    excluded: int
    uncertain: int
    pending: int
    balanced: bool
    excluded_by: dict[str, int]

    @classmethod
    def of(cls, parts: Iterable[Words]) -> LedgerCounts:
        """Count a whole mailing from the words of its chunks."""
        held = list(parts)
        by_reason = {
            reason.value: sum(words.excluded_by.get(reason, 0).bit_count() for words in held)
            for reason in ExclusionReason
        }
        counts = {standing: sum(words.bits(standing).bit_count() for words in held) for standing in Standing}
        audience = sum(words.audience.bit_count() for words in held)
        return cls(
            audience=audience,
            accepted=counts[Standing.ACCEPTED],
            refused=counts[Standing.REFUSED],
            deferred=counts[Standing.DEFERRED],
            excluded=counts[Standing.EXCLUDED],
            uncertain=counts[Standing.UNCERTAIN],
            pending=counts[Standing.PENDING],
            balanced=all(words.is_balanced for words in held) and audience == _sum_of_terms(counts),
            excluded_by={reason: count for reason, count in by_reason.items() if count},
        )


def _sum_of_terms(counts: dict[Standing, int]) -> int:
    return sum(count for standing, count in counts.items() if standing is not Standing.DEFERRED)
