"""The files of imports that workers do, in Redis, so that any worker on any machine can go on with one.

Keys: `import:<id>:<which>:<n>` (string: a mebibyte of the `file` or of the `rejected` rows, compressed),
`import:<id>:parts` (hash: which → how many there are, written last). A file waits for 30 days at most, and goes when
its import has ended; the rejected rows stay for 90 days.
"""

from __future__ import annotations

import asyncio
import zlib
from enum import StrEnum
from pathlib import Path

from subscribers import keys
from subscribers.storage import Redis, run_all

_PART_BYTES = 1 << 20
_PARTS_AT_A_TIME = 8


class Kept(StrEnum):
    """Which file of an import."""

    FILE = "file"
    """What is imported."""
    REJECTED = "rejected"
    """The rows that are no people, to be mended."""


_SECONDS = {Kept.FILE: 30 * 24 * 3600, Kept.REJECTED: 90 * 24 * 3600}


class ImportFiles:
    """Files of imports, by the import's id."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def keep(self, import_id: str, which: Kept, path: Path) -> None:
        """Keep a file. Keeping the same one again changes nothing."""
        count = 0
        with path.open("rb") as stream:
            while part := stream.read(_PART_BYTES):
                packed = await asyncio.to_thread(zlib.compress, part, 1)
                name = keys.import_part(import_id, which, count)
                await run_all(self._redis, [("SET", name, packed, "EX", _SECONDS[which])])
                count += 1
        name = keys.import_parts(import_id)
        await run_all(self._redis, [("HSET", name, which, count), ("EXPIRE", name, _SECONDS[Kept.REJECTED])])

    async def fetch(self, import_id: str, which: Kept, path: Path) -> bool:
        """Write the file to this path; return False, and leave a piece of it at most, where it is not there whole."""
        (count,) = await run_all(self._redis, [("HGET", keys.import_parts(import_id), which)])
        if count is None:
            return False
        with path.open("wb") as stream:
            for first in range(0, int(count), _PARTS_AT_A_TIME):
                places = range(first, min(first + _PARTS_AT_A_TIME, int(count)))
                for part in await run_all(
                    self._redis, [("GET", keys.import_part(import_id, which, place)) for place in places]
                ):
                    if part is None:
                        return False
                    stream.write(await asyncio.to_thread(zlib.decompress, part))
        return True

    async def drop(self, import_id: str, which: Kept) -> None:
        """Forget a file, if it is there."""
        name = keys.import_parts(import_id)
        (count,) = await run_all(self._redis, [("HGET", name, which)])
        parts = [keys.import_part(import_id, which, place) for place in range(int(count or 0))]
        await run_all(self._redis, [("DEL", part) for part in parts])
        await run_all(self._redis, [("HDEL", name, which)])
