"""Suppressions in Redis: the records (`suppressionrecords`), and the bitmaps that follow them (`suppressed`).

A domain is suppressed with `subscribers.suppressing`, which also finds the people who are at it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime

from subscribers import keys
from subscribers.address import Address
from subscribers.cohort import SubscriberId
from subscribers.errors import SuppressionError
from subscribers.storage import Redis, run_all
from subscribers.store.index import AddressIndex
from subscribers.store.suppressed import SuppressedBits
from subscribers.store.suppressionrecords import SuppressionRecords
from subscribers.suppression import (
    LONGEST_EVIDENCE,
    Reason,
    RemovedSuppression,
    Suppression,
    check_end,
    strongest,
)


class SuppressionStore:
    """Who must not be mailed."""

    def __init__(self, redis: Redis, digest_key: bytes) -> None:
        """Take the same digest key as the people's index."""
        self._redis = redis
        self._index = AddressIndex(redis, digest_key)
        self.records = SuppressionRecords(redis, digest_key)
        self.suppressed = SuppressedBits(redis, self.records)

    async def suppress(
        self,
        address: Address,
        reason: Reason,
        *,
        evidence: str = "",
        now: datetime,
        newsletter: str = "",
        until: datetime | None = None,
        subscriber_id: SubscriberId | None = None,
    ) -> bool:
        """Suppress the address, and return whether it was not before. The first reason stays, unless it ends sooner.

        Erasing also takes the address and the evidence out of the suppressions that are there already. Raises
        SuppressionError for an end where the reason has none.
        """
        check_end(reason, until)
        who = self.records.who(address)
        is_erased = reason is Reason.ERASED
        wanted = Suppression(
            address=None if is_erased else address,
            reason=reason,
            since=now,
            evidence="" if is_erased else evidence[:LONGEST_EVIDENCE],
            newsletter=newsletter,
            until=until,
        )
        is_new, stands = await self.records.put(who.digest, wanted)
        if is_erased:
            await self.records.make_bare(who.digest)
        person = subscriber_id or (await self._index.find([who.digest]))[0]
        if person is not None:
            await self.suppressed.mark_one(person, stands)
            if stands == wanted and (until is not None or not is_new):
                # It took the place of one that had an end, and perhaps another reason.
                await self.suppressed.refresh([person])
        return is_new

    async def find(self, address: Address, newsletter: str = "") -> Suppression | None:
        """Return why the address must not be mailed by this newsletter, or by any: the strongest of what applies."""
        return (await self.find_many([address], newsletter))[0]

    async def find_many(self, addresses: Sequence[Address], newsletter: str = "") -> list[Suppression | None]:
        """Return the same for each address, in a few round trips for all."""
        found = await self.records.applying([self.records.who(address) for address in addresses])
        return [strongest([one for one in some if one.newsletter in ("", newsletter)]) for some in found]

    async def all_of(self, address: Address) -> list[Suppression]:
        """Return every suppression that the address is under: its own and its domain's, for every newsletter."""
        return (await self.records.applying([self.records.who(address)]))[0]

    async def own(self, address: Address) -> list[Suppression]:
        """Return the suppressions of the address itself, not of its domain."""
        who, scopes = self.records.who(address), await self.records.newsletters()
        return list((await self.records.read(who.digest + scope.encode() for scope in scopes)).values())

    async def mark(self, people: Iterable[tuple[Address, SubscriberId]]) -> None:
        """Set the bits of those among these people whose address is suppressed."""
        await self.suppressed.mark({person: self.records.who(address) for address, person in people})

    async def restore(self, digest: bytes, suppression: Suppression) -> None:
        """Put a suppression back under its digest, as a backup has it; one that stands there and lasts stays."""
        await self.records.put(digest, suppression)
        person = (await self._index.find([digest]))[0]
        if person is not None:
            await self.suppressed.refresh([person])

    async def restore_trace(self, digest: bytes, trace: RemovedSuppression) -> None:
        """Put back the trace of a suppression that was taken away."""
        await self.records.put_trace(digest + trace.was.newsletter.encode(), trace)

    async def unmark(self, subscriber_id: SubscriberId) -> None:
        """Clear a person's bits, because they are no more."""
        await self.suppressed.unmark(subscriber_id)

    async def remove(self, address: Address, why: str, now: datetime, newsletter: str = "") -> bool:
        """Take the suppression away, keep a trace of it with the reason, and return whether there was one.

        Raises SuppressionError without a reason.
        """
        if not why.strip():
            raise SuppressionError("Say why it may be mailed again; that is kept with the trace of the suppression.")
        digest = self.records.who(address).digest
        was_there = await self.records.take_away(digest, newsletter, why, now)
        person = (await self._index.find([digest]))[0]
        # Also where nothing was there: an earlier try may have died in between.
        if person is not None:
            await self.suppressed.refresh([person])
        return was_there

    async def removed(self, address: Address) -> list[RemovedSuppression]:
        """Return the traces of suppressions of this address that were taken away, the oldest first."""
        return await self.records.traces_of(self.records.who(address).digest)

    async def all(self) -> AsyncIterator[Suppression]:
        """Yield every suppression, in no particular order."""
        async for _, suppression in self.records.all():
            yield suppression

    async def bits(self, chunk: int, newsletter: str = "") -> int:
        """Return who of this chunk must not be mailed, by this newsletter or by any: bit p is position p."""
        bits = 0
        for some in (await self.suppressed.of(chunk, newsletter)).values():
            bits |= some
        return bits

    async def count(self) -> int:
        """Return how many suppressions there are, whether their people are known here or not."""
        return sum(await run_all(self._redis, [("HLEN", key) for key in map(keys.suppressions, keys.ADDRESS_SHARDS)]))
