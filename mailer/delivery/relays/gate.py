"""How one process keeps to the limits of one relay, which all workers share through Redis.

Leave to hand over is taken in groups, so a message costs no round trip; what is left over is given back at the end of a
call. Connections are leases that this process renews while it hands over, and gives back when the call ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from mailer import maillog
from mailer.senders.relays.limit import group_size
from mailer.senders.relays.relaystore import RelayStore
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.smtp.errors import RelayFullError
from subscribers.errors import StorageDownError

LEASE = timedelta(seconds=30)
RENEW_SECONDS = 10.0
NOW = timedelta(0)


class Gate:
    """Lets messages and connections through, or says how long to wait."""

    def __init__(self, store: RelayStore, relay: StoredRelay, holder: str) -> None:
        """`holder` is what this process is called among all."""
        self._store = store
        self._relay = relay
        self._holder = holder
        self._left = 0
        self._taken = datetime.fromtimestamp(0, UTC)
        self._groups = 0
        self._held: list[str] = []
        self._now: Callable[[], datetime] | None = None
        self._renewing: asyncio.Task[None] | None = None

    def begin(self, now: Callable[[], datetime]) -> None:
        """Begin a call; `now` tells Redis' time."""
        self._now = now

    def take_leave(self) -> bool:
        """Take leave for one message, if that needs no asking; return whether there was any."""
        if self._relay.limits:
            if not self._left:
                return False
            self._left -= 1
        return True

    async def wait_for_leave(self) -> timedelta:
        """Take leave for one message; zero if there was, else how long until there may be."""
        if not self._relay.limits:
            return NOW
        if not self._left:
            assert self._now
            self._taken = self._now()
            wanted = group_size(self._relay.limits)
            self._left, wait = await self._store.take(self._relay.name, self._relay.limits, wanted, self._taken)
            if not self._left:
                return wait
        self._left -= 1
        return NOW

    def spare(self) -> None:
        """Take back the leave for a message that there was not."""
        self._left += bool(self._relay.limits)

    async def admit(self) -> None:
        """Take a connection. Raises RelayFullError if all are taken."""
        relay = self._relay
        if not relay.connections_in_all:
            return
        assert self._now
        now, holder = self._now(), f"{self._holder}/{len(self._held)}"
        if not await self._store.occupy(relay.name, relay.connections_in_all, holder, now=now, until=now + LEASE):
            raise RelayFullError(
                f"All {relay.connections_in_all} connections of the relay {relay.name} are in use by other workers.",
                timedelta(seconds=1),
            )
        self._held.append(holder)
        if not self._renewing:
            self._renewing = asyncio.create_task(self._renew())

    async def end(self) -> None:
        """Give back what is left. If Redis is away, leases run out by themselves, and the leave counts as used."""
        if self._renewing:
            self._renewing.cancel()
            self._renewing = None
        held, unused = self._held, self._left
        self._held, self._left = [], 0
        try:
            await self._store.leave(self._relay.name, held)
            if unused:
                self._groups += 1
                token = f"{self._holder}:{self._taken.timestamp()}:{self._groups}"
                await self._store.give_back(
                    self._relay.name, self._relay.limits, unused, taken=self._taken, token=token
                )
        except StorageDownError as error:
            maillog.waiting_for_redis(str(error))

    async def _renew(self) -> None:
        relay = self._relay
        assert self._now
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            now = self._now()
            try:
                for holder in self._held:
                    await self._store.occupy(relay.name, relay.connections_in_all, holder, now=now, until=now + LEASE)
            except StorageDownError as error:
                maillog.waiting_for_redis(str(error))
