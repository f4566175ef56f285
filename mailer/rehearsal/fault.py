"""Faults of the rehearsal's mail server: the address decides whom they meet, so a rehearsal can be repeated."""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b


class Fault(StrEnum):
    """What the mail server does to a person's message, other than taking it."""

    REFUSED = "refused"
    """550 5.1.1 at RCPT: nobody of that name."""
    DEFERRED = "deferred"
    """451 4.7.1 at RCPT, the first time."""
    LOST = "lost"
    """The connection ends after the final dot, the first time, and no reply says what became of it."""


REPLIES = {
    Fault.REFUSED: b"550 5.1.1 Nobody of that name, in this rehearsal\r\n",
    Fault.DEFERRED: b"451 4.7.1 Later, in this rehearsal\r\n",
}

_KINDS = tuple(Fault)
_STEPS = 1 << 32


def fault_of(address: str, rate: float) -> Fault | None:
    """Return what happens to this address, where a share of all (0 to 1) meets one of the faults, each as likely."""
    number = int.from_bytes(blake2b(address.encode(), digest_size=5).digest(), "big")
    kind, chance = number >> 32, number % _STEPS
    return _KINDS[kind % len(_KINDS)] if chance < rate * _STEPS else None
