"""The one place that asks what time it is, so that everything else can be told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic as monotonic

Clock = Callable[[], datetime]


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)
