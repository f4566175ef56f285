"""Sample addresses and what is played on their sender."""

from __future__ import annotations

import pytest

from mailer.inbox.tricks import Trick, trick_of


@pytest.mark.parametrize(
    ("address", "trick"),
    [
        ("anna@example.org", Trick.NONE),
        ("gone.anna@example.org", Trick.GONE),
        ("GONE.Anna@example.org", Trick.GONE),
        ("anna+gone@example.org", Trick.GONE),
        ("full.anna@example.org", Trick.FULL),
        ("greylist.anna@example.org", Trick.GREYLIST),
        ("later.anna@example.org", Trick.LATER),
        ("complains.anna@example.org", Trick.COMPLAINS),
        ("gone@example.org", Trick.NONE),
        ("foregone.anna@example.org", Trick.NONE),
        (".anna@example.org", Trick.NONE),
        ("", Trick.NONE),
    ],
)
def test_the_local_part_says_it(address: str, trick: Trick) -> None:
    assert trick_of(address) is trick
