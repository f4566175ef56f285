"""Lanes: the kinds of work that workers do, kept apart so that none waits behind another.

A lane is a queue of hints on the broker, with the same name. `CREWS` says which lanes share processes where a worker is
told nothing else: a mailing of a million may fill the first crew for hours, and a confirmation still leaves at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Lane(StrEnum):
    """What kind of work a hint is about."""

    DELIVERY = "delivery"
    """Shifts of mailings."""
    TRANSACTIONAL = "transactional"
    """Mail to one person, who waits for it."""
    FEEDBACK = "feedback"
    """What comes back: bounces, complaints, webhooks."""
    BULK = "bulk"
    """Long work on many people, such as imports."""


WITHOUT: Mapping[Lane, str] = {
    Lane.DELIVERY: "mailings are not handed over",
    Lane.TRANSACTIONAL: "confirmations and other mail to single people wait",
    Lane.FEEDBACK: "bounces and complaints are taken in, wait, and change nothing",
    Lane.BULK: "imports in the background wait",
}
"""What it means that nobody serves a lane."""

CREWS: tuple[tuple[Lane, ...], ...] = ((Lane.DELIVERY,), (Lane.TRANSACTIONAL, Lane.FEEDBACK), (Lane.BULK,))
"""Lanes that share processes. The first crew has `worker_processes` of them, every other has one.

An import lasts as long as its file is: it must hold up neither mailings nor mail to one person."""


def lanes_named(text: str) -> tuple[Lane, ...]:
    """Read lanes from `delivery,bulk`. Raises ValueError, with a sentence, for a name that is none."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {lane.value: lane for lane in Lane}
    if wrong := [name for name in names if name not in known]:
        raise ValueError(f"There is no queue “{wrong[0]}”. There are: {', '.join(known)}.")
    if not names:
        raise ValueError(f"Name at least one queue of: {', '.join(known)}.")
    return tuple(dict.fromkeys(known[name] for name in names))
