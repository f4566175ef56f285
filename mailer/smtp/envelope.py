"""What is handed over: an envelope (RFC 5321) around a message (RFC 5322), for one recipient."""

from __future__ import annotations

import msgspec


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """From whom and to whom a message travels. A bounce comes back to `sender`."""

    sender: str
    """MAIL FROM; empty for a message that must never bounce (RFC 5321 §4.5.5)."""
    recipient: str
    """RCPT TO: one, never several, so that each person's outcome is their own."""
    envelope_id: str = ""
    """ENVID, which comes back in a delivery report where the relay offers DSN (RFC 3461 §4.4)."""


class HandOver(msgspec.Struct, frozen=True, gc=False):
    """One message on its way to one person, and the caller's own number for it.

    `message` is complete, with CRLF line ends; dots are not yet doubled. No two unsettled hand-overs share a `key`.
    """

    key: int
    envelope: Envelope
    message: bytes
    is_plain: bool = False
    """Whether its maker has made sure that it is plain (see `content.is_plain`), so that nobody need look again."""
