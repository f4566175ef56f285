"""How people come in from a file.

The file is read through before anything is written, so a file that cannot be read changes nothing. Then its rows go in,
some thousand at a time: each is looked up among the suppressed, added unless known, and placed on the list. Every row
ends in exactly one count of the report.

After each frame of rows its counts are noted. An import that was interrupted, by whatever, goes on where it was when
the same file is imported the same way again: frames that are noted are passed over; the rows of the one that was under
way are done again, and counted by what the import remembers of itself (whom it made, changed and placed), so that
nobody is counted twice. Importing a file again that is in already changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from subscribers.consent import Consent
from subscribers.errors import (
    ConflictError,
    ConsentNeededError,
    ImportCancelledError,
    ImportFileError,
    ImportInterruptedError,
    ImportReaderError,
    StorageDownError,
)
from subscribers.imports.framing import Place, import_frame, rehearse_frame
from subscribers.imports.importcounts import ImportPlan
from subscribers.imports.importreport import ImportReport, InvalidRow, RejectedRows
from subscribers.imports.rowreading import Finished, Frame, Instructions, Opened, Refused, Said
from subscribers.imports.rowsource import frames_of, on_disk
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.store.imports import ImportRun

__all__ = ["ImportPlan", "ImportReport", "InvalidRow", "import_csv", "import_file", "rehearse_import"]

Progress = Callable[[int], None]


async def import_csv(
    people: People,
    file: Path | BinaryIO,
    mailing_list: MailingList,
    *,
    confirmed: bool,
    now: datetime,
    consent: Consent | None = None,
    progress: Progress | None = None,
    name: str = "",
) -> ImportReport:
    """Import a file of people into a list as `import_file` does, with the plan that most imports have."""
    name = name or _name_of(file)
    plan = ImportPlan(file=name, list_id=mailing_list.id, confirmed=confirmed, consent=consent)
    return await import_file(people, file, plan, now=now, progress=progress)


async def import_file(
    people: People,
    file: Path | BinaryIO,
    plan: ImportPlan,
    *,
    now: datetime,
    progress: Progress | None = None,
    rejected: Path | None = None,
    mark: bytes = b"",
    before_end: Callable[[], Awaitable[None]] | None = None,
) -> ImportReport:
    """Import a file of people into a list: as active where the plan says confirmed, else as pending.

    `confirmed` needs a consent whose words state how they agreed; it is kept with every person placed. `progress` is
    told how many rows are done. Rows that are no people are written to the file `rejected`, with the reasons. A worker
    gives the `mark` under which the import was asked for, and is called `before_end` when every row is in or the
    import is cancelled, while it can still be taken up again.

    Raises ImportFileError or ConsentNeededError before anything is written; ImportInterruptedError when Redis goes
    away in between, with the report so far; ImportReaderError when the process that reads the file was ended;
    ImportTakenOverError when another process goes on with the same import; ImportCancelledError.
    """
    check_consent(plan)
    await check_list(people, plan)
    with on_disk(file, plan.file) as path:
        mark = mark or mark_of(path, plan, await people.fields.all())
        before = await people.imports.unfinished(mark)
        wanted = await _instructions(
            people, path, plan, before.started if before else now, before.done if before else ()
        )
        async with aclosing(frames_of(path, wanted)) as said:
            report = await _opened(said, plan.file)
            run = await people.imports.take(mark, plan, now)
            report.id = run.id
            try:
                await _go(said, people, run, report, RejectedRows(rejected, report.header), progress, before_end)
            except StorageDownError as error:
                raise ImportInterruptedError(str(error), report) from error
            return report


async def rehearse_import(
    people: People,
    file: Path | BinaryIO,
    plan: ImportPlan,
    *,
    now: datetime,
    progress: Progress | None = None,
    rejected: Path | None = None,
) -> ImportReport:
    """Say what `import_file` would do, and do nothing. Raises as it does."""
    check_consent(plan)
    await check_list(people, plan)
    with on_disk(file, plan.file) as path:
        wanted = await _instructions(people, path, plan, now, ())
        async with aclosing(frames_of(path, wanted)) as said:
            report = await _opened(said, plan.file)
            place = Place(people, plan, "", (await people.lists.get(plan.list_id)).newsletter)
            async for frame in _frames(said, report, RejectedRows(rejected, report.header)):
                report.counts += await rehearse_frame(frame, place)
                if progress is not None:
                    progress(report.total)
            return report


async def _go(
    said: AsyncGenerator[Said, None],
    people: People,
    run: ImportRun,
    report: ImportReport,
    rejected: RejectedRows,
    progress: Progress | None,
    before_end: Callable[[], Awaitable[None]] | None,
) -> None:
    # The plan of the first try: the consent is from when it was given.
    place = Place(people, run.plan, run.id, (await people.lists.get(run.plan.list_id)).newsletter)
    try:
        async for frame in _frames(said, report, rejected):
            counts = run.done.get(frame.number) if not frame.is_whole else None
            if counts is None:
                counts = await import_frame(frame, place)
                await people.imports.note(run, frame.number, counts)
            report.counts += counts
            if progress is not None:
                progress(report.total)
    except ImportFileError as error:
        await people.imports.refuse(run, str(error))
        raise
    except ImportCancelledError:
        await _end(people.imports.cancelled, people, run, before_end)
        raise
    await _end(people.imports.finish, people, run, before_end)


async def _end(
    act: Callable[[ImportRun, Iterable[int]], Awaitable[None]],
    people: People,
    run: ImportRun,
    before_end: Callable[[], Awaitable[None]] | None,
) -> None:
    if before_end is not None:
        await before_end()
    await act(run, range(await people.subscribers.chunk_count()))


async def _opened(said: AsyncGenerator[Said, None], name: str) -> ImportReport:
    """Return the report to fill, when the file was read through. Raises ImportFileError."""
    match await anext(said, None):
        case Opened() as opened:
            return ImportReport(name, opened.encoding, opened.header, elsewhere=opened.elsewhere, notes=opened.notes)
        case Refused() as refused:
            raise ImportFileError(refused.message, place=refused.place, fix=refused.fix)
        case _:
            raise ImportReaderError(name, None)


async def _frames(
    all_said: AsyncGenerator[Said, None], report: ImportReport, rejected: RejectedRows
) -> AsyncGenerator[Frame, None]:
    """Yield the frames; keep what is said beside them. Raises ImportFileError, also where the end is missing."""
    is_whole = False
    with closing(rejected):
        async for said in all_said:
            match said:
                case Frame():
                    report.note_rejected(said.rejected)
                    report.note_mistyped(said.mistyped)
                    rejected.write(said.rejected)
                    yield said
                case Refused():
                    raise ImportFileError(said.message, place=said.place, fix=said.fix)
                case Finished():
                    is_whole = True
    if not is_whole:
        raise ImportReaderError(report.file, None)


async def _instructions(
    people: People, path: Path, plan: ImportPlan, joined: datetime, done: Iterable[int]
) -> Instructions:
    return Instructions(
        path=str(path),
        name=plan.file,
        digest_key=people.subscribers.index.digest_key,
        joined=joined.replace(microsecond=0),
        declared=list((await people.fields.declared()).values()),
        mapping=plan.mapping,
        done=list(done),
    )


async def check_list(people: People, plan: ImportPlan) -> None:
    """Raise ConflictError where nobody can be imported into the list, UnknownListError where there is none."""
    mailing_list = await people.lists.get(plan.list_id)
    if mailing_list.is_archived:
        raise ConflictError(f"The list “{mailing_list.slug}” is archived, so nobody can be imported into it.")


def check_consent(plan: ImportPlan) -> None:
    """Raise ConsentNeededError where a plan lacks the words that it needs."""
    if plan.confirmed and (plan.consent is None or not plan.consent.words.strip()):
        raise ConsentNeededError(
            "People can be imported as confirmed only with a statement of how they agreed, such as "
            "“They ticked the box for the weekly letter in our shop's checkout.”"
        )


def mark_of(path: Path, plan: ImportPlan, declared: list[object] | object) -> bytes:
    """Return what tells this file, imported this way, from every other; the time does not count."""
    consent = msgspec.structs.replace(plan.consent, when=datetime.min.replace(tzinfo=UTC)) if plan.consent else None
    timeless = msgspec.structs.replace(plan, consent=consent)
    whole = hashlib.blake2b(msgspec.msgpack.encode([timeless, declared]), digest_size=16)
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                whole.update(block)
    except OSError as error:
        raise ImportFileError(
            f"It cannot be read: {error.strerror}.", place=plan.file, fix="Check its name."
        ) from error
    return whole.digest()


def _name_of(file: Path | BinaryIO) -> str:
    named = file if isinstance(file, Path) else getattr(file, "name", None)
    return Path(named).name if isinstance(named, str | Path) else "the file"
