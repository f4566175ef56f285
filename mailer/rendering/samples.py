"""People who do not exist, for previews: the usual one, and those for whom a layout breaks if it breaks for anybody."""

from __future__ import annotations

from datetime import UTC, datetime

from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.subscriber import Subscriber

_NOBODY = SubscriberId(0)
_JOINED = datetime(2026, 1, 1, tzinfo=UTC)


def sample_people() -> dict[str, Subscriber]:
    """Return sample people by what is special about them. Their links name subscriber 0, whom no list has."""
    return {
        "usual": _sample("robin@example.com", "Robin Sample"),
        "no name": _sample("nobody@example.com", ""),
        "long name": _sample(
            "wolfeschlegel@example.com", "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissen"
        ),
        "right to left": _sample("samia@example.com", "سامية عبد الرحمن", "ar"),
        "chinese": _sample("li.lei@example.com", "李雷", "zh-Hans"),
    }


def _sample(address: str, name: str, language: str = "") -> Subscriber:
    return Subscriber(id=_NOBODY, address=parse_address(address), name=name, language=language, joined=_JOINED)
