"""An edition: one compiled issue, as static bytes with holes, and a plan of what goes into each hole.

The text and HTML bodies are quoted-printable already (RFC 2045 §6.7). A hole stands between two soft line breaks, so
whatever is put into it leaves the lines before and after as they are. What only some people get are runs of their own,
so that a message is joined from whole runs whichever of them are left out. An edition is never changed: its id is the
digest of its bytes, so the same issue compiled twice is the same edition, and a worker may keep it for ever.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

import msgspec

from mailer.issues.aims.tracking import Tracking
from mailer.issues.conditions import Condition


class Context(StrEnum):
    """Where a value lands, and so how it must be escaped there."""

    HTML = "html"
    """Between tags, or in an attribute that is no address."""
    URL = "url"
    """Inside an address in the HTML part."""
    TEXT = "text"
    """In the text part: as it is."""
    HEADER = "header"
    """In a header field: encoded as the field demands."""


class Hole(msgspec.Struct, frozen=True, array_like=True):
    """One distinct value that differs from person to person."""

    name: str
    """What goes in: `subscriber.first_name`, `unsubscribe`, `view`, …"""
    default: str
    """What goes in where the person has no such value."""
    context: Context


SEAM = -1
"""Stands for a hole where a condition begins or ends: nothing goes in."""


class Line(msgspec.Struct, frozen=True, array_like=True):
    """A header's text: one run more than holes, and the holes by their place in the edition's table."""

    runs: tuple[str, ...]
    holes: tuple[int, ...]
    cases: tuple[int, ...] = ()
    """For each run and the hole behind it, the case in which it is shown; empty: always."""


class Body(msgspec.Struct, frozen=True, array_like=True):
    """A part's bytes: quoted-printable runs, one more than holes, and the holes by their place in the table."""

    runs: tuple[bytes, ...]
    holes: tuple[int, ...]
    cases: tuple[int, ...] = ()
    """For each run and the hole behind it, the case in which it is shown; empty: always."""


Case = tuple[tuple[int, bool], ...]
"""Conditions by their place in the edition's table, and how each must have turned out. The empty case always holds."""


class Link(msgspec.Struct, frozen=True, array_like=True):
    """A link that the author wrote, and the words it stands on."""

    url: str
    words: str


class File(msgspec.Struct, frozen=True, array_like=True):
    """A file that goes with every message of an edition."""

    name: str
    """The asset's."""
    file_name: str
    media_type: str
    is_shown: bool
    """Whether the HTML shows it, by its Content-ID; else it is attached."""
    encoded: bytes
    """Its base64, in lines of 76."""


class Edition(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the messages of one issue have in common."""

    id: str = ""
    """SHA-256 over all the rest, in hexadecimal."""
    issue: str
    newsletter: str
    title: str
    language: str
    subject: Line
    text: Body
    html: Body
    holes: tuple[Hole, ...]
    conditions: tuple[Condition, ...] = ()
    """What is asked of each person."""
    cases: tuple[Case, ...] = ((),)
    """What must hold for the runs that are not for everybody."""
    links: tuple[Link, ...]
    files: tuple[File, ...] = ()
    """What goes with the message: pictures inside, and attachments."""
    tracking: Tracking = Tracking.OFF
    """What of its reading is recorded."""
    html_bytes: int
    """Size of the HTML as a reader's program decodes it, with long values in the holes."""
    text_bytes: int
    """The same of the text part."""

    @property
    def web_links(self) -> tuple[Link, ...]:
        """The links to web pages, each address once; those of them that are tracked lead through Pressrun."""
        first = {link.url: link for link in reversed(self.links) if link.url.startswith(("http://", "https://"))}
        return tuple(link for link in self.links if first.get(link.url) is link)

    def encode(self) -> bytes:
        """Return the bytes to keep."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def decode(cls, kept: bytes) -> Edition:
        """Read what `encode` wrote; msgspec.ValidationError if it is something else."""
        return msgspec.msgpack.decode(kept, type=cls)

    def sealed(self) -> Edition:
        """Return this edition under its own digest."""
        unsealed = msgspec.structs.replace(self, id="")
        return msgspec.structs.replace(unsealed, id=hashlib.sha256(unsealed.encode()).hexdigest())
