"""The names of the keys that hold what is known of a mailing's reading."""

from __future__ import annotations

from subscribers.keys import BUCKET_SIZE


def word(mailing: int, chunk: int, name: str) -> str:
    """Return the key of one of the sets in `words`."""
    return f"{{c{chunk}}}:mailing:{mailing}:{name}"


def hits(mailing: int, chunk: int, position: int) -> str:
    """Return the key of the hash with the hits of 128 people."""
    return f"{{c{chunk}}}:mailing:{mailing}:hits:{position // BUCKET_SIZE}"
