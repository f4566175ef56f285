"""Trying a relay out: one conversation, as a person may read it, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mailer.errors import RelayError
from mailer.smtp.envelope import Envelope, HandOver
from mailer.smtp.events import Displaced, Event, Settled
from mailer.smtp.outcome import Outcome
from mailer.smtp.relay import Relay
from mailer.smtp.session import Session
from mailer.smtp.transcript import Transcript

_PATIENCE_SECONDS = 20.0
"""An operator is watching; servers that take longer are told in words."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What was said, and how it ended."""

    lines: list[str]
    outcome: Outcome | None = None
    """What became of the message, if one was to be sent."""
    problem: str = ""
    """Why the relay cannot be used; empty: it can."""


async def try_relay(relay: Relay, *, sender: str = "", recipient: str = "") -> Trial:
    """Connect, log in, hand one small message over if there is a recipient, and say goodbye."""
    relay = replace(relay, timeout_seconds=min(relay.timeout_seconds, _PATIENCE_SECONDS))
    transcript = Transcript(relay)
    outcomes: list[Outcome] = []
    try:
        session = await Session.open(relay, witness=transcript.note)
    except RelayError as error:
        return Trial(transcript.lines, problem=str(error))
    session.listen(lambda _, event: _note(event, outcomes))
    if recipient:
        session.hand_over(HandOver(1, Envelope(sender, recipient), _message(sender, recipient)))
        await session.rest()
    await session.close()
    return Trial(transcript.lines, outcomes[0] if outcomes else None)


def _note(event: Event, outcomes: list[Outcome]) -> None:
    if isinstance(event, Settled | Displaced):
        outcomes.append(event.outcome)


def _message(sender: str, recipient: str) -> bytes:
    lines = (
        f"From: <{sender}>",
        f"To: <{recipient}>",
        "Subject: A test of a relay",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "This message shows that Pressrun can hand mail over to this relay.",
        "",
    )
    return "\r\n".join(lines).encode("ascii", "replace")
