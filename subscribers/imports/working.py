"""How imports are done that somebody asked for and did not wait for.

Whoever asks leaves the file in Redis and the import's id among the waiting. Any worker takes it up; one that dies loses
its hold after some seconds, and the next goes on after the last frame that was noted. Two who work on the same import
do no harm: the fence decides whose counts stand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from subscribers.errors import ImportCancelledError, ImportFileError, ImportReaderError, ImportTakenOverError
from subscribers.importing import check_consent, check_list, import_file, mark_of
from subscribers.imports.importcounts import ImportPlan
from subscribers.people import People
from subscribers.store.importfiles import Kept
from subscribers.store.imports import ImportRun

AT_ONCE = 3
"""Imports that one process works on at a time."""

_MOST_BYTES = 512 << 20
_LOOK_SECONDS = 1.0
_TRIES_WITHOUT_A_FRAME = 10


async def ask_for_import(people: People, path: Path, plan: ImportPlan, now: datetime) -> str:
    """Leave a file to the workers, and return the import's id. Asking for the same again is the same import.

    Raises ImportFileError where the file cannot be read or is too large to leave there, ConsentNeededError.
    """
    check_consent(plan)
    await check_list(people, plan)
    mark = mark_of(path, plan, await people.fields.all())
    if _size_bytes(path) > _MOST_BYTES:
        raise ImportFileError(
            f"It has more than {_MOST_BYTES >> 20} MB, too much to leave with the workers.",
            place=plan.file,
            fix="Import it without --background, or in pieces.",
        )
    import_id = await people.imports.ask(mark, plan, now)
    await people.import_files.keep(import_id, Kept.FILE, path)
    # The last step: before it, nobody looks for the file.
    await people.imports.let_wait(import_id)
    return import_id


async def work_imports(people: People, now: Callable[[], datetime], is_stopping: Callable[[], bool]) -> None:
    """Do the imports that wait, some at once, until none does or `is_stopping`. Raises StorageDownError."""
    at_work: dict[str, asyncio.Task[None]] = {}
    try:
        while not is_stopping():
            for import_id in await people.imports.free():
                if len(at_work) < AT_ONCE and import_id not in at_work and await people.imports.hold(import_id):
                    at_work[import_id] = asyncio.create_task(_do(people, import_id, now))
            if not at_work:
                return
            await asyncio.wait(at_work.values(), timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for import_id in [one for one, task in at_work.items() if task.done()]:
                await at_work[import_id]
                del at_work[import_id]
            await people.imports.hold_on(at_work)
    finally:
        for task in at_work.values():
            task.cancel()
        await asyncio.gather(*at_work.values(), return_exceptions=True)
        await people.imports.release(at_work)


async def _do(people: People, import_id: str, now: Callable[[], datetime]) -> None:
    """Do one import to its end; then nobody looks for it any more."""
    run = await people.imports.run_of(import_id)
    if run is not None and run.is_open:
        try:
            await _go_on(people, run, now())
        except ImportTakenOverError:
            return
        except ImportReaderError:
            # Perhaps for want of memory just now. The next try goes on, up to a number of tries.
            await people.imports.release([import_id])
            return
        except ImportFileError as error:
            await _refuse(people, run, str(error), now())
        except ImportCancelledError:
            pass  # It stands in its facts.
    if run is not None:
        await people.imports.close(run, range(await people.subscribers.chunk_count()))
    await people.import_files.drop(import_id, Kept.FILE)
    await people.imports.let_go(import_id)


async def _go_on(people: People, run: ImportRun, now: datetime) -> None:
    if run.is_cancel_wished:
        await people.imports.cancelled(
            await people.imports.take(run.mark, run.plan, now), range(await people.subscribers.chunk_count())
        )
        return
    if run.fence >= len(run.done) + _TRIES_WITHOUT_A_FRAME:
        await _refuse(people, run, f"It was begun {run.fence} times, and ended its worker each time.", now)
        return
    with TemporaryDirectory(prefix="pressrun-") as folder:
        path = Path(folder) / f"people{Path(run.plan.file).suffix}"
        if not await people.import_files.fetch(run.id, Kept.FILE, path):
            await _refuse(people, run, "Its file is not there any more. Import it again.", now)
            return
        rejected = Path(folder) / "rejected.csv"
        keep = partial(_keep_rejected, people, run.id, rejected)
        await import_file(people, path, run.plan, now=now, rejected=rejected, mark=run.mark, before_end=keep)


async def _keep_rejected(people: People, import_id: str, rejected: Path) -> None:
    if _size_bytes(rejected):
        await people.import_files.keep(import_id, Kept.REJECTED, rejected)


async def _refuse(people: People, run: ImportRun, problem: str, now: datetime) -> None:
    """Note that it cannot be done, unless that was noted already."""
    stands = await people.imports.run_of(run.id)
    if stands is not None and stands.is_open:
        await people.imports.refuse(await people.imports.take(run.mark, run.plan, now), problem)


def _size_bytes(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
