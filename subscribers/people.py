"""Everything about people, opened together."""

from __future__ import annotations

from dataclasses import dataclass, field

from subscribers.segments.outside import Outside
from subscribers.storage import Redis
from subscribers.store.algebra import Algebra
from subscribers.store.bitmaps import Bitmaps
from subscribers.store.consent import ConsentStore
from subscribers.store.fields import FieldStore
from subscribers.store.importfiles import ImportFiles
from subscribers.store.imports import ImportStore
from subscribers.store.lists import ListStore
from subscribers.store.segments import SegmentStore
from subscribers.store.subscribers import SubscriberStore
from subscribers.store.suppression import SuppressionStore


@dataclass(frozen=True, slots=True)
class People:
    """The stores that the recipes of this package work on."""

    subscribers: SubscriberStore
    lists: ListStore
    suppressions: SuppressionStore
    consents: ConsentStore
    fields: FieldStore
    imports: ImportStore
    import_files: ImportFiles
    segments: SegmentStore
    algebra: Algebra
    bitmaps: Bitmaps
    outside: Outside = field(default_factory=dict)
    """What segments can ask besides what is known here."""

    @classmethod
    def at(cls, redis: Redis, digest_key: bytes, outside: Outside | None = None) -> People:
        """Open the people in this Redis; `digest_key` (16 to 64 bytes) must be the same for ever."""
        return cls(
            SubscriberStore(redis, digest_key),
            ListStore(redis),
            SuppressionStore(redis, digest_key),
            ConsentStore(redis),
            FieldStore(redis),
            ImportStore(redis),
            ImportFiles(redis),
            SegmentStore(redis),
            Algebra(redis),
            Bitmaps(redis),
            outside=outside or {},
        )
