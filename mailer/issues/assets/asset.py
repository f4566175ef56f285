"""An asset: a picture or a file, named by the hash of its bytes, so that it never changes under its name.

A source says `![Words](asset:0123….jpg)`; when it is compiled that becomes the address under which the web pages serve
the bytes, for as long as the mail lies in somebody's mailbox.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

PATH = "/a/"
"""Where the web pages serve assets, below the public address."""
LARGEST_FILE = 2 * 1024 * 1024
"""Bytes of a file that goes with a mail. Base64 adds a third, and a provider may refuse 10 MB; people on telephones pay
for each."""
MEDIA_TYPES = {
    "csv": "text/csv",
    "gif": "image/gif",
    "ics": "text/calendar",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
}
"""What an asset can be, by the ending of its name. No kind that a browser or a mail program would run."""

_REFERENCE = re.compile(r"(?<![\w.:/-])asset:(?P<name>[0-9a-f]{32}\.[a-z]{3})\b")
_NAME = re.compile(r"[0-9a-f]{32}\.[a-z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """What is known of an asset besides its bytes."""

    name: str
    """Half of its bytes' SHA-256 in hexadecimal, and the ending of its kind."""
    file_name: str
    """What its file was called."""
    length: int
    """Bytes."""
    width: int = 0
    """Pixels; 0: no picture."""
    height: int = 0
    added: datetime

    @property
    def media_type(self) -> str:
        """Its kind, as mail and web say it."""
        return MEDIA_TYPES[self.name.rpartition(".")[2]]

    @property
    def reference(self) -> str:
        """How a source names it."""
        return f"asset:{self.name}"

    @property
    def is_picture(self) -> bool:
        """Whether it can be shown."""
        return self.width > 0


def asset_name(data: bytes, ending: str) -> str:
    """Return the name of these bytes."""
    return f"{hashlib.sha256(data).hexdigest()[:32]}.{ending}"


def is_asset_name(name: str) -> bool:
    """Whether the words can be an asset's name."""
    return _NAME.fullmatch(name) is not None and name.rpartition(".")[2] in MEDIA_TYPES


def asset_names(text: str) -> list[str]:
    """Return the names of the assets that a source uses, each once, in order."""
    return list(dict.fromkeys(match["name"] for match in _REFERENCE.finditer(text)))


def with_addresses(text: str, public_url: str) -> str:
    """Return a source with the address of each asset instead of its name."""
    return _REFERENCE.sub(lambda match: f"{public_url}{PATH}{match['name']}", text)
