"""How many messages may be handed over in how long, counted over a window that rolls.

Providers count any hour and any day, so that a bucket that fills up again, and lets twice the amount pass around the
moment when it is full, would break what they allow. So the time is cut into slots, a twentieth of the period each, and
what was taken in the last twenty and the present one is never more than the amount.
"""

from __future__ import annotations

from dataclasses import dataclass

SLOTS = 20
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Limit:
    """So many messages in any so many seconds."""

    amount: int
    seconds: int

    @property
    def slot_ms(self) -> int:
        """How long a slot lasts, in milliseconds."""
        return self.seconds * 1000 // SLOTS


def group_size(limits: tuple[Limit, ...]) -> int:
    """Return how many messages to ask for at a time: few enough that several workers get their share."""
    return max(1, min([MOST_AT_ONCE, *(limit.amount // SLOTS for limit in limits)]))
