"""An import: what is to be imported how, and what became of its rows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from subscribers.consent import Consent
from subscribers.lists import ListId


class OnConflict(StrEnum):
    """What happens to the record of a person who is known already."""

    SKIP = "skip"
    """It stays as it is."""
    FILL = "fill"
    """What is blank in it is filled from the file."""
    OVERWRITE = "overwrite"
    """What the file says replaces what it holds; what the file leaves blank stays."""


class ImportState(StrEnum):
    """How far an import has come."""

    WAITING = "waiting"
    """A worker will do it."""
    RUNNING = "running"
    """Under way, or stopped in the middle: importing the same file the same way goes on with it."""
    FINISHED = "finished"
    REFUSED = "refused"
    """The file cannot be read to its end, or not at all."""
    CANCELLED = "cancelled"
    """Somebody stopped it; what was in by then stays in."""

    @property
    def is_open(self) -> bool:
        """Whether it can still go on."""
        return self in (ImportState.WAITING, ImportState.RUNNING)


class ImportPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is imported how."""

    file: str
    list_id: ListId
    confirmed: bool = False
    """Whether they have confirmed elsewhere, so that they are active here at once; needs a consent with words."""
    consent: Consent | None = None
    on_conflict: OnConflict = OnConflict.SKIP
    mapping: dict[str, str] = {}
    """Heading of a column → what it is."""


class FrameCounts(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What became of some rows. Each is in one count; `placed` and what stands below it count some once more."""

    new: int = 0
    """Not known before."""
    updated: int = 0
    """Known; their record or their place on the list changed."""
    unchanged: int = 0
    """Known, and on the list already."""
    duplicates: int = 0
    """The same address again in the same file."""
    invalid: int = 0
    suppressed: int = 0
    """Not touched: these addresses must not be mailed."""
    left: int = 0
    """Left the list, here or where the file is from. Only they themselves can come back."""
    placed: int = 0
    role: int = 0
    """Addresses of a role, such as `info@`; counted once more, like the next two, and imported all the same."""
    disposable: int = 0
    mistyped: int = 0
    """At a domain one slip away from a popular one."""

    @property
    def total(self) -> int:
        """How many rows these are."""
        known = self.new + self.updated + self.unchanged
        return known + self.duplicates + self.invalid + self.suppressed + self.left

    def __add__(self, other: FrameCounts) -> FrameCounts:
        pairs = {name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__}
        return FrameCounts(**pairs)


class ImportFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An import, as it stands."""

    id: str
    plan: ImportPlan
    state: ImportState
    started: datetime
    problem: str
    counts: FrameCounts
