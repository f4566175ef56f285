"""What one joins."""

from __future__ import annotations

from typing import NewType

import msgspec

ListId = NewType("ListId", int)
"""A small number, used in keys and tokens; never given to a second list."""


class MailingList(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A list of a newsletter. Its slug is for people, its id for keys and tokens."""

    id: ListId
    slug: str
    name: str
    newsletter: str
    """The slug of the newsletter that owns it."""
    is_double_opt_in: bool = True
    """Whether a person who joins must first confirm by a link in a mail."""
    is_public: bool = True
    """Whether anybody may see and join it."""
    is_archived: bool = False
    """Whether it is put away: hidden where lists are chosen, joined by nobody, and mailed to nobody."""
