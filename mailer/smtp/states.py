"""The grammar of a conversation, as tables: which step is legal when, and what each reply makes of a hand-over.

The opening is a line of states. Once READY, a hand-over goes through MAIL, RCPT, DATA and DOT; the first digit of each
reply either goes on to the next step or ends the hand-over, and no other digit is a legal answer.
"""

from __future__ import annotations

from enum import StrEnum

from mailer.smtp.outcome import OutcomeKind, Step

CHALLENGE = 334
"""Asks for the next answer of AUTH."""
SERVICE_CLOSING = 421
"""May answer anything, and ends the conversation (RFC 5321 §3.8)."""
NO_SUCH_COMMAND = frozenset({500, 502, 504})
"""Said to EHLO: try HELO (RFC 5321 §3.2)."""
WANTS_AUTHENTICATION = frozenset({530, 534, 535, 538})
"""RFC 4954 §6: said to MAIL or RCPT these are about us, not about the person."""


class State(StrEnum):
    """How far the conversation has come."""

    CONNECTED = "connected"
    GREETED = "greeted"
    READY = "ready"
    SECURING = "securing"
    CLOSED = "closed"


MOVES: dict[tuple[State, Step], State] = {
    (State.CONNECTED, Step.GREETING): State.GREETED,
    (State.GREETED, Step.EHLO): State.READY,
    (State.READY, Step.STARTTLS): State.SECURING,
    # What was said before TLS is forgotten (RFC 3207 §4.2); the introduction begins anew.
    (State.SECURING, Step.CONNECT): State.GREETED,
    (State.READY, Step.AUTH): State.READY,
    (State.READY, Step.MAIL): State.READY,
    (State.READY, Step.QUIT): State.CLOSED,
}
"""Which step is legal in which state, and where success leads. A step that is not here raises MisuseError."""

ENDINGS: dict[Step, dict[int, OutcomeKind]] = {
    Step.MAIL: {4: OutcomeKind.DEFERRED, 5: OutcomeKind.REFUSED},
    Step.RCPT: {4: OutcomeKind.DEFERRED, 5: OutcomeKind.REFUSED},
    Step.DATA: {4: OutcomeKind.DEFERRED, 5: OutcomeKind.REFUSED},
    Step.DOT: {2: OutcomeKind.ACCEPTED, 4: OutcomeKind.DEFERRED, 5: OutcomeKind.REFUSED},
}
"""What a reply's first digit makes of a hand-over."""
GOES_ON = {Step.MAIL: 2, Step.RCPT: 2, Step.DATA: 3}
"""The first digit with which the envelope goes on. Any digit in neither table is nonsense."""
ENVELOPE: tuple[Step, ...] = (Step.MAIL, Step.RCPT, Step.DATA)
CHUNKED_ENVELOPE: tuple[Step, ...] = (Step.MAIL, Step.RCPT)
"""With CHUNKING the content needs no leave of its own."""
HANDSHAKE = (Step.STARTTLS, Step.AUTH, Step.QUIT)
"""While the reply to one of these is due, no hand-over may begin."""
