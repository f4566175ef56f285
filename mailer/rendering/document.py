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
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A link that asks to be pressed."""

    kind: ClassVar[str] = "button"
    label: str
    url: str
    line: int
    is_quiet: bool = False
    """Shown as a line of words rather than as a button: a story's "read on"."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across."""

    kind: ClassVar[str] = "rule"
    line: int


@dataclass(frozen=True, slots=True)
class Control:
    """The mark where a condition begins, turns or ends, between blocks."""

    kind: ClassVar[str] = "control"
    mark: str
    line: int


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody's words, large."""

    kind: ClassVar[str] = "quote"
    html: Markup
    text: str
    source: str
    """Whose; empty: not said."""
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table of data, with a caption."""

    kind: ClassVar[str] = "table"
    caption: str
    html: Markup
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a row."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Links side by side under a question: a poll, or a choice of places to go."""

    kind: ClassVar[str] = "links"
    question: str
    choices: tuple[Choice, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Social:
    """Where else one finds us."""

    kind: ClassVar[str] = "social"
    choices: tuple[Choice, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Notes:
    """Footnotes."""

    kind: ClassVar[str] = "notes"
    html: Markup
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Hero:
    """The one thing that this mail is about: picture, large heading, words and a button."""

    kind: ClassVar[str] = "hero"
    picture: Picture | None
    heading: Markup
    heading_text: str
    blocks: tuple[Block, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Blocks side by side; on a narrow screen one under the other."""

    kind: ClassVar[str] = "columns"
    columns: tuple[tuple[Block, ...], ...]
    line: int


@dataclass(frozen=True, slots=True)
class Product:
    """Something to be had: picture beside name, price, words and a button."""

    kind: ClassVar[str] = "product"
    picture: Picture | None
    heading: Markup
    heading_text: str
    price: str
    blocks: tuple[Block, ...]
    line: int


@dataclass(frozen=True, slots=True)
class RawMjml:
    """MJML of the author's own: one or more sections."""

    kind: ClassVar[str] = "mjml"
    source: Markup
    text: str
    line: int


Wide = Hero | Columns | Product | RawMjml
"""A block that takes the whole width of the mail, and so a section of its own."""
Block = Prose | Picture | Button | Rule | Control | Quote | Table | LinkRow | Social | Notes | Wide


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
    kicker: str = ""
    """A word or two above the heading."""


@dataclass(frozen=True, slots=True)
class WrittenLink:
    """A link or an image as the author wrote it. `words` are the link's words, or the image's alternative text."""

    url: str
    words: str
    line: int
    is_decorative: bool = False
    """An image that says nothing, and needs no words."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the laid-out mail: a card of blocks, one wide block, or the mark of a condition around some."""

    kind: str
    """`card`, `control`, or the wide block's own kind."""
    story: Story | None = None
    """Whose heading the card begins with; None: it has none, as the introduction or the rest of a story."""
    blocks: tuple[Block, ...] = ()
    wide: Wide | None = None
    control: Control | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """An issue's body."""

    introduction: tuple[Block, ...]
    stories: tuple[Story, ...]
    links: tuple[WrittenLink, ...]
    images: tuple[WrittenLink, ...]
    sections: tuple[Section, ...] = ()
    """The same, laid out from top to bottom."""

    def blocks(self) -> Iterator[Block]:
        """Every block, from top to bottom, with those inside others after them."""
        yield from _with_inner(self.introduction)
        for story in self.stories:
            if story.picture:
                yield story.picture
            yield from _with_inner(story.blocks)


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
    """Empty for mail that one person asked for, which has nothing to unsubscribe from."""
    postal_lines: tuple[str, ...]
    why: str
    """Why the reader gets this; empty: they know."""
    footer_lines: tuple[str, ...] = ()
    """What the newsletter says at the end of every mail, besides."""


def _with_inner(blocks: tuple[Block, ...]) -> Iterator[Block]:
    for block in blocks:
        yield block
        match block:
            case Hero() | Product():
                yield from ((block.picture,) if block.picture else ())
                yield from _with_inner(block.blocks)
            case Columns():
                for column in block.columns:
                    yield from _with_inner(column)
            case _:
                pass
