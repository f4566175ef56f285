"""Terms from above: what a segment can ask that this package knows nothing of, such as who opened a mailing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from subscribers.segments.algebra import Sets
from subscribers.segments.segment import Value

Outside = Mapping[str, Callable[[tuple[Value, ...], datetime], Awaitable[Sets | None]]]
"""Term → what returns its set (None is nobody) from its arguments and the time. Raises RuleError for bad arguments."""
