"""What of a mailing's reading is recorded: nothing, unless its newsletter or issue says so."""

from __future__ import annotations

from enum import StrEnum


class Tracking(StrEnum):
    """What is recorded of each reader."""

    OFF = "off"
    """Nothing: links lead straight to where they say, and there is no pixel. The default."""
    CLICKS = "clicks"
    """Which links are followed."""
    ALL = "opens-and-clicks"
    """That too, and that the mail was opened: by a picture of one pixel, which mail programs may hold back or fetch."""

    @property
    def has_links(self) -> bool:
        """Whether links lead through this Pressrun."""
        return self is not Tracking.OFF

    @property
    def has_pixel(self) -> bool:
        """Whether there is a pixel."""
        return self is Tracking.ALL
