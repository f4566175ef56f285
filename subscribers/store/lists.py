"""Lists, and who stands where on them, in Redis.

Keys: `lists` (hash: slug → packed MailingList), `lists:last-id`, `{cN}:list:<id>:<state>` (bitmaps). All kept for ever.
Every reader first lets those come back whose pause is over (`pauses`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from subscribers import keys
from subscribers.cohort import Cohort, SubscriberId, bits_from_bytes, chunk_of, position_of
from subscribers.errors import UnknownListError
from subscribers.lists import ListId, MailingList
from subscribers.storage import Call, Command, Redis, run_all, script_beside
from subscribers.store.bitmaps import Bitmaps, piece_of
from subscribers.store.pauses import Pauses
from subscribers.subscription import Mover, SubscriptionState, may_move

_MOVE = script_beside(__file__, "move.lua")


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did. Those in neither set were in the wanted state already."""

    moved: Cohort
    stayed: dict[SubscriptionState, Cohort]
    """Who stayed in another state, because the move was not this mover's to make."""


class ListStore:
    """The lists, and the bitmaps of their people."""

    def __init__(self, redis: Redis) -> None:
        """Take the client that everything goes through."""
        self._redis = redis
        self.pauses = Pauses(redis)

    async def create(
        self, slug: str, *, name: str, newsletter: str, is_double_opt_in: bool = True, is_public: bool = True
    ) -> MailingList:
        """Create the list, or return the one that has this slug already."""
        if not await self._redis.hexists(keys.LISTS, slug):
            made = MailingList(
                id=ListId(await self._redis.incr(keys.LISTS_LAST_ID)),
                slug=slug,
                name=name,
                newsletter=newsletter,
                is_double_opt_in=is_double_opt_in,
                is_public=is_public,
            )
            # The record goes in whole or not at all, and only the first one does; a lost race costs a number.
            await run_all(self._redis, [("HSETNX", keys.LISTS, slug, _encoder.encode(made))])
        return await self.find(slug)

    async def change(self, mailing_list: MailingList) -> None:
        """Write a list that was changed; its id, slug and newsletter must be what they were."""
        before = await self.find(mailing_list.slug)
        if (before.id, before.newsletter) != (mailing_list.id, mailing_list.newsletter):
            raise ValueError("a list keeps its number and its newsletter")
        await run_all(self._redis, [("HSET", keys.LISTS, mailing_list.slug, _encoder.encode(mailing_list))])

    async def get(self, list_id: ListId) -> MailingList:
        """Return the list with this id. Raises UnknownListError."""
        for mailing_list in await self.all():
            if mailing_list.id == list_id:
                return mailing_list
        raise UnknownListError(f"number {list_id}")

    async def find(self, slug: str) -> MailingList:
        """Return the list with this slug. Raises UnknownListError, with a suggestion."""
        (packed,) = await run_all(self._redis, [("HGET", keys.LISTS, slug)])
        if packed is None:
            raise UnknownListError(slug, [mailing_list.slug for mailing_list in await self.all()])
        return _decoder.decode(packed)

    async def all(self) -> list[MailingList]:
        """Return every list, the oldest first."""
        (packed,) = await run_all(self._redis, [("HVALS", keys.LISTS)])
        return sorted((_decoder.decode(one) for one in packed), key=lambda mailing_list: mailing_list.id)

    async def move(
        self,
        list_id: ListId,
        people: Iterable[SubscriberId] | Cohort,
        to: SubscriptionState,
        *,
        by: Mover = Mover.OPERATOR,
        import_id: str = "",
    ) -> Moved:
        """Move these people to a state; those whom `by` may not move stay where they are, and are named.

        With an import's id, the import remembers whom it moved, in the same step.
        """
        cohort = people if isinstance(people, Cohort) else Cohort.of(people)
        others = [state for state in SubscriptionState if state is not to]
        goes = ["go" if may_move(state, to, by) else "stay" for state in (*others, None)]
        if "go" not in goes:
            raise ValueError(f"a {by} can move nobody to {to}")
        await self.pauses.wake(cohort.chunks())

        calls: list[Call] = []
        places = []
        for chunk in cohort.chunks():
            first, mask = piece_of(cohort.bits(chunk))
            scratch = [keys.scratch(chunk, name) for name in ("mask", "some")]
            states = [keys.list_bits(chunk, list_id, state) for state in (to, *others)]
            marks = [keys.import_bits(chunk, import_id, "placed")] if import_id else []
            calls.append(([*scratch, *states, *marks], [first, mask, *goes]))
            places.append((chunk, first))
        replies = await _MOVE.run_all(self._redis, calls) if calls else []

        moved, *stayed = (_joined(places, [reply[i] for reply in replies]) for i in range(len(SubscriptionState)))
        return Moved(moved, dict(zip(others, stayed, strict=True)))

    async def pause(self, list_id: ListId, subscriber_id: SubscriberId, until: datetime) -> bool:
        """Pause somebody who is active or paused, until a moment; return whether they are paused now."""
        # First: an entry for somebody who is not paused changes nothing.
        await self.pauses.put(list_id, subscriber_id, until)
        await self.move(list_id, [subscriber_id], SubscriptionState.PAUSED, by=Mover.PERSON)
        return await self.state_of(list_id, subscriber_id) is SubscriptionState.PAUSED

    async def restore(self, mailing_list: MailingList) -> None:
        """Put a list back with the id that it had."""
        last = int(await self._redis.get(keys.LISTS_LAST_ID) or 0)
        await run_all(
            self._redis,
            [
                ("SET", keys.LISTS_LAST_ID, max(last, mailing_list.id)),
                ("HSET", keys.LISTS, mailing_list.slug, _encoder.encode(mailing_list)),
            ],
        )

    async def put(self, list_id: ListId, state: SubscriptionState, people: Cohort) -> None:
        """Put people into a state without asking who may: for a restored backup."""
        await Bitmaps(self._redis).add([(partial(_named, list_id, state), people)])

    async def take_off(self, list_id: ListId, subscriber_id: SubscriberId) -> None:
        """Forget that the person was ever on the list, because they are erased or became another."""
        chunk, position = chunk_of(subscriber_id), position_of(subscriber_id)
        names = [keys.list_bits(chunk, list_id, state) for state in SubscriptionState]
        await self.pauses.forget(list_id, subscriber_id)
        is_in = await run_all(self._redis, [("GETBIT", name, position) for name in names])
        await run_all(
            self._redis, [("SETBIT", name, position, 0) for name, bit in zip(names, is_in, strict=True) if bit]
        )

    async def cohort(self, list_id: ListId, state: SubscriptionState) -> Cohort:
        """Return everyone in this state on the list."""
        chunks = await self._chunks()
        await self.pauses.wake(chunks)
        replies = await run_all(self._redis, [("GET", keys.list_bits(chunk, list_id, state)) for chunk in chunks])
        return Cohort({chunk: bits_from_bytes(reply or b"") for chunk, reply in zip(chunks, replies, strict=True)})

    async def among(
        self, list_id: ListId, people: Cohort, states: Sequence[SubscriptionState]
    ) -> dict[SubscriptionState, Cohort]:
        """Return who of these people is in each of the states; reads only their chunks."""
        await self.pauses.wake(people.chunks())
        asked = [(state, chunk) for state in states for chunk in people.chunks()]
        replies = await run_all(self._redis, [("GET", keys.list_bits(chunk, list_id, state)) for state, chunk in asked])
        found: dict[SubscriptionState, dict[int, int]] = {state: {} for state in states}
        for (state, chunk), reply in zip(asked, replies, strict=True):
            found[state][chunk] = bits_from_bytes(reply or b"") & people.bits(chunk)
        return {state: Cohort(bits) for state, bits in found.items()}

    async def bits(self, list_id: ListId, state: SubscriptionState, chunk: int) -> int:
        """Return who of this chunk is in this state on the list: bit p is position p."""
        (reply,) = await self._read(chunk, [keys.list_bits(chunk, list_id, state)])
        return bits_from_bytes(reply or b"")

    async def states(self, list_id: ListId, chunk: int) -> dict[SubscriptionState, int]:
        """Return who of this chunk is in which state on the list, in one round trip."""
        replies = await self._read(chunk, [keys.list_bits(chunk, list_id, state) for state in SubscriptionState])
        return {state: bits_from_bytes(reply or b"") for state, reply in zip(SubscriptionState, replies, strict=True)}

    async def _read(self, chunk: int, names: Sequence[str]) -> list[bytes | None]:
        """Read bitmaps of one chunk in one round trip; again, once those whose pause is over are back."""
        commands: list[Command] = [("GET", name) for name in names]
        pauses, *replies = await run_all(self._redis, [("ZRANGE", keys.list_pauses(chunk), 0, 0), *commands])
        if not pauses:
            return replies
        await self.pauses.wake([chunk])
        return await run_all(self._redis, commands)

    async def state_of(self, list_id: ListId, subscriber_id: SubscriberId) -> SubscriptionState | None:
        """Return where the person stands on the list, or None if they never joined."""
        return (await self._states([list_id], subscriber_id)).get(list_id)

    async def counts(self, list_id: ListId) -> dict[SubscriptionState, int]:
        """Return how many people are in each state."""
        chunks = await self._chunks()
        await self.pauses.wake(chunks)
        commands: list[Command] = [
            ("BITCOUNT", keys.list_bits(chunk, list_id, state)) for state in SubscriptionState for chunk in chunks
        ]
        replies = iter(await run_all(self._redis, commands))
        return {state: sum(next(replies) for _ in chunks) for state in SubscriptionState}

    async def lists_of(self, subscriber_id: SubscriberId) -> dict[ListId, SubscriptionState]:
        """Return the lists that the person is or was on, and where they stand."""
        return await self._states([mailing_list.id for mailing_list in await self.all()], subscriber_id)

    async def _states(self, list_ids: Iterable[ListId], subscriber_id: SubscriberId) -> dict[ListId, SubscriptionState]:
        chunk, position = chunk_of(subscriber_id), position_of(subscriber_id)
        await self.pauses.wake([chunk])
        asked = [(list_id, state) for list_id in list_ids for state in SubscriptionState]
        replies = await run_all(
            self._redis, [("GETBIT", keys.list_bits(chunk, list_id, state), position) for list_id, state in asked]
        )
        return {list_id: state for (list_id, state), is_set in zip(asked, replies, strict=True) if is_set}

    async def _chunks(self) -> range:
        last = await self._redis.get(keys.LAST_ID)
        return range(chunk_of(int(last)) + 1) if last else range(0)


def _named(list_id: ListId, state: SubscriptionState, chunk: int) -> str:
    return keys.list_bits(chunk, list_id, state)


def _joined(places: list[tuple[int, int]], pieces: list[bytes]) -> Cohort:
    return Cohort(
        {chunk: bits_from_bytes(bytes(first) + piece) for (chunk, first), piece in zip(places, pieces, strict=True)}
    )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(MailingList)
