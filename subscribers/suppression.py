"""An address that must never be mailed, why, since when, and on what evidence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from subscribers.address import Address

LONGEST_EVIDENCE = 2_000
"""Characters of evidence that are kept; a report itself is kept elsewhere."""


class Reason(StrEnum):
    """Why an address must not be mailed."""

    HARD_BOUNCE = "hard-bounce"
    """A mail server said that the address does not exist, or never takes our mail."""
    COMPLAINT = "complaint"
    """The person said "this is spam"."""
    MANUAL = "manual"
    """An operator says so."""
    ERASED = "erased"
    """The person had their data erased; only a digest of the address remains."""
    LEGAL = "legal"
    """A court or an authority says so."""


class Suppression(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """One suppressed address. An erased person's address is not kept: `address` is None."""

    address: Address | None
    reason: Reason
    since: datetime
    evidence: str = ""


class RemovedSuppression(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """The trace of a suppression that was taken away: what it was, why it went, and when."""

    was: Suppression
    why: str
    when: datetime
