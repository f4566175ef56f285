"""Quiet times: the quiet hours of every newsletter, looked up once for a tick or a shift.

A newsletter has its own, or none, or those of the settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailer.delivery.press import Press
from mailer.quiethours import QuietHours


@dataclass(frozen=True, slots=True)
class QuietTimes:
    """When which newsletter's mailings hand nothing over."""

    by_newsletter: Mapping[str, QuietHours]
    """Those that have any, by slug."""

    @classmethod
    async def ask(cls, press: Press) -> QuietTimes:
        """Look them up as they are now. A newsletter that cannot be used hands nothing over anyway."""
        otherwise = press.settings.quiet
        found = {one.slug: one.quiet(otherwise) for one in await press.newsletters.usable()}
        return cls({slug: quiet for slug, quiet in found.items() if quiet})

    def until(self, newsletter: str, now: datetime) -> datetime | None:
        """Return when the quiet hours of a newsletter end in which this moment lies; None if it lies in none."""
        quiet = self.by_newsletter.get(newsletter)
        return quiet.until(now) if quiet else None

    def next_begin(self, now: datetime) -> datetime | None:
        """Return when the first newsletter falls quiet next; None if none ever does."""
        return min((quiet.next_begin(now) for quiet in self.by_newsletter.values()), default=None)
