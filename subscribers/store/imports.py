"""Imports in Redis: what each is and how far it has come, so that another process can go on with it.

Keys: `import:<id>` (hash: `plan`, `mark`, `started`, `state`, `fence`, `problem`, `wish`, `frame:<n>` → packed counts),
`imports:last-id`, `imports:open` (hash: mark of a file and its plan → id, while the import is not finished),
`imports:newest` (list of ids, the newest first), `{cN}:import:<id>:<word>` (bitmaps `new`, `updated`, `placed`: whom
the import made, changed and put on its list), `imports:waiting` (set of ids that workers have to look at),
`import:<id>:held` (string: a worker is at it). The bitmaps go when the import has ended, the rest after 90 days.

An import stands in `imports:waiting` from when its file is kept until everything about its end is written, so that
whatever a dead worker left undone is found there. Who holds one is only a courtesy between workers; the fence decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from subscribers import keys
from subscribers.cohort import Cohort
from subscribers.errors import ImportCancelledError, ImportTakenOverError, UnknownImportError
from subscribers.imports.importcounts import FrameCounts, ImportFacts, ImportPlan, ImportState
from subscribers.storage import Command, Redis, run_all, script_beside
from subscribers.store.bitmaps import Bitmaps

WORDS = ("new", "updated", "placed")
_CANCEL_WISHED = 2
_FRAME = script_beside(__file__, "frame.lua")
_KEPT_SECONDS = 90 * 24 * 3600
_MOST_LISTED = 200
_HELD_MS = 15_000


@dataclass(frozen=True, slots=True)
class ImportRun:
    """One process' hold on an import. `done` are the frames that were in when it took it."""

    id: str
    mark: bytes
    plan: ImportPlan
    """The plan of the process that began it."""
    started: datetime
    fence: int
    done: Mapping[int, FrameCounts]
    state: ImportState = ImportState.RUNNING
    is_cancel_wished: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it can still go on."""
        return self.state.is_open


class ImportStore:
    """The imports, running and past."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis
        self._bitmaps = Bitmaps(redis)

    async def take(self, mark: bytes, plan: ImportPlan, now: datetime) -> ImportRun:
        """Take the unfinished import of this file with this plan, or begin one. Whoever had it before loses it."""
        import_id = await self._open(mark, plan, now, ImportState.RUNNING)
        name = keys.import_facts(import_id)
        # A fence that was given twice, because the first reply was lost, only goes up by two.
        fence, _, facts = await run_all(
            self._redis,
            [("HINCRBY", name, "fence", 1), ("HSET", name, "state", ImportState.RUNNING), ("HGETALL", name)],
        )
        return _run(import_id, mark, int(fence), facts)

    async def ask(self, mark: bytes, plan: ImportPlan, now: datetime) -> str:
        """Begin an import that a worker shall do, unless it is begun already; return its id."""
        return await self._open(mark, plan, now, ImportState.WAITING)

    async def run_of(self, import_id: str) -> ImportRun | None:
        """Return how an import stands, without taking it; None where nobody knows it any more."""
        (facts,) = await run_all(self._redis, [("HGETALL", keys.import_facts(import_id))])
        if b"mark" not in facts:
            return None
        return _run(import_id, facts[b"mark"], int(facts.get(b"fence", 0)), facts)

    async def unfinished(self, mark: bytes) -> ImportRun | None:
        """Return the unfinished import of this file with this plan, if there is one, without taking it."""
        (found,) = await run_all(self._redis, [("HGET", keys.IMPORTS_OPEN, mark)])
        if found is None:
            return None
        (facts,) = await run_all(self._redis, [("HGETALL", keys.import_facts(found.decode()))])
        return _run(found.decode(), mark, 0, facts) if facts else None

    async def _open(self, mark: bytes, plan: ImportPlan, now: datetime, state: ImportState) -> str:
        (found,) = await run_all(self._redis, [("HGET", keys.IMPORTS_OPEN, mark)])
        if found is not None:
            return str(found.decode())
        import_id = str(await self._redis.incr(keys.IMPORTS_LAST_ID))
        facts: Command = ("HSET", keys.import_facts(import_id), "plan", _plans.encode(plan), "started", now.isoformat())
        await run_all(self._redis, [(*facts, "state", state, "mark", mark)])
        await run_all(self._redis, [("HSETNX", keys.IMPORTS_OPEN, mark, import_id)])
        (winner,) = await run_all(self._redis, [("HGET", keys.IMPORTS_OPEN, mark)])
        if winner.decode() != import_id:
            await run_all(self._redis, [("DEL", keys.import_facts(import_id))])
            return str(winner.decode())
        await run_all(
            self._redis,
            [("LPUSH", keys.IMPORTS_NEWEST, import_id), ("LTRIM", keys.IMPORTS_NEWEST, 0, _MOST_LISTED - 1)],
        )
        return import_id

    async def note(self, run: ImportRun, number: int, counts: FrameCounts) -> None:
        """Note what became of a frame's rows. Raises ImportTakenOverError; ImportCancelledError when it is noted."""
        if await self._write(run, {f"frame:{number}": _counts.encode(counts)}) == _CANCEL_WISHED:
            raise ImportCancelledError(f"Import {run.id} was cancelled. What is in by now stays in.")

    async def finish(self, run: ImportRun, chunks: Iterable[int]) -> None:
        """Note that every row is in. Raises ImportTakenOverError."""
        await self._write(run, {"state": ImportState.FINISHED.value})
        await self.close(run, chunks)

    async def refuse(self, run: ImportRun, problem: str) -> None:
        """Note that the file cannot be imported as it stands. Raises ImportTakenOverError."""
        await self._write(run, {"state": ImportState.REFUSED.value, "problem": problem})
        await self.close(run, ())

    async def cancelled(self, run: ImportRun, chunks: Iterable[int]) -> None:
        """Note that it goes no further. Raises ImportTakenOverError."""
        await self._write(run, {"state": ImportState.CANCELLED.value})
        await self.close(run, chunks)

    async def cancel(self, import_id: str) -> bool:
        """Wish that an import goes no further; return False where it has ended already. Raises UnknownImportError.

        Whoever is at it stops after the frame that is under way; where nobody is, a worker puts an end to it.
        """
        if not (await self.get(import_id)).state.is_open:
            return False
        await run_all(self._redis, [("HSET", keys.import_facts(import_id), "wish", "cancel")])
        await self.let_wait(import_id)
        return True

    # Workers

    async def let_wait(self, import_id: str) -> None:
        """Let workers look at an import."""
        await run_all(self._redis, [("SADD", keys.IMPORTS_WAITING, import_id)])

    async def free(self) -> list[str]:
        """Return the ids of imports that wait and that no worker is at, the oldest first."""
        (found,) = await run_all(self._redis, [("SMEMBERS", keys.IMPORTS_WAITING)])
        waiting = sorted((one.decode() for one in found), key=int)
        held = await run_all(self._redis, [("EXISTS", keys.import_held(one)) for one in waiting])
        return [one for one, is_held in zip(waiting, held, strict=True) if not is_held]

    async def hold(self, import_id: str) -> bool:
        """Be at an import for some seconds, unless somebody else is."""
        (reply,) = await run_all(self._redis, [("SET", keys.import_held(import_id), "1", "NX", "PX", _HELD_MS)])
        return reply is not None

    async def hold_on(self, import_ids: Iterable[str]) -> None:
        """Be at them for some seconds more."""
        await run_all(self._redis, [("SET", keys.import_held(one), "1", "PX", _HELD_MS) for one in import_ids])

    async def release(self, import_ids: Iterable[str]) -> None:
        """Be at them no longer, so that another worker can be at once."""
        await run_all(self._redis, [("DEL", keys.import_held(one)) for one in import_ids])

    async def let_go(self, import_id: str) -> None:
        """Let nobody look at an import any more: it has ended."""
        await run_all(self._redis, [("SREM", keys.IMPORTS_WAITING, import_id), ("DEL", keys.import_held(import_id))])

    # Reading

    async def did(self, import_id: str, word: str, chunks: Iterable[int]) -> Cohort:
        """Return whom the import made (`new`), changed (`updated`) or put on its list (`placed`), in these chunks."""
        return await self._bitmaps.cohort(partial(_bits, import_id, word), chunks)

    async def done(self, import_id: str, chunks: Iterable[int]) -> tuple[Cohort, Cohort, Cohort]:
        """Return whom it made, whom it changed and whom it placed, in these chunks."""
        named = [partial(_bits, import_id, word) for word in WORDS]
        new, updated, placed = await self._bitmaps.cohorts(named, chunks)
        return new, updated, placed

    async def remember_updated(self, import_id: str, people: Cohort) -> None:
        """Note whose records the import changes. Called before: one who is noted and not changed is changed next."""
        await self._bitmaps.add([(partial(_bits, import_id, "updated"), people)])

    async def get(self, import_id: str) -> ImportFacts:
        """Return how far an import has come. Raises UnknownImportError."""
        (facts,) = await run_all(self._redis, [("HGETALL", keys.import_facts(import_id))])
        if b"plan" not in facts:
            raise UnknownImportError(f"There is no import {import_id}, or it is older than 90 days.")
        return ImportFacts(
            id=import_id,
            plan=_plans_decoder.decode(facts[b"plan"]),
            state=ImportState(facts[b"state"].decode()),
            started=datetime.fromisoformat(facts[b"started"].decode()),
            problem=facts.get(b"problem", b"").decode(),
            counts=sum(_frames(facts).values(), FrameCounts()),
        )

    async def newest(self, count: int = 50) -> list[ImportFacts]:
        """Return the newest imports, the newest first."""
        found = []
        (ids,) = await run_all(self._redis, [("LRANGE", keys.IMPORTS_NEWEST, 0, count - 1)])
        for one in ids:
            try:
                found.append(await self.get(one.decode()))
            except UnknownImportError:
                continue
        return found

    async def _write(self, run: ImportRun, facts: Mapping[str, str | bytes]) -> int:
        arguments: list[str | bytes | int] = [run.fence]
        for name, value in facts.items():
            arguments += (name, value)
        answer = int(await _FRAME.run(self._redis, [keys.import_facts(run.id)], arguments))
        if not answer:
            raise ImportTakenOverError(f"Import {run.id} was taken over by another process, which goes on with it.")
        return answer

    async def close(self, run: ImportRun, chunks: Iterable[int]) -> None:
        """Forget whom an import that has ended made, changed and placed; the next of this file is another import."""
        names = [_bits(run.id, word, chunk) for chunk in chunks for word in WORDS]
        commands: list[Command] = [("DEL", name) for name in names]
        commands += [("EXPIRE", keys.import_facts(run.id), _KEPT_SECONDS), ("HGET", keys.IMPORTS_OPEN, run.mark)]
        *_, open_one = await run_all(self._redis, commands)
        if open_one == run.id.encode():
            await run_all(self._redis, [("HDEL", keys.IMPORTS_OPEN, run.mark)])


def _bits(import_id: str, word: str, chunk: int) -> str:
    return keys.import_bits(chunk, import_id, word)


def _run(import_id: str, mark: bytes, fence: int, facts: Mapping[bytes, bytes]) -> ImportRun:
    return ImportRun(
        id=import_id,
        mark=mark,
        plan=_plans_decoder.decode(facts[b"plan"]),
        started=datetime.fromisoformat(facts[b"started"].decode()),
        fence=fence,
        done=_frames(facts),
        state=ImportState(facts[b"state"].decode()),
        is_cancel_wished=facts.get(b"wish") == b"cancel",
    )


def _frames(facts: Mapping[bytes, bytes]) -> dict[int, FrameCounts]:
    return {
        int(name.removeprefix(b"frame:")): _counts_decoder.decode(packed)
        for name, packed in facts.items()
        if name.startswith(b"frame:")
    }


_plans = _counts = msgspec.msgpack.Encoder()
_plans_decoder = msgspec.msgpack.Decoder(ImportPlan)
_counts_decoder = msgspec.msgpack.Decoder(FrameCounts)
