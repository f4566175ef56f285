"""The text part: the same content for people who read plain text, and for programs that do.

It is written from the Markdown's own tokens, never from the HTML: layout tables make no readable text. Lines are not
wrapped; a reader's program knows its own width. A link is written as `words <address>`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from mailer.rendering.document import (
    Block,
    Button,
    Columns,
    Control,
    Hero,
    LinkRow,
    Notes,
    Page,
    Picture,
    Product,
    Prose,
    Quote,
    RawMjml,
    Rule,
    Section,
    Social,
    Story,
    Table,
)

_WIDEST_TABLE = 100
_LINE = "-" * 60


def text_part(page: Page) -> str:
    """Write the whole text part."""
    head = f"{page.newsletter_name}\n{page.title}\n{page.date}"
    view = f"{page.words.view}: {page.view_url}" if page.unsubscribe_url else ""
    told = [part for section in page.document.sections for part in _section(section, page.words.image)]
    foot = [
        page.why,
        f"{page.words.unsubscribe}: {page.unsubscribe_url}" if page.unsubscribe_url else "",
        "\n".join((*page.footer_lines, *page.postal_lines)),
    ]
    return _joined([head, view, *told, _LINE, *foot]) + "\n"


def prose_text(tokens: Sequence[Token]) -> str:
    """Write block tokens as text, with a blank line between blocks."""
    return "\n\n".join(_written(tokens))


def inline_text(token: Token, *, with_links: bool = True) -> str:
    """Write one inline token: the words, with each link's address behind them unless they are the same."""
    out: list[str] = []
    opened: list[tuple[int, str]] = []
    for child in token.children or ():
        if child.type == "link_open":
            opened.append((len(out), str(child.attrGet("href") or "")))
        elif child.type == "link_close":
            start, url = opened.pop()
            words = "".join(out[start:])
            if with_links and url and words not in (url, url.removeprefix("mailto:")):
                out.append(f" <{url}>")
        elif child.type == "image":
            out.append(child.content)
        elif child.type == "footnote_ref":
            out.append(f"[{int(child.meta['id']) + 1}]")
        elif child.type == "softbreak":
            out.append(" ")
        elif child.type == "hardbreak":
            out.append("\n")
        else:
            out.append(child.content)
    return "".join(out)


def end_of(tokens: Sequence[Token], start: int) -> int:
    """Return where the element ends that begins at `start`; the same place for a token that stands alone."""
    depth = 0
    for position in range(start, len(tokens)):
        depth += tokens[position].nesting
        if depth == 0:
            return position
    return len(tokens) - 1


class _Mark(str):
    """A condition's mark: what follows it brings the blank line before it, and takes it away when it is left out."""

    __slots__ = ()


def _joined(parts: Sequence[str]) -> str:
    out: list[str] = []
    for part in parts:
        if part:
            out.append(part if isinstance(part, _Mark) or not out else f"\n\n{part}")
    return "".join(out)


def _section(section: Section, image_word: str) -> list[str]:
    if section.control:
        return [_Mark(section.control.mark)]
    if section.wide:
        return _blocks((section.wide,), image_word)
    head = _heading(section.story, image_word) if section.story else []
    return [*head, *_blocks(section.blocks, image_word)]


def _heading(story: Story, image_word: str) -> list[str]:
    heading = f"{story.number}. {story.heading_text}" if story.number else story.heading_text
    picture = _picture(story.picture, image_word) if story.picture else ""
    return [_LINE, "\n".join(part for part in (story.kicker, heading) if part), picture]


def _blocks(blocks: Sequence[Block], image_word: str) -> list[str]:
    return [part for block in blocks for part in _block(block, image_word)]


def _block(block: Block, image_word: str) -> list[str]:
    match block:
        case Prose() | RawMjml():
            return [block.text]
        case Button():
            return [f"→ {block.label}: {block.url}" if block.url else f"→ {block.label}"]
        case Picture():
            return [_picture(block, image_word)]
        case Rule():
            return ["* * *"]
        case Control():
            return [_Mark(block.mark)]
        case LinkRow() | Social():
            return _choices(block)
        case _:
            return _framed(block, image_word)


def _framed(block: Quote | Table | Notes | Columns | Hero | Product, image_word: str) -> list[str]:
    match block:
        case Quote():
            source = f"\n>\n> — {block.source}" if block.source else ""
            return [_prefixed(block.text, "> ", "> ") + source]
        case Table():
            return ["\n\n".join(part for part in (block.caption, block.text) if part)]
        case Notes():
            return [_LINE, block.text]
        case Columns():
            return [part for column in block.columns for part in _blocks(column, image_word)]
        case Hero() | Product():
            price = block.price if isinstance(block, Product) else ""
            picture = _picture(block.picture, image_word) if block.picture else ""
            return [_LINE, block.heading_text, picture, price, *_blocks(block.blocks, image_word)]


def _choices(block: LinkRow | Social) -> list[str]:
    question = block.question if isinstance(block, LinkRow) else ""
    return [question, "\n".join(f"→ {choice.label}: {choice.url}" for choice in block.choices)]


def _picture(picture: Picture, image_word: str) -> str:
    # A picture without words is decoration: nothing is lost where it cannot be seen.
    words = f"[{image_word}: {picture.alt}]" if picture.alt else ""
    linked = f"{words} <{picture.url}>".strip() if picture.url else words
    return "\n".join(part for part in (linked, picture.caption) if part)


def _written(tokens: Sequence[Token]) -> Iterator[str]:
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = end_of(tokens, position)
        inner = tokens[position + 1 : end]
        match token.type:
            case "paragraph_open" | "heading_open":
                yield inline_text(inner[0])
            case "bullet_list_open" | "ordered_list_open":
                yield _list(token, inner)
            case "blockquote_open":
                yield _prefixed(prose_text(inner), "> ", "> ")
            case "table_open":
                yield _table(inner)
            case "fence" | "code_block":
                yield _prefixed(token.content.rstrip("\n"), "    ", "    ")
            case "hr":
                yield "* * *"
        position = end + 1


def _list(opening: Token, inner: Sequence[Token]) -> str:
    number = int(opening.attrGet("start") or 1) if opening.type == "ordered_list_open" else None
    items = []
    position = 0
    while position < len(inner):
        end = end_of(inner, position)
        content = inner[position + 1 : end]
        sign = "- " if number is None else f"{number}. "
        # A tight list hides its paragraphs, and so keeps its items and their own lists together.
        is_tight = any(token.hidden for token in content)
        text = ("\n" if is_tight else "\n\n").join(_written(content))
        items.append((_prefixed(text, sign, " " * len(sign)), is_tight))
        number = None if number is None else number + 1
        position = end + 1
    gap = "\n" if all(is_tight for _, is_tight in items) else "\n\n"
    return gap.join(text for text, _ in items)


def _table(inner: Sequence[Token]) -> str:
    rows: list[list[str]] = []
    for token in inner:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(inline_text(token))
    widths = [max(width_of(cell) for cell in column) for column in zip(*rows, strict=False)]
    if sum(widths) + 3 * len(widths) > _WIDEST_TABLE:
        return "\n".join(" | ".join(row) for row in rows)
    lines = ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - width_of(cell))


def width_of(text: str) -> int:
    """Columns on a terminal: wide East Asian characters take two, combining marks none."""
    return sum(1 + (unicodedata.east_asian_width(char) in "WF") for char in text if not unicodedata.combining(char))


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join((first if index == 0 else rest) + line if line else "" for index, line in enumerate(lines))
