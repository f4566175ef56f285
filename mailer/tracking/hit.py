"""A hit: one fetch of a tracked link or of the pixel. And what all hits of one person come to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import msgspec

from mailer.issues.mailing import MailingId
from subscribers.cohort import SubscriberId

MOST_HITS = 40
"""Kept of one person in one mailing; later ones change nothing any more."""
_MOST_ALIKE = 2
_PIXEL = 0


class Visitor(IntEnum):
    """Who fetched it."""

    PERSON = 0
    """A mail program or browser, as far as can be told."""
    PROXY = 1
    """A picture proxy that fetches when its reader opens the mail: somebody read it, with what is not known."""
    MACHINE = 2
    """A scanner, a prefetcher, a robot: nobody need have read it."""


class Hit(msgspec.Struct, frozen=True, array_like=True):
    """One fetch, as it is kept: no address, no agent."""

    at_ms: int
    """Milliseconds since 1970."""
    link: int
    """The number of the link's address, from `link_number`; 0: the pixel."""
    visitor: Visitor

    @property
    def is_click(self) -> bool:
        """Whether a link was followed."""
        return self.link != _PIXEL


@dataclass(frozen=True, slots=True)
class Seen:
    """A hit, and whose."""

    mailing: MailingId
    subscriber: SubscriberId
    hit: Hit
    links: int
    """How many tracked links the edition has."""


def link_number(url: str) -> int:
    """Return the number by which an address is known in hits, the same in every mailing: 48 bits, never 0."""
    return int.from_bytes(hashlib.blake2b(url.encode(), digest_size=6).digest(), "big") or 1


def with_hit(hits: Sequence[Hit], hit: Hit) -> tuple[Hit, ...]:
    """Return the hits of a person with one more; the same one again, and what adds nothing, are left out."""
    alike = sum(1 for one in hits if (one.link, one.visitor) == (hit.link, hit.visitor))
    if hit in hits or alike >= _MOST_ALIKE or len(hits) >= MOST_HITS:
        return tuple(hits)
    return tuple(sorted((*hits, hit), key=lambda one: one.at_ms))
