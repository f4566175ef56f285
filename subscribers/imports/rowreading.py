"""Reads a file of people in a process of its own, `python -m subscribers.imports.rowreading`, heard over its pipe.

Everything that costs time and needs no Redis is done here, while the importer talks to Redis: reading, validating,
digesting addresses, packing records. What comes out are frames of some thousand rows each. The same file read twice
with the same instructions gives the same frames, so that an import which was interrupted can go on with the next.

The process has a limit to its memory, so that a workbook which unpacks to gigabytes ends this process and no other.
"""

from __future__ import annotations

import resource
import struct
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from subscribers.address import digest
from subscribers.errors import AddressError, ImportFileError, RowError
from subscribers.fields import Field, indexed_values
from subscribers.imports.columns import Columns
from subscribers.imports.objectlines import ObjectLines
from subscribers.imports.seen import Seen
from subscribers.imports.table import Row, read_table
from subscribers.quality.looks import Looks
from subscribers.subscriber import pack_rest

ROWS_AT_A_TIME = 8_192
_MOST_MEMORY_BYTES = 4 << 30
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_OBJECT_LINES = (".ndjson", ".jsonl")


class Instructions(msgspec.Struct, frozen=True):
    """What to read, and how."""

    path: str
    name: str
    digest_key: bytes
    joined: datetime
    declared: list[Field] = []
    mapping: dict[str, str] = {}
    done: list[int] = []
    """Frames that are in already: only their rejected rows are wanted."""
    rows_at_a_time: int = ROWS_AT_A_TIME


class Opened(msgspec.Struct, frozen=True, tag=True):
    """The file can be read to its end."""

    encoding: str
    header: list[str]
    elsewhere: str
    notes: list[str] = []
    """What people should know of the columns."""


class Rejected(msgspec.Struct, frozen=True, array_like=True):
    """A row that is no person: which (1 is the first below the header), where in the file, why, and its cells."""

    row_number: int
    line: int
    address: str
    reason: str
    cells: list[str]


class Frame(msgspec.Struct, frozen=True, tag=True):
    """Some rows. The people are in three lists of one length: digests, packed records, places of those who left."""

    number: int
    row_count: int
    digests: list[bytes]
    rests: list[bytes]
    left: list[int]
    values: dict[str, list[int]]
    """Field and value, with a zero byte between, of indexed fields → the places of the people who have it."""
    duplicate_count: int
    rejected: list[Rejected]
    role_count: int = 0
    disposable_count: int = 0
    mistyped: dict[str, int] = {}
    """Domains that look mistyped → rows."""
    is_whole: bool = True
    """Whether the people are in it; not where they were not wanted."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The file cannot be imported as it stands."""

    message: str
    place: str
    fix: str


class Finished(msgspec.Struct, frozen=True, tag=True):
    """There are no more rows."""


Said = Opened | Frame | Refused | Finished


class Rows(Protocol):
    """A file of rows, whatever its format."""

    name: str
    encoding: str
    header: list[str]

    def rows(self) -> Iterator[Row]:
        """Yield the rows below the header."""
        ...


def open_rows(file: Path | BinaryIO, name: str) -> Rows:
    """Read a file through, by what its name ends with. Raises ImportFileError."""
    if isinstance(file, Path) and name.lower().endswith(_WORKBOOKS):
        # Loading the library costs as much as reading a thousand rows.
        from subscribers.imports.workbook import Workbook

        return Workbook(file, name)
    if isinstance(file, Path) and name.lower().endswith(_OBJECT_LINES):
        return ObjectLines(file, name)
    return read_table(file, name)


def read_frames(file: Path | BinaryIO, wanted: Instructions) -> Iterator[Said]:
    """Read a file; yield what there is to say about it, frame by frame."""
    try:
        rows = open_rows(file, wanted.name)
        declared = {field.name: field for field in wanted.declared}
        columns = Columns.of(rows.header, f"{rows.name}:1", declared=declared, mapping=wanted.mapping)
        yield Opened(rows.encoding, rows.header, columns.elsewhere, list(columns.notes))
        reader = _Reader(columns, wanted)
        all_rows = rows.rows()
        with closing(all_rows):  # type: ignore[type-var]  # each is a generator
            for number in _count_up():
                some = list(islice(all_rows, wanted.rows_at_a_time))
                if not some:
                    break
                yield reader.frame(number, some)
    except ImportFileError as error:
        yield Refused(error.reason, error.place, error.fix)
        return
    yield Finished()


class _Reader:
    """Reads rows, and knows which addresses came by."""

    def __init__(self, columns: Columns, wanted: Instructions) -> None:
        self._columns = columns
        self._wanted = wanted
        self._done = frozenset(wanted.done)
        self._seen = Seen()

    def frame(self, number: int, rows: list[Row]) -> Frame:
        columns, key, joined, seen = self._columns, self._wanted.digest_key, self._wanted.joined, self._seen
        is_wanted = number not in self._done
        frame = Frame(number, len(rows), [], [], [], {}, 0, [], is_whole=is_wanted)
        duplicates, looks = 0, Looks()
        tells_leaving = bool(columns.left)
        for row in rows:
            try:
                newcomer = columns.newcomer(row.cells)
            except (AddressError, RowError) as error:
                frame.rejected.append(_rejected(row, columns, error.reason))
                continue
            found = digest(newcomer.address, key)
            if not seen.add(found):
                duplicates += 1
                continue
            looks.note(newcomer.address)
            if not is_wanted:
                continue
            place = len(frame.digests)
            frame.digests.append(found)
            frame.rests.append(pack_rest(newcomer, joined))
            if tells_leaving and columns.has_left(row.cells):
                frame.left.append(place)
            for field, value in indexed_values(newcomer, columns.declared):
                frame.values.setdefault(f"{field}\0{value}", []).append(place)
        return msgspec.structs.replace(
            frame,
            duplicate_count=duplicates,
            role_count=looks.role_count,
            disposable_count=looks.disposable_count,
            mistyped=looks.mistyped,
        )


def _rejected(row: Row, columns: Columns, reason: str) -> Rejected:
    written = row.cells[columns.email] if columns.email < len(row.cells) else ""
    return Rejected(row.number, row.line, written[:200], reason, row.cells)


def _count_up() -> Iterable[int]:
    number = 0
    while True:
        yield number
        number += 1


def packed(said: Said) -> bytes:
    """Return what was said as bytes, with their length in front."""
    whole = _encoder.encode(said)
    return _LENGTH.pack(len(whole)) + whole


def unpacked(whole: bytes) -> Said:
    """Return what was said, from the bytes behind the length."""
    said: Said = _decoder.decode(whole)
    return said


def packed_instructions(wanted: Instructions) -> bytes:
    """Return what the reading process is told."""
    return _encoder.encode(wanted)


def is_text(name: str) -> bool:
    """Whether a file of this name is text, and so takes no more memory than its size."""
    return not name.lower().endswith(_WORKBOOKS)


def main() -> None:
    """Read the file that standard input tells of; say everything on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY_BYTES, _MOST_MEMORY_BYTES))
    wanted = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Instructions)
    for said in read_frames(Path(wanted.path), wanted):
        sys.stdout.buffer.write(packed(said))
        sys.stdout.buffer.flush()


_LENGTH = struct.Struct(">I")
LENGTH_BYTES = _LENGTH.size
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Said)

if __name__ == "__main__":
    main()
