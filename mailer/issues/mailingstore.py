"""Mailings in Redis: what each is, and the state that it is in.

Keys, all kept for ever:
- `mailings:last-id`: counter. An id is never used twice; a crash may leave one unused.
- `mailings`: sorted set of all ids, by id.
- `mailings:unfinished`: set of the ids that are not yet complete or cancelled, and perhaps of some that are.
- `{m<id>}:mailing`: hash; `record` is what never changes, as JSON, and beside it stand `state`, `starts`, `started`,
  `finished`, `problem`, `approval` (a second person's yes, as JSON), `winner` (the arm that the rest of an experiment
  gets). Only `move.lua` changes the state.

What is active is found from `mailings:unfinished`, which may name too many but never too few: an id goes in before its
record is written, and out only after its state has become final, from which there is no way back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from mailer.errors import ConflictError, NotFoundError
from mailer.issues.aims.experiment import Experiment
from mailer.issues.aims.scope import ONLY_LISTS, Scope
from mailer.issues.mailing import FINAL_STATES, MOVES, Mailing, MailingId, MailingState
from mailer.issues.timing import ALL_AT_ONCE, Approval, Timing
from mailer.settings import UncertainPolicy
from subscribers.errors import StorageDownError
from subscribers.lists import ListId
from subscribers.storage import Redis, run_all, script_beside

LAST_ID = "mailings:last-id"
MAILINGS = "mailings"
UNFINISHED = "mailings:unfinished"

_MOVE = script_beside(__file__, "move.lua")
_FIELDS = ("record", "state", "starts", "started", "finished", "problem", "approval", "winner")


class MailingStore:
    """The mailings and their states."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis

    async def reserve(self) -> MailingId:
        """Return an id for a mailing that is made later, perhaps by another process; nothing else gets it."""
        return MailingId(await self._redis.incr(LAST_ID))

    async def create(
        self,
        *,
        issue: str,
        newsletter: str,
        lists: tuple[ListId, ...],
        edition: str,
        subject: str,
        uncertain_policy: UncertainPolicy,
        now: datetime,
        scope: Scope = ONLY_LISTS,
        timing: Timing | None = None,
        experiment: Experiment | None = None,
        starts: datetime | None = None,
        reserved: MailingId | None = None,
    ) -> Mailing:
        """Make a mailing in state draft, with an id of its own, or with one that was reserved for it.

        With a reserved id a repeat changes nothing: the mailing stays as it was made first, in the state it has now.
        """
        mailing_id = reserved or await self.reserve()
        timing = timing or ALL_AT_ONCE
        record = _Record(issue, newsletter, lists, edition, subject, uncertain_policy, now, timing, scope, experiment)
        await run_all(
            self._redis,
            [
                ("SADD", UNFINISHED, mailing_id),
                # The state first: a mailing without a record is not there yet.
                ("HSETNX", _key(mailing_id), "state", MailingState.DRAFT),
                ("HSETNX", _key(mailing_id), "starts", starts.isoformat() if starts else ""),
                ("HSETNX", _key(mailing_id), "record", msgspec.json.encode(record)),
                ("ZADD", MAILINGS, mailing_id, mailing_id),
            ],
        )
        return await self.get(mailing_id)

    async def find(self, mailing_id: MailingId) -> Mailing | None:
        """Return the mailing with this id, or None."""
        return next(iter(await self._read([mailing_id])), None)

    async def get(self, mailing_id: MailingId) -> Mailing:
        """Return the mailing with this id. Raises NotFoundError."""
        if found := await self.find(mailing_id):
            return found
        newest = next(iter(await self.ids()), None)
        hint = f"The newest is {newest}." if newest else "There is none yet."
        raise NotFoundError(f"There is no mailing {mailing_id}. {hint}")

    async def ids(self) -> list[MailingId]:
        """Return the ids of all mailings, the newest first."""
        (found,) = await run_all(self._redis, [("ZREVRANGE", MAILINGS, 0, -1)])
        return [MailingId(int(one)) for one in found]

    async def all(self) -> list[Mailing]:
        """Return all mailings, the newest first."""
        return await self._read(await self.ids())

    async def active(self) -> list[MailingId]:
        """Return the ids of the mailings that are scheduled or sending, the oldest first."""
        (found,) = await run_all(self._redis, [("SMEMBERS", UNFINISHED)])
        mailings = await self._read(sorted(MailingId(int(one)) for one in found))
        # A process that died between a final move and this line leaves its id behind; here it goes.
        await run_all(self._redis, [("SREM", UNFINISHED, mailing.id) for mailing in mailings if mailing.is_finished])
        return [mailing.id for mailing in mailings if mailing.is_active]

    async def move(
        self,
        mailing_id: MailingId,
        to: MailingState,
        *,
        now: datetime,
        starts: datetime | None = None,
        problem: str = "",
    ) -> Mailing:
        """Move the mailing to a state and return it as it is then.

        The first move to sending is when it started, the move to a final state when it finished. Its problem becomes
        `problem`. A mailing that is in that state already stays as it is, except for a `starts` or `problem` given.
        Raises ConflictError for a move that `MOVES` does not have, NotFoundError for no such mailing.
        """
        sources = " ".join(state for state, following in MOVES.items() if to in following)
        due = starts.isoformat() if starts else ""
        arguments = (to, f" {sources} ", now.isoformat(), due, problem, _time_kept(to))
        answer = await _MOVE.run(self._redis, [_key(mailing_id)], arguments)
        mailing = await self.get(mailing_id)
        if answer == b"refused":
            raise ConflictError(_refusal(mailing, to))
        if to in FINAL_STATES:
            await run_all(self._redis, [("SREM", UNFINISHED, mailing_id)])
        return mailing

    async def decide(self, mailing_id: MailingId, arm: int) -> int:
        """Choose the arm that the rest gets, once and for ever; return the one that is chosen then."""
        key = _key(mailing_id)
        _, chosen = await run_all(self._redis, [("HSETNX", key, "winner", arm), ("HGET", key, "winner")])
        return int(chosen)

    async def set_problem(self, mailing_id: MailingId, text: str) -> None:
        """Say what is wrong with the mailing, or "" for nothing any more. Raises NotFoundError for no such mailing."""
        await self.get(mailing_id)
        await run_all(self._redis, [("HSET", _key(mailing_id), "problem", text)])

    async def approve(self, mailing_id: MailingId, approval: Approval) -> None:
        """Note a second person's yes. Whether it is enough is asked when the mailing is planned."""
        await run_all(self._redis, [("HSET", _key(mailing_id), "approval", msgspec.json.encode(approval))])

    async def why_not_writable(self, mailing_id: MailingId) -> str:
        """Return why nothing can be written about a mailing just now; empty if it can. Changes nothing."""
        try:
            # The field is there already, so this writes nothing; a full or read-only Redis refuses it all the same.
            await run_all(self._redis, [("HSETNX", _key(mailing_id), "state", MailingState.DRAFT)])
        except StorageDownError as error:
            return str(error)
        return ""

    async def _read(self, ids: Iterable[MailingId]) -> list[Mailing]:
        wanted = list(ids)
        replies = await run_all(self._redis, [("HMGET", _key(mailing_id), *_FIELDS) for mailing_id in wanted])
        return [_mailing(mailing_id, reply) for mailing_id, reply in zip(wanted, replies, strict=True) if reply[0]]


class _Record(msgspec.Struct, frozen=True):
    """What never changes about a mailing."""

    issue: str
    newsletter: str
    lists: tuple[ListId, ...]
    edition: str
    subject: str
    uncertain_policy: UncertainPolicy
    created: datetime
    timing: Timing = ALL_AT_ONCE
    scope: Scope = ONLY_LISTS
    experiment: Experiment | None = None


_approval_from = msgspec.json.Decoder(Approval)
_record_from = msgspec.json.Decoder(_Record)


def _mailing(mailing_id: MailingId, reply: list[bytes | None]) -> Mailing:
    record, state, *rest = ((value or b"").decode() for value in reply)
    starts, started, finished, problem, approval, winner = rest
    facts = _record_from.decode(record)
    return Mailing(
        id=mailing_id,
        issue=facts.issue,
        newsletter=facts.newsletter,
        lists=facts.lists,
        scope=facts.scope,
        edition=facts.edition,
        subject=facts.subject,
        uncertain_policy=facts.uncertain_policy,
        created=facts.created,
        state=MailingState(state),
        starts=_time(starts),
        started=_time(started),
        finished=_time(finished),
        problem=problem,
        timing=facts.timing,
        experiment=facts.experiment,
        winner=int(winner) if winner else None,
        approval=_approval_from.decode(approval) if approval else None,
    )


def _time(words: str) -> datetime | None:
    return datetime.fromisoformat(words) if words else None


def _time_kept(to: MailingState) -> str:
    """Return the field that keeps when the mailing first came into this state, or ""."""
    if to in FINAL_STATES:
        return "finished"
    return "started" if to is MailingState.SENDING else ""


def _refusal(mailing: Mailing, to: MailingState) -> str:
    following = sorted(MOVES[mailing.state])
    hint = (
        f"From there it can become {' or '.join(following)}."
        if following
        else "Nothing follows that; make a new mailing."
    )
    return f"Mailing {mailing.id} is {mailing.state} and cannot become {to}. {hint}"


def _key(mailing_id: MailingId) -> str:
    return f"{{m{mailing_id}}}:mailing"
