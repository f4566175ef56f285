"""What a mailing's reading comes to: exact numbers of people, with machines shown beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from subscribers.cohort import Cohort


@dataclass(frozen=True, slots=True)
class LinkReadership:
    """One address, and how many people followed it."""

    url: str
    words: str
    clicked: int
    by_machine: int
    """People for whom a machine followed it, and who did not themselves."""


@dataclass(frozen=True, slots=True)
class Readership:
    """How a mailing was read. Every number counts people, each once."""

    accepted: int
    tracking: str
    """`off`, `clicks` or `opens-and-clicks`."""
    opened: int
    """Opened, as far as pictures tell."""
    opened_by_proxy: int
    """Of these, through a mail provider's picture proxy only."""
    opened_by_machine: int
    """For whom only machines fetched the pixel: Apple's privacy protection, scanners, prefetching."""
    clicked: int
    clicked_by_machine: int
    """For whom only machines followed links."""
    links: tuple[LinkReadership, ...]
    """In the order of the mail."""


def opens(own: Cohort, by_proxy: Cohort, by_machine: Cohort) -> tuple[int, int, int]:
    """Return how many opened, of these through a proxy only, and for how many only a machine did."""
    people = own | by_proxy
    return people.count(), (by_proxy - own).count(), (by_machine - people).count()


def readership_of_links(
    links: Mapping[str, str], clicks: Mapping[str, tuple[Cohort, Cohort]]
) -> tuple[LinkReadership, ...]:
    """Return the numbers of each address; `links` has their words, `clicks` who followed them, people and machines."""
    return tuple(
        LinkReadership(url, words, clicks[url][0].count(), (clicks[url][1] - clicks[url][0]).count())
        for url, words in links.items()
    )
