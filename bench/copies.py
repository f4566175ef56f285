"""Who has got how many copies, as the inbox has kept them. Looked at again and again while more come in."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path


class Copies:
    """The copies in one inbox folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: set[str] = set()
        self.of: Counter[str] = Counter()
        """How many copies each address has got, as of the last look."""

    def look(self) -> Counter[str]:
        """Read what is new, and return how many copies each address has got."""
        files = list(self._folder.glob("*.eml"))
        for file in files:
            if file.name not in self._read and (recipient := _recipient(file)):
                self._read.add(file.name)
                self.of[recipient] += 1
        return self.of


def _recipient(file: Path) -> str:
    """Return to whom a copy went; empty for a file that is just being written."""
    head = file.read_bytes()[:4_096]
    for line in head.split(b"\r\n"):
        if line.startswith(b"Delivered-To:"):
            return line.decode().partition(":")[2].strip()
    if b"\r\n\r\n" in head:
        sys.exit(f"{file} names no recipient.")
    return ""
