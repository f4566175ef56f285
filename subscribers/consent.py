"""The proof that a subscription was asked for: append-only, kept after leaving."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

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


def truncated_ip(address: str) -> str:
    """Return the network of an IP address: 24 bits of IPv4, 48 of IPv6; of what is no address, nothing.

    Nobody can be told by it, and it still says where a request came from.
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


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
