"""What a connection tells whoever drives it. Each hand-over gives exactly one `Settled` or `Displaced`."""

from __future__ import annotations

from typing import NamedTuple

from mailer.smtp.capabilities import Capabilities
from mailer.smtp.envelope import HandOver
from mailer.smtp.outcome import Outcome, Reply


class Greeted(NamedTuple):
    """The server greeted us."""

    reply: Reply


class Introduced(NamedTuple):
    """The server answered EHLO; hand-overs may begin."""

    capabilities: Capabilities


class TlsAgreed(NamedTuple):
    """The server waits for the TLS handshake."""

    reply: Reply


class Authenticated(NamedTuple):
    """The server believes who we are."""

    reply: Reply


class Settled(NamedTuple):
    """A hand-over has its outcome."""

    hand_over: HandOver
    outcome: Outcome


class Displaced(NamedTuple):
    """The connection ended before this hand-over's final dot, through no fault of its own.

    Nobody has the message: hand it over on another connection, or settle it with `outcome`.
    """

    hand_over: HandOver
    outcome: Outcome
    was_tried: bool = True
    """Whether anything was said of it."""


class Ended(NamedTuple):
    """The conversation is over, and nothing more will be said. Close the connection."""

    detail: str
    reply: Reply | None = None
    is_garbled: bool = False
    """Whether the server's replies made no sense; perhaps it pipelines badly."""


Event = Greeted | Introduced | TlsAgreed | Authenticated | Settled | Displaced | Ended
