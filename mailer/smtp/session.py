"""A conversation over a real socket: the only file of this room that opens one.

Drives a `Connection` over asyncio. Opening (connect, greeting, EHLO, STARTTLS, AUTH) is one story with a deadline on
every step, and raises RelayError; from then on nothing raises, and everything comes as events to the `listener`.
Certificates are verified, except where TLS was asked for only if it works. A plain Protocol rather than streams: a
message costs two callbacks.
"""

from __future__ import annotations

import asyncio
import platform
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar, cast

from mailer.errors import RelayError
from mailer.settings import RelayProtocol, RelayTls
from mailer.smtp.auth import WAYS, mechanism_for
from mailer.smtp.connection import Connection
from mailer.smtp.deadline import Deadline
from mailer.smtp.envelope import HandOver
from mailer.smtp.errors import HandshakeError, LoginRefusedError, StandingError, reason
from mailer.smtp.events import Authenticated, Ended, Event, Greeted, Introduced, Settled, TlsAgreed
from mailer.smtp.outcome import OutcomeKind
from mailer.smtp.relay import Relay
from mailer.smtp.states import State
from mailer.smtp.tls import trusted, untrusted, unverified

GOODBYE_SECONDS = 2.0
_AT_ONCE_BYTES = 16_384
"""What is longer is written at once, so that the server has something to do. What is shorter waits until all that came
over other connections is read: most of its cost is to wake a server that has nothing to do."""

_TROUBLES: dict[type, type[RelayError]] = {Authenticated: LoginRefusedError, TlsAgreed: HandshakeError}
"""What a refusal of these steps of the opening is raised as."""

EventT = TypeVar("EventT", bound=Event)
Listener = Callable[["Session", Event], None]
Pull = Callable[[], HandOver | None]
"""Gives the next hand-over, if there is one just now."""
Witness = Callable[[str, bytes], None]
"""Told who spoke (`C`, the client, or `S`) and the very bytes, secrets and all: see `transcript`."""


class Session(asyncio.Protocol):
    """One open connection to a relay. Make it with `Session.open`."""

    def __init__(self, relay: Relay, *, is_lockstep: bool = False, witness: Witness | None = None) -> None:
        self.relay = relay
        self._witness = witness
        self.is_lockstep = is_lockstep
        self.ended: Ended | None = None
        self.has_worked = False
        """Whether the server has settled a hand-over on this connection."""
        self.handed = 0
        """How many hand-overs were given to this connection."""
        self.is_doubted = False
        """Whether it ended between a final dot and its reply."""
        self.opened_at = 0.0
        """Instant, by the loop's clock."""
        self.idle_since = 0.0
        """Instant, by the loop's clock, since when nothing was under way."""
        self._loop = asyncio.get_running_loop()
        self._connection = Connection(
            is_lockstep=is_lockstep, is_lmtp=relay.protocol is RelayProtocol.LMTP, takes_chunks=relay.takes_chunks
        )
        self._transport: asyncio.Transport | None = None
        self._listener: Listener | None = None
        self._at_hand: Pull | None = None
        self._opening: deque[Event] = deque()
        self._waker: asyncio.Future[None] | None = None
        self._deadline = Deadline(self._fallen_silent)

    @classmethod
    async def open(cls, relay: Relay, *, is_lockstep: bool = False, witness: Witness | None = None) -> Session:
        """Connect, protect, and introduce ourselves. Raises RelayError that says at which step it failed, and why.

        A `witness` is told who says what, as it is said.
        """
        try:
            return await cls._open(relay, is_lockstep=is_lockstep, witness=witness)
        except HandshakeError:
            if relay.tls is not RelayTls.OPPORTUNISTIC:
                raise
        return await cls._open(replace(relay, tls=RelayTls.NONE), is_lockstep=is_lockstep, witness=witness)

    @classmethod
    async def _open(cls, relay: Relay, *, is_lockstep: bool, witness: Witness | None) -> Session:
        session = cls(relay, is_lockstep=is_lockstep, witness=witness)
        implicit = relay.tls is RelayTls.IMPLICIT
        try:
            async with asyncio.timeout(relay.timeout_seconds):
                await session._loop.create_connection(
                    lambda: session,
                    relay.host,
                    relay.port,
                    ssl=trusted(relay.certificate_file) if implicit else None,
                    server_hostname=relay.host if implicit else None,
                )
        except OSError as error:
            no_connection = RelayError(f"No connection to the relay {relay.name}: {reason(error)}")
            raise untrusted(relay.name, error) or no_connection from error
        try:
            await session._introduce()
        except BaseException:
            session.abort("The opening failed.")
            raise
        session.opened_at = session.idle_since = session._loop.time()
        return session

    # For whoever has hand-overs

    @property
    def is_open(self) -> bool:
        """Whether another hand-over may be tried here."""
        return self._connection.state is State.READY

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is under way."""
        return not self.is_open or self._connection.is_at_rest

    @property
    def has_had_enough(self) -> bool:
        """Whether the relay is to be given no more over this connection."""
        return 0 < self.relay.messages_per_connection <= self.handed

    def listen(self, listener: Listener | None, at_hand: Pull | None = None) -> None:
        """Send what happens from now on to `listener`; take what is `at_hand` as soon as there is room for it."""
        self._listener = listener
        self._at_hand = at_hand

    def hand_over(self, hand_over: HandOver) -> bool:
        """Say what may be said of it now, with whatever else is due. Return false, having done nothing, when closed."""
        if not self.is_open:
            return False
        self._offer(hand_over)
        self._flush()
        return True

    async def room(self) -> None:
        """Take what is at hand; return when there is room and nothing more, or the session has ended."""
        while self.is_open and not self._connection.has_room:
            await self._woken()

    async def rest(self) -> None:
        """Return when nothing is under way any more."""
        while not self.is_at_rest:
            await self._woken()

    def abort(self, detail: str) -> None:
        """End now, whatever is under way."""
        transport = self._transport
        # Through TLS, what is buffered is not what was written; then every dot counts as gone.
        is_plain = transport is not None and transport.get_extra_info("ssl_object") is None
        unwritten = transport.get_write_buffer_size() if transport and is_plain else 0
        self._tell(self._connection.lost(detail, unwritten_bytes=unwritten))
        if transport:
            transport.abort()

    async def close(self) -> None:
        """Say goodbye, wait a moment for the answer, and close."""
        if self.is_open and self._connection.is_at_rest:
            self._connection.quit()
            self._flush()
            try:
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self.rest()
            except TimeoutError:
                pass
        self.abort("We closed the connection.")

    # For asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the greeting."""
        self._transport = cast("asyncio.Transport", transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what the server said; answer in one write with the next hand-over, if somebody has one at hand."""
        if self._witness:
            self._witness("S", data)
        connection = self._connection
        read_before = connection.replies_read
        if events := connection.receive(data):
            self._tell(events)
        self._help_yourself()
        if connection.has_room:
            # Whoever feeds us may add an envelope to what is due; the flush after that finds nothing left.
            self._wake()
        if (output := connection.output_bytes) > _AT_ONCE_BYTES:
            self._flush()
        elif output:
            self._loop.call_soon(self._flush)
        elif connection.replies_read > read_before:
            # A server that drips single bytes does not extend its time.
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Settle what was under way."""
        why = reason(exc) if exc else "the server closed it"
        self._tell(self._connection.lost(f"The connection was lost: {why}"))
        self._transport = None
        self._deadline.cancel()
        self._wake()

    # The opening

    async def _introduce(self) -> None:
        """Take the greeting, introduce ourselves, upgrade to TLS, authenticate."""
        relay, connection = self.relay, self._connection
        await self._event(Greeted)
        await self._hello()
        has_starttls = connection.capabilities.has_starttls
        if relay.tls is RelayTls.STARTTLS and not has_starttls:
            raise StandingError(f"The relay {relay.name} does not offer STARTTLS, which the settings demand.")
        if relay.tls is RelayTls.STARTTLS or (relay.tls is RelayTls.OPPORTUNISTIC and has_starttls):
            connection.start_tls()
            self._flush()
            await self._event(TlsAgreed)
            await self._upgrade()
            await self._hello()
        if relay.username:
            await self._log_in()

    async def _log_in(self) -> None:
        relay, connection = self.relay, self._connection
        mechanism = mechanism_for(relay.login, connection.capabilities.auth_mechanisms)
        if not mechanism:
            wanted = " or ".join(WAYS[relay.login])
            raise StandingError(f"The relay {relay.name} offers no way to log in that is wanted here ({wanted}).")
        connection.authenticate(relay.username, relay.current_password(), mechanism)
        self._flush()
        await self._event(Authenticated)

    async def _hello(self) -> None:
        self._connection.hello(self.relay.hello_name or self._own_name())
        self._flush()
        await self._event(Introduced)

    async def _upgrade(self) -> None:
        """Make the TLS handshake on the open connection."""
        assert self._transport
        try:
            transport = await self._loop.start_tls(
                self._transport,
                self,
                unverified() if self.relay.tls is RelayTls.OPPORTUNISTIC else trusted(self.relay.certificate_file),
                server_hostname=self.relay.host,
                ssl_handshake_timeout=self.relay.timeout_seconds,
            )
        except OSError as error:
            no_tls = HandshakeError(f"No TLS with the relay {self.relay.name}: {reason(error)}")
            raise untrusted(self.relay.name, error) or no_tls from error
        if not transport or self._connection.state is not State.SECURING:
            raise HandshakeError(f"The connection to the relay {self.relay.name} was lost during TLS.")
        self._transport = transport
        self._connection.secured()

    async def _event(self, kind: type[EventT]) -> EventT:
        """Return the next event of the opening, which is of this kind or a failure."""
        while not self._opening:
            await self._woken()
        event = self._opening.popleft()
        if self.ended:
            trouble = _TROUBLES.get(kind, RelayError) if self.ended.reply else RelayError
            raise trouble(f"The relay {self.relay.name} cannot be used. {self.ended.detail}")
        assert isinstance(event, kind)
        return event

    def _own_name(self) -> str:
        """Return this machine's name if it is a full one, else its address as a literal (RFC 5321 §4.1.4)."""
        node = platform.node()
        if "." in node and node.isascii():
            return node
        assert self._transport
        address = self._transport.get_extra_info("sockname")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    # How it is done

    def _help_yourself(self) -> None:
        """Take what is at hand, while there is room and whoever feeds us is waiting for room rather than for more."""
        if not self._at_hand or not self._waker or self._waker.done():
            return
        while self._connection.has_room and not self.has_had_enough and (hand_over := self._at_hand()):
            self._offer(hand_over)

    def _offer(self, hand_over: HandOver) -> None:
        self.handed += 1
        if events := self._connection.hand_over(hand_over):
            self._tell(events)

    def _flush(self) -> None:
        """Write everything that is due, in one write."""
        if self._connection.output_bytes and self._transport:
            output = self._connection.take_output()
            if self._witness:
                self._witness("C", output)
            self._transport.write(output)
            self._watch()

    def _tell(self, events: list[Event]) -> None:
        """Pass the events on."""
        for event in events:
            if isinstance(event, Settled):
                if event.outcome.reply:
                    self.has_worked = True
                elif event.outcome.kind is OutcomeKind.UNCERTAIN:
                    self.is_doubted = True
            elif isinstance(event, Ended):
                self.ended = event
                if self._transport:
                    self._transport.close()
            if self._listener:
                self._listener(self, event)
            else:
                self._opening.append(event)
        if self.ended or self._opening:
            self._wake()

    async def _woken(self) -> None:
        """Return after the next thing that happens."""
        self._waker = self._loop.create_future()
        await self._waker

    def _wake(self) -> None:
        if self._waker and not self._waker.done():
            self._waker.set_result(None)

    def _watch(self) -> None:
        """Set the deadline for the step whose reply is due."""
        step = self._connection.waiting_for
        if step is None:
            self.idle_since = self._loop.time()
        else:
            self._deadline.move(self.relay.patience_seconds(step))

    def _fallen_silent(self) -> None:
        """End a conversation whose server has fallen silent."""
        step = self._connection.waiting_for
        if step and self._connection.state is not State.CLOSED:
            seconds = self.relay.patience_seconds(step)
            self.abort(f"The server gave no answer to {step.upper()} within {seconds:g} seconds.")
