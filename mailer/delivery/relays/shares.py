"""Whose turn it is among relays of the same priority, so that each gets its share. Pure.

Each relay has a time of its own, which goes on by 1 / weight with every message. Nobody may run ahead of the slowest by
more than a little; but one that does not come for its turn is not waited for.
"""

from __future__ import annotations

from collections.abc import Mapping

AHEAD = 8
"""How many messages a relay of weight 1 may be ahead."""


class Shares:
    """Counts who has had how much."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        """Begin evenly; weights are 1 or more."""
        self._weights = dict(weights)
        self._times = dict.fromkeys(weights, 0.0)
        self._absent: set[str] = set()

    def may_take(self, name: str) -> bool:
        """Whether this relay may have the next message now."""
        others = [time for other, time in self._times.items() if other != name and other not in self._absent]
        return not others or self._times[name] <= min(others) + AHEAD / self._weights[name]

    def took(self, name: str) -> None:
        """Count one message for this relay."""
        if name in self._absent:
            # Whoever comes back does not make up for what it missed.
            self._absent.discard(name)
            self._times[name] = max(self._times.values())
        self._times[name] += 1 / self._weights[name]

    def left(self, name: str) -> None:
        """Wait no more for this relay, until it takes something."""
        self._absent.add(name)

    def wait_no_more(self, name: str) -> None:
        """Let this relay go on: those who are behind it have not come for their turn."""
        self._absent |= {other for other, time in self._times.items() if time < self._times[name]} - {name}
