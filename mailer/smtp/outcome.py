"""How a hand-over ended, as a value: accepted, deferred, refused or uncertain.

The rule that everything here rests on: until the final dot was written nobody can have the message, so whatever goes
wrong is *deferred*; from then until the reply nobody can know, so it is *uncertain* (RFC 1047); only a reply *accepts*
or *refuses*. A 4xx defers and a 5xx refuses, whatever the enhanced status says: Gmail sends `421 5.7.32`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

import msgspec


class OutcomeKind(StrEnum):
    """The four ways in which a hand-over can end."""

    ACCEPTED = "accepted"
    """The relay took responsibility: 2xx after the final dot."""
    DEFERRED = "deferred"
    """Not now: 4xx, or the connection was lost before the final dot. Nobody has the message."""
    REFUSED = "refused"
    """Never: 5xx, or the message cannot be sent as it is (then there is no reply)."""
    UNCERTAIN = "uncertain"
    """The final dot was written and no reply came. The message may or may not have been taken."""


class Step(StrEnum):
    """Where in an SMTP conversation something happened."""

    CHECK = "check"
    """Before anything was said: the message or envelope cannot go over this wire."""
    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"
    RSET = "rset"
    QUIT = "quit"


class Reply(msgspec.Struct, frozen=True, gc=False):
    """What the server said: `550 5.1.1 No such person here`. The lines of a longer text are parted by newlines."""

    code: int
    status: str
    """The enhanced status code (RFC 3463), such as `5.1.1`; empty where the server gave none."""
    text: str

    @property
    def is_positive(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.code < 300

    def __str__(self) -> str:
        words = (str(self.code), self.status, self.text.replace("\n", " "))
        return " ".join(word for word in words if word)


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """How one hand-over ended, where, and on whose word."""

    kind: OutcomeKind
    reply: Reply | None = None
    """The deciding reply; none where the connection ended, or where we refused ourselves."""
    step: str = Step.DOT
    """The step (a `Step`) that decided."""
    detail: str = ""
    """What happened where no reply tells it."""

    @property
    def sentence(self) -> str:
        """Say it to a person. What follows is not in it: a pause, a cancelling or the age of a mailing decide that."""
        because = str(self.reply) if self.reply else self.detail
        at = f" at {self.step.upper()}" if self.step != Step.CHECK else " before it was sent"
        match self.kind:
            case OutcomeKind.ACCEPTED:
                return f"Accepted: {because}"
            case OutcomeKind.DEFERRED:
                return f"Deferred{at}: {because}"
            case OutcomeKind.REFUSED:
                return f"Refused{at}: {because}"
            case OutcomeKind.UNCERTAIN:
                return f"Uncertain, the message was handed over but no reply came: {because}"
            case _:
                assert_never(self.kind)
