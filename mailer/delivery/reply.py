"""What is remembered of the last try for a person who was not accepted at once."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from mailer.smtp.outcome import Outcome, OutcomeKind

LOST = Outcome(
    kind=OutcomeKind.UNCERTAIN,
    reply=None,
    step="dot",
    detail="the worker ended before the relay's reply was recorded",
)
"""What is known of somebody whom a worker had claimed when it died."""


class LastTry(msgspec.Struct, frozen=True, array_like=True):
    """The last reply about one person, how often they were tried, and when they are due again.

    Times are whole milliseconds since 1970: a deferred million is kept in Redis, and a packed date costs 24 bytes more.
    """

    kind: str
    sentence: str
    step: str
    tries: int
    first_ms: int
    last_ms: int
    next_ms: int = 0

    @property
    def first(self) -> datetime:
        """When this person was tried first."""
        return instant(self.first_ms)

    @classmethod
    def after(cls, earlier: LastTry | None, outcome: Outcome, *, now_ms: int, next_ms: int = 0) -> LastTry:
        """Return the record of one more try."""
        return cls(
            kind=outcome.kind.value,
            sentence=outcome.sentence,
            step=outcome.step,
            tries=(earlier.tries if earlier else 0) + 1,
            first_ms=earlier.first_ms if earlier else now_ms,
            last_ms=now_ms,
            next_ms=next_ms,
        )


def instant(milliseconds: int) -> datetime:
    """Return the instant, aware, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    """Return the instant as whole milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


pack = msgspec.msgpack.Encoder().encode
unpack = msgspec.msgpack.Decoder(LastTry).decode
