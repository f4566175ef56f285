"""The "did you mean" at the end of an error about an unknown name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return "Did you mean “…”?" for the closest of the known names, or "" when none is close.

    A name that only lacks its first part is close too: `first_name` means `subscriber.first_name`.
    """
    names = list(known)
    wanted = word.casefold()
    same_end = [name for name in names if name.casefold().rpartition(".")[2] == wanted.rpartition(".")[2]]
    close = same_end or get_close_matches(wanted, names, n=1, cutoff=0.6)
    return f"Did you mean “{close[0]}”?" if close else ""
