"""The records of who may use the admin pages, and for how long."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

LINK_LIFETIME = timedelta(hours=24)
"""A one-time link is printed in a terminal and used at once; a day covers a demo that was started last night."""

SESSION_IDLE = timedelta(days=7)
"""A session that nobody used for this long has ended."""

SESSION_LIFETIME = timedelta(days=30)
"""However busy it is, a session ends after this and a new link is needed."""

SESSION_TOUCH = timedelta(minutes=10)
"""How often the use of a session is written down; more often would be a write for every page."""


class Account(msgspec.Struct, frozen=True):
    """One person who runs this Pressrun."""

    name: str
    created: datetime


class Session(msgspec.Struct, frozen=True):
    """One browser that is signed in."""

    account: str
    started: datetime
    used: datetime

    @property
    def ends(self) -> datetime:
        """When it ends if it is not used again."""
        return min(self.used + SESSION_IDLE, self.started + SESSION_LIFETIME)

    def has_ended(self, now: datetime) -> bool:
        """Whether it is too old to be believed."""
        return now >= self.ends
