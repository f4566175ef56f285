"""Warm connections to one relay, and the one call that uses them.

`hand_over_all` pulls hand-overs from one source as fast as the relay takes them, at most two ahead on each connection,
and settles each exactly once, whatever happens: a lost connection, a relay that goes away, a source that fails, a
cancellation. Connections stay open for the next call. One that idled long is replaced; one that the server closed
meanwhile is noticed before a final dot, and what it was given goes to a new one: idling makes no outcome uncertain.

The first connection is opened before anything is pulled, so that a relay that is down costs nobody a try. Others
follow while there is more to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from mailer.errors import RelayError
from mailer.smtp.errors import StandingError
from mailer.smtp.feeding import Feeder, Settle
from mailer.smtp.patience import Patience
from mailer.smtp.relay import Relay
from mailer.smtp.session import Session
from mailer.smtp.supply import AnySource, Supply

MAX_IDLE_SECONDS = 30.0
"""Postfix hangs up after 300 s, under stress after 10; most others after a minute or more."""
GRACE_SECONDS = 5.0
"""How long a cancelled call waits for the replies that are due."""


class Pool:
    """Connections to one relay, for one event loop. Calls that overlap wait for each other."""

    def __init__(
        self,
        relay: Relay,
        *,
        grace_seconds: float = GRACE_SECONDS,
        admit: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`admit` is asked before a connection more is opened; it raises RelayError where there may be none."""
        self.relay = relay
        self._admit = admit
        self.grace_seconds = grace_seconds
        self._warm: list[Session] = []
        self._turn = asyncio.Lock()
        self._is_lockstep = False
        self.patience = Patience()

    async def hand_over_all(self, source: AnySource, settle: Settle) -> None:
        """Hand over everything that the source gives; call `settle(key, outcome)` exactly once for each.

        `settle` is called from the event loop as replies arrive; it must be quick and must not raise. The source may
        pause, if it is an AsyncIterator, and go on as soon as outcomes come in.

        Raises RelayError when no connection can be had (any more); everything that was pulled is settled by then, and
        the rest of the source is untouched. What the source raises is passed on, also after settling. A cancelled call
        pulls no more, waits a short grace for due replies, and settles the rest as deferred or uncertain.
        """
        async with self._turn:
            await self._retire_idle()
            self.patience.begin()
            await _Call(self, source, settle).run()

    async def close(self) -> None:
        """Say goodbye on every warm connection."""
        async with self._turn:
            await self._say_goodbye(self._warm)
            self._warm = []

    async def _retire_idle(self) -> None:
        """Close what has idled so long that the server may be about to."""
        oldest = asyncio.get_running_loop().time() - MAX_IDLE_SECONDS
        stale = [session for session in self._warm if not session.is_open or session.idle_since < oldest]
        self._warm = [session for session in self._warm if session not in stale]
        await self._say_goodbye(stale)

    async def _say_goodbye(self, sessions: list[Session]) -> None:
        await asyncio.gather(*(session.close() for session in sessions))

    async def connect(self, ended: Session | None) -> Session:
        """Return a warm session or open one, in place of one that ended. Raises RelayError."""
        if ended:
            self.keep(ended)
        if self.patience.is_over:
            raise self.patience.trouble(self.relay.name)
        while self._warm:
            session = self._warm.pop()
            if session.is_open:
                return session
        if self._admit and not ended:
            await self._admit()
        return await Session.open(self.relay, is_lockstep=self._is_lockstep)

    def keep(self, session: Session) -> None:
        """Keep a session for the next call; learn from one that ended in nonsense."""
        self.patience.note(session, asyncio.get_running_loop().time())
        if session.ended and session.ended.is_garbled:
            self._is_lockstep = True
        if session.is_open:
            session.listen(None)
            self._warm.append(session)


class _Call:
    """One run of `hand_over_all`: a task for each connection, started as there is more to do."""

    def __init__(self, pool: Pool, source: AnySource, settle: Settle) -> None:
        self._pool = pool
        self._supply = Supply(source)
        self._settle = settle
        self._feeders: list[Feeder] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._pulled = 0

    async def run(self) -> None:
        """Feed until the source ends; raise what went wrong, after everything is settled."""
        self._start_one()
        try:
            await self._all_done()
        except asyncio.CancelledError:
            await self._stop()
            raise
        finally:
            for feeder in self._feeders:
                if feeder.session:
                    self._pool.keep(feeder.session)
        self._raise_failures()

    async def _all_done(self) -> None:
        """Wait for every task, also for those that are started meanwhile."""
        while pending := [task for task in self._tasks if not task.done()]:
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if any(_may_try_others(task) for task in self._tasks) and not self._supply.is_exhausted:
                self._start_all()
        # After a failed source, what it gave before may still be under way.
        for feeder in self._feeders:
            await feeder.settle_rest()

    def _start_one(self) -> None:
        if len(self._tasks) < self._pool.relay.connections:
            feeder = Feeder(self._supply, self._settle, connect=self._pool.connect, when_pulled=self._note_pull)
            self._feeders.append(feeder)
            self._tasks.append(asyncio.create_task(feeder.feed()))

    def _start_all(self) -> None:
        """Try every connection that is left: some relays turn away one and take the next."""
        for _ in range(self._pool.relay.connections):
            self._start_one()

    def _note_pull(self) -> None:
        """Start another connection once there is more than those we have have room for."""
        self._pulled += 1
        if self._pulled >= 2 * len(self._tasks):
            self._start_one()

    async def _stop(self) -> None:
        """Pull no more; give the replies that are due a moment; settle the rest by what is known."""
        self._supply.is_exhausted = True
        for task in self._tasks:
            task.cancel()
        try:
            async with asyncio.timeout(self._pool.grace_seconds):
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await asyncio.gather(*(feeder.settle_rest() for feeder in self._feeders))
        except TimeoutError:
            pass
        finally:
            for feeder in self._feeders:
                feeder.settle_now("Pressrun stopped before the reply came.")

    def _raise_failures(self) -> None:
        """Raise what the source raised; or RelayError, if nobody is left to take more, should there be any."""
        errors = [error for task in self._tasks if not task.cancelled() and (error := task.exception())]
        for error in errors:
            if not isinstance(error, RelayError):
                raise error
        if errors and (self._pool.patience.is_over or not self._supply.is_exhausted):
            raise errors[0]


def _may_try_others(task: asyncio.Task[None]) -> bool:
    """Whether the task found no connection, for a reason that another one need not meet."""
    if not task.done() or task.cancelled():
        return False
    error = task.exception()
    return isinstance(error, RelayError) and not isinstance(error, StandingError)
