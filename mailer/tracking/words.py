"""The names of the sets that tracking keeps of a mailing. Most have a shadow: for whom a machine came."""

from __future__ import annotations

OPENED = "opened"
CLICKED = "clicked"
BY_PROXY = "opened:proxy"
BY_MACHINE = ":machine"


def link(number: int) -> str:
    """Return the name of the set of who followed a link."""
    return f"link:{number:012x}"
