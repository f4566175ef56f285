"""The sample issue: what a theme must be able to show before it is kept, and what it is shown with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from mailer.folders import templates_folder
from mailer.issues.content import read_issue
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.theming.shelf import Shelf

SAMPLE = "email/sample.md"
"""Every block that there is, in one issue."""

_WRITTEN = datetime(2026, 11, 23, 8, tzinfo=UTC)
_PUBLIC_URL = "https://press.example.com"


def sample_issue(theme: str = "") -> Issue:
    """Return the sample issue in a theme."""
    text = (templates_folder() / SAMPLE).read_text(encoding="utf-8")
    return replace(read_issue(text, place="sample.md", now=_WRITTEN), template=theme)


def sample_newsletter() -> Newsletter:
    """Return the newsletter that the sample issue appears in."""
    return Newsletter(
        slug="harbour-letter",
        name="Harbour Letter",
        sender_name="Harbour Letter",
        sender_address="letter@news.example.com",
        postal_address="Harbour Press\n12 Quay Street\n4000 Anytown",
    )


def prove(theme: str, shelf: Shelf, *, newsletter: Newsletter | None = None, public_url: str = _PUBLIC_URL) -> Edition:
    """Compile the sample issue in a theme. Raises RenderError that names the theme's file."""
    return compile_edition(sample_issue(theme), newsletter or sample_newsletter(), public_url=public_url, shelf=shelf)
