"""The proof that a subscription was asked for: append-only, kept after leaving."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from subscribers.lists import ListId


class ConsentEvent(StrEnum):
    """What happened."""

    ASKED = "asked"
    """Somebody asked for the subscription with this address."""
    CONFIRMED = "confirmed"
    """The person confirmed it by the link they were sent."""
    LEFT = "left"
    """The person left, or was taken off."""
    IMPORTED = "imported"
    """An operator states that the person asked for it elsewhere."""
    PAUSED = "paused"
    """The person wants no mail until a day that they named, or wants it again sooner."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a person's consent history."""

    list_id: ListId
    when: datetime
    words: str = ""
    """What the person was shown and agreed to; for an import, the statement of who imports."""
    where: str = ""
    """Where the request came from, such as an IP address; or the name of the imported file."""
    by: str = ""
    """Which form, import or link it came by."""
    event: ConsentEvent = ConsentEvent.ASKED


def is_fresh(history: list[Consent], list_id: ListId) -> bool:
    """Whether this list was asked for again since the person last left it.

    A confirmation link works for ever, so one found in an old mail must not undo a later leaving.
    """
    asked = [entry.when for entry in history if entry.list_id == list_id and entry.event is ConsentEvent.ASKED]
    left = [entry.when for entry in history if entry.list_id == list_id and entry.event is ConsentEvent.LEFT]
    return not left or bool(asked and max(asked) >= max(left))
