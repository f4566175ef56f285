"""Which addresses came by already: a set of digests in ten to twenty bytes each, where Python's takes a hundred."""

from __future__ import annotations

from array import array

_FIRST_SLOTS = 1 << 14


class Seen:
    """An open-addressed table of the digests' first eight bytes; a zero slot is free."""

    def __init__(self) -> None:
        """Start with nobody."""
        self._slots = array("Q", bytes(8 * _FIRST_SLOTS))
        self._mask = _FIRST_SLOTS - 1
        self._room = _FIRST_SLOTS * 2 // 3

    def add(self, digest: bytes) -> bool:
        """Note a digest, and return whether it is new. Two of a million people are mixed up once in 10⁷ files."""
        number = int.from_bytes(digest[:8], "little") or 1
        slots, mask = self._slots, self._mask
        place = number & mask
        while there := slots[place]:
            if there == number:
                return False
            place = (place + 1) & mask
        slots[place] = number
        self._room -= 1
        if not self._room:
            self._grow()
        return True

    def _grow(self) -> None:
        before = self._slots
        size = 2 * len(before)
        self._slots = slots = array("Q", bytes(8 * size))
        self._mask = mask = size - 1
        self._room = size * 2 // 3 - len(before) * 2 // 3
        for number in before:
            if number:
                place = number & mask
                while slots[place]:
                    place = (place + 1) & mask
                slots[place] = number
