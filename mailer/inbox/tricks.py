"""What the inbox does with a recipient, by the sample address: so that a demo shows what really happens to mail.

    gone.anna@… or anna+gone@…    550 5.1.1 at RCPT: no such user
    full.anna@…                   552 5.2.2 at RCPT: mailbox full
    greylist.anna@…               451 4.7.1 the first two times, then accepted
    later.anna@…                  accepted; a delivery report (RFC 3464) follows
    complains.anna@…              accepted; an abuse report (RFC 5965) follows

All others are accepted and kept.
"""

from __future__ import annotations

from enum import StrEnum

GREYLISTED_TIMES = 2
"""How often a greylisted recipient is put off before it is accepted."""


class Trick(StrEnum):
    """What is played on the sender."""

    NONE = ""
    GONE = "gone"
    FULL = "full"
    GREYLIST = "greylist"
    LATER = "later"
    COMPLAINS = "complains"


REPLIES: dict[Trick, str] = {
    Trick.GONE: "550 5.1.1 No such user here",
    Trick.FULL: "552 5.2.2 The mailbox is full",
    Trick.GREYLIST: "451 4.7.1 Greylisted, please try again later",
}
"""What is said at RCPT, where it is not an OK."""

REPORTED = frozenset({Trick.LATER, Trick.COMPLAINS})
"""Tricks by which a message is accepted and a report follows."""


def trick_of(address: str) -> Trick:
    """Return what the inbox does with mail for this address."""
    local_part = address.rpartition("@")[0].lower()
    if "+gone" in local_part:
        return Trick.GONE
    first, dot, _ = local_part.partition(".")
    return Trick(first) if dot and first in set(Trick) else Trick.NONE
