"""A relay's condition: how it is just now, and how much of what it may take is used. Derived on read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailer.senders.relays.health import Health
from mailer.senders.relays.limit import Limit
from mailer.senders.relays.relaystore import RelayStore
from mailer.senders.relays.storedrelay import StoredRelay


class RelayState(StrEnum):
    """Whether a relay is used."""

    WELL = "well"
    RESTING = "resting"
    """It could not be used, and is left alone until it is probed."""
    PAUSED = "paused"
    """Its operator wants it unused."""


@dataclass(frozen=True, slots=True)
class Condition:
    """How a relay is at one moment."""

    relay: StoredRelay
    health: Health
    connections: int
    """Connections of all workers that are counted; only where they are limited."""
    used: tuple[tuple[Limit, int], ...]
    """Its limits, each with the messages that count in the window that ends now."""

    @property
    def state(self) -> RelayState:
        """Whether it is used."""
        if self.relay.is_paused:
            return RelayState.PAUSED
        return RelayState.WELL if self.health.is_well else RelayState.RESTING


async def condition_of(store: RelayStore, relay: StoredRelay, now: datetime) -> Condition:
    """Return how a relay is now."""
    limits = relay.limits
    used = await store.used(relay.name, limits, now)
    return Condition(
        relay,
        await store.health(relay.name),
        await store.connections(relay.name, now),
        tuple(zip(limits, used, strict=True)),
    )
