"""A report that lies in the tray: the raw message, the addresses that it came to, and how often it was tried."""

from __future__ import annotations

from datetime import datetime
from typing import NewType

import msgspec

TrayId = NewType("TrayId", int)


class Trayed(msgspec.Struct, frozen=True, kw_only=True):
    """One report in the tray."""

    id: TrayId
    recipients: tuple[str, ...]
    """The addresses of its envelope; they alone say whom it is about."""
    came: datetime
    tries: int = 0
    """How often it was taken out to be worked off."""
    sentence: str = ""
    """What went wrong at the last try."""
    message: bytes = b""


class InTray(msgspec.Struct, frozen=True, kw_only=True):
    """How much lies in the tray."""

    waiting: int
    aside: int
    """Reports that nobody could work off; they are not tried again by themselves."""
    oldest: datetime | None
    """When the oldest of the waiting came."""
