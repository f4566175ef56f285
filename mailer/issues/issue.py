"""An issue: the content of one newsletter edition as its editor knows it, before it is compiled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailer.issues.wording import check_line, check_slug
from mailer.issues.wording import slugify as slugify

FORMATS: tuple[str, ...] = ("markdown", "mjml", "html")
"""What a source may be written in."""

INLINE = "inline"
IMAGES: tuple[str, ...] = ("linked", INLINE)
"""How a mail shows pictures: fetched from the web, or carried inside."""

SUBJECT_LENGTH = 78
"""Longer subjects are cut off by most mail programs, and need folding (RFC 5322 §2.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """The source of an issue and what stands around it.

    Raises SourceError for a bad slug, and for line breaks or control characters in what becomes a mail header.
    """

    slug: str
    title: str
    subject: str
    """May hold personal fields, as may the preheader and the source; the title may not."""
    preheader: str = ""
    newsletter: str = ""
    """The newsletter's slug; empty: chosen when the issue is mailed."""
    template: str = ""
    """The theme; empty: the newsletter's."""
    language: str = ""
    """BCP 47; empty: the newsletter's."""
    format: str = ""
    """One of FORMATS; empty: Markdown, laid out by a theme. The others are whole mails in themselves."""
    tracking: str = ""
    """What is recorded of its reading, a word of `Tracking`; empty: what the newsletter says."""
    images: str = ""
    """One of IMAGES; empty: linked."""
    attachments: str = ""
    """References of assets that go with the mail, parted by commas."""
    source: str
    """The body; its lines end with a line feed, and no blank ones stand around it."""
    created: datetime
    updated: datetime
    version: int = 0
    """Counts the times it was stored; 0: never. Two editors cannot overwrite each other unseen."""

    def __post_init__(self) -> None:
        check_slug(self.slug, what="issue")
        for what in ("title", "subject", "preheader", "newsletter", "template", "language", "attachments"):
            check_line(getattr(self, what), what=f"issue {self.slug}: {what}")
