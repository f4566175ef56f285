"""The two ways in which an SMTP conversation can go against its grammar: theirs and ours."""

from __future__ import annotations

from mailer.errors import PressrunError


class MalformedReplyError(PressrunError):
    """Theirs: what the server said is no reply (RFC 5321 §4.2), or no answer to what it was asked."""


class MisuseError(PressrunError):
    """Ours: a command was given in a state where it is not legal. A bug in the caller."""
