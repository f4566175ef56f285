"""What tests ask of people more than once."""

from __future__ import annotations

from subscribers.people import People
from subscribers.suppression import Reason


async def bits_for(people: People, reason: Reason, newsletter: str = "") -> int:
    """Return who of the first chunk a newsletter may not mail for this reason, which is their strongest."""
    return (await people.suppressions.suppressed.of(0, newsletter)).get(reason, 0)
