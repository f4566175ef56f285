"""Keeping one connection fed: pull, hand over, replace the connection when the server ends it, until there is no more.

A connection with room helps itself to what is at hand; only where nothing is, its feeder waits for the supply.

What a lost connection leaves behind is tried once more on a new one if the server had been working until then (many
close after so many messages, or when idle, without a word: Yahoo's "not an error"). Otherwise it is deferred.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from mailer.errors import RelayError
from mailer.smtp.envelope import HandOver
from mailer.smtp.events import Displaced, Event, Settled
from mailer.smtp.outcome import Outcome, OutcomeKind, Step
from mailer.smtp.session import Session
from mailer.smtp.supply import Supply

Settle = Callable[[int, Outcome], None]


class Feeder:
    """Feeds one connection at a time from the shared supply."""

    def __init__(
        self,
        supply: Supply,
        settle: Settle,
        *,
        connect: Callable[[Session | None], Awaitable[Session]],
        when_pulled: Callable[[], None],
    ) -> None:
        """`connect` gives a session in place of one that ended, if any; `when_pulled` is told of every pull."""
        self.session: Session | None = None
        self._supply = supply
        self._settle = settle
        self._connect = connect
        self._when_pulled = when_pulled
        self._again: deque[HandOver] = deque()
        self._tried_again: set[int] = set()

    async def feed(self) -> None:
        """Hand over until the supply ends. Raises RelayError when no connection can be had, and what the source raises.

        When cancelled or failed, hand-overs may still be under way on `session`: `settle_rest` waits for them.
        """
        try:
            while await self._feed_one_session():
                pass
        except RelayError as error:
            self._defer_rest(str(error))
            raise

    async def settle_rest(self) -> None:
        """Wait for what is under way, and pull no more. What is left after that is deferred."""
        if self.session:
            await self.session.rest()
        self._defer_rest("The connection ended, and no other was opened because Pressrun stopped.")

    def settle_now(self, detail: str) -> None:
        """Wait for nothing: settle everything by what is known."""
        if self.session and not self.session.is_at_rest:
            self.session.abort(detail)
        self._defer_rest(detail)

    async def _feed_one_session(self) -> bool:
        """Feed a connection until it ends or the supply does. Return whether another connection is needed."""
        session = self.session = await self._connect(self.session)
        session.listen(self._hear, self._at_hand)
        while session.is_open:
            hand_over = await self._next()
            if hand_over is None:
                await session.rest()
                return bool(self._again)
            if session.has_had_enough:
                self._again.appendleft(hand_over)
                await session.rest()
                await session.close()
                return True
            if not session.hand_over(hand_over):
                # It closed while the source was thinking; nothing was tried.
                self._again.append(hand_over)
            await session.room()
        return True

    async def _next(self) -> HandOver | None:
        """Return what an earlier connection left behind, else the next of the supply."""
        if self._again:
            return self._again.popleft()
        return self._pulled(await self._supply.take())

    def _at_hand(self) -> HandOver | None:
        """Return the same, if there is one just now."""
        if self._again:
            return self._again.popleft()
        return self._pulled(self._supply.at_hand())

    def _pulled(self, hand_over: HandOver | None) -> HandOver | None:
        if hand_over is not None:
            self._when_pulled()
        return hand_over

    def _hear(self, session: Session, event: Event) -> None:
        """Pass outcomes on; keep what deserves a second connection."""
        if isinstance(event, Settled):
            self._settle(event.hand_over.key, event.outcome)
        elif isinstance(event, Displaced):
            self._hear_displaced(session, event)

    def _hear_displaced(self, session: Session, event: Displaced) -> None:
        key = event.hand_over.key
        if not session.has_worked or key in self._tried_again:
            self._settle(key, event.outcome)
            return
        if event.was_tried:
            self._tried_again.add(key)
        self._again.append(event.hand_over)

    def _defer_rest(self, detail: str) -> None:
        while self._again:
            hand_over = self._again.popleft()
            self._settle(hand_over.key, Outcome(OutcomeKind.DEFERRED, None, Step.CONNECT, detail))
