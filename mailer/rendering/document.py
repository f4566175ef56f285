"""A document: what an issue says, as the blocks that a theme lays out and the text part spells out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from markupsafe import Markup

from mailer.rendering.words import Words


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs, lists, quotes, tables and inner headings."""

    kind: ClassVar[str] = "prose"
    html: Markup
    """Clean HTML: only the elements and addresses of the allow-list."""
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that stands alone."""

    kind: ClassVar[str] = "picture"
    address: str
    alt: str
    url: str
    """Where it leads; empty: nowhere."""
    line: int


@dataclass(frozen=True, slots=True)
class Button:
    """A link that asks to be pressed."""

    kind: ClassVar[str] = "button"
    label: str
    url: str
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""

    kind: ClassVar[str] = "rule"
    line: int


Block = Prose | Picture | Button | Rule


@dataclass(frozen=True, slots=True)
class Story:
    """A section under a heading."""

    number: str
    """The number that the heading begins with; empty: none."""
    heading: Markup
    heading_text: str
    picture: Picture | None
    """The image directly after the heading."""
    blocks: tuple[Block, ...]
    line: int


@dataclass(frozen=True, slots=True)
class WrittenLink:
    """A link or an image as the author wrote it. `words` are the link's words, or the image's alternative text."""

    url: str
    words: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """An issue's body."""

    introduction: tuple[Block, ...]
    stories: tuple[Story, ...]
    links: tuple[WrittenLink, ...]
    images: tuple[WrittenLink, ...]

    def blocks(self) -> Iterator[Block]:
        """Every block, from top to bottom."""
        yield from self.introduction
        for story in self.stories:
            if story.picture:
                yield story.picture
            yield from story.blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that a theme and the text part may show."""

    newsletter_name: str
    title: str
    preheader: str
    date: str
    language: str
    direction: str
    """`ltr` or `rtl`."""
    words: Words
    document: Document
    view_url: str
    unsubscribe_url: str
    postal_lines: tuple[str, ...]
