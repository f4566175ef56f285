"""Markdown into a document: CommonMark with tables, strikethrough, footnotes and typed blocks, no raw HTML.

`## Heading` begins a story, and what stands before the first one is the introduction. An image alone directly after a
heading is the story's picture. A paragraph that is exactly `[Text](url){.button}` is a button. A number before a
heading's words (`## 3. Words`) is the story's number. `# Heading` is read as a heading within its story. Typed blocks
stand between `::: name` and `:::`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from markdown_it.token import Token

from mailer.errors import RenderError
from mailer.rendering.blocks.balance import check_balance
from mailer.rendering.blocks.containers import Containers
from mailer.rendering.blocks.flow import (
    CONTAINER_OPEN,
    PARSER,
    elements,
    flow,
    is_button,
    is_decorative,
    line_of,
    lone_image,
    lone_link,
    rendered,
)
from mailer.rendering.blocks.layout import laid_out
from mailer.rendering.blocks.notes import as_list, parted
from mailer.rendering.blocks.turning import HOLES
from mailer.rendering.document import Block, Button, Control, Document, Notes, Picture, RawMjml, Story, WrittenLink
from mailer.rendering.holes import Holes
from mailer.rendering.text import inline_text, prose_text

_NUMBER = re.compile(r"(\d{1,3})(?:[.)]\s+|[、．]\s*)")


def read_markdown(source: str, holes: Holes | None = None, *, place: str = "issue") -> Document:
    """Read an issue's body, with the marks of `holes`.

    Any Markdown is some document; raises RenderError, with the line, for a typed block or a condition that is wrong.
    """
    holes = holes or Holes((source,), same_for_all={})
    # The container plug-in looks one character beyond a last line that has no end.
    tokens, note_tokens = parted(PARSER.parse(f"{source}\n", {HOLES: holes}))
    check_balance([*tokens, *note_tokens], holes.controls, place=place)
    notes = _notes(note_tokens)
    containers = Containers(source, notes, place=place)
    items = _items(tokens, containers)
    if notes is not None and not containers.are_notes_placed:
        items.append(notes)
    kinds = [kind for item in items if isinstance(item, Control) for kind in holes.controls(item.mark)]
    links, images = _written_links([*tokens, *note_tokens])
    introduction, stories = _told(items)
    for raw in (item for item in items if isinstance(item, RawMjml)):
        if holes.controls(str(raw.source)):
            raise RenderError(
                "A condition cannot stand within MJML of one's own.", place=f"{place}:{raw.line}", fix="Put it around."
            )
    return Document(introduction, stories, tuple(links), tuple(images), laid_out(items, kinds))


def _items(tokens: Sequence[Token], containers: Containers) -> list[Block | Story]:
    """Return stories as their beginnings, and every block that follows."""
    items: list[Block | Story] = []
    pending: list[Token] = []

    def close() -> None:
        items.extend(flow(pending, containers.read))
        pending.clear()

    for element in elements(tokens):
        if element[0].type == "heading_open" and element[0].tag == "h2" and element[0].level == 0:
            close()
            items.append(_story(element))
        elif element[0].type == CONTAINER_OPEN and containers.opening(element)[0] == "story":
            close()
            items.extend(_story_block(element, containers))
        else:
            pending.extend(element)
    close()
    return _with_pictures(items)


def _story(element: Sequence[Token]) -> Story:
    heading = element[1]
    number = _take_number(heading)
    return Story(number, rendered([heading]), inline_text(heading, with_links=False), None, (), line_of(element[0]))


def _story_block(element: Sequence[Token], containers: Containers) -> list[Block | Story]:
    _, options, line = containers.opening(element)
    parts = elements(element[1:-1])
    read_on = lone_link(parts[-1]) if parts and not is_button(parts[-1]) and not lone_image(parts[-1]) else None
    told = [token for part in (parts[:-1] if read_on else parts) for token in part]
    picture, heading, blocks, kicker = containers.head_and_flow(told)
    last = (Button(*read_on, line_of(parts[-1][0]), is_quiet=True),) if read_on else ()
    return [Story("", *heading, picture, (), line, options.get("kicker", kicker)), *blocks, *last]


def _with_pictures(items: list[Block | Story]) -> list[Block | Story]:
    """Give each story the image that directly follows its heading."""
    out: list[Block | Story] = []
    for item in items:
        last = out[-1] if out else None
        if isinstance(item, Picture) and isinstance(last, Story) and last.picture is None:
            out[-1] = replace(last, picture=item)
        else:
            out.append(item)
    return out


def _told(items: Sequence[Block | Story]) -> tuple[tuple[Block, ...], tuple[Story, ...]]:
    """Return the introduction, and the stories with what each of them says."""
    introduction: list[Block] = []
    stories: list[tuple[Story, list[Block]]] = []
    for item in items:
        if isinstance(item, Story):
            stories.append((item, []))
        elif stories:
            stories[-1][1].append(item)
        else:
            introduction.append(item)
    return tuple(introduction), tuple(replace(story, blocks=tuple(blocks)) for story, blocks in stories)


def _take_number(heading: Token) -> str:
    """Take the number off a heading's first words, and return it."""
    first = heading.children[0] if heading.children else None
    match = _NUMBER.match(first.content) if first is not None and first.type == "text" else None
    if first is None or match is None:
        return ""
    first.content = first.content[match.end() :]
    return match[1]


def _notes(tokens: Sequence[Token]) -> Notes | None:
    if not tokens:
        return None
    listed = as_list(tokens)
    return Notes(rendered(listed), prose_text(listed), next((line_of(token) for token in tokens if token.map), 1))


def _written_links(tokens: Sequence[Token]) -> tuple[list[WrittenLink], list[WrittenLink]]:
    links, images = [], []
    line = 1
    decorative_until = 0
    for token in tokens:
        line = line_of(token) if token.map else line
        if token.type == CONTAINER_OPEN and token.info.split()[:1] == ["image"] and "decorative" in token.info.split():
            decorative_until = token.map[1] if token.map else 0
        opened: list[tuple[int, str]] = []
        children = token.children or []
        for index, child in enumerate(children):
            if child.type == "link_open":
                opened.append((index, str(child.attrGet("href") or "")))
            elif child.type == "link_close":
                start, url = opened.pop()
                words = "".join(inner.content for inner in children[start + 1 : index])
                links.append(WrittenLink(url, words.strip(), line))
            elif child.type == "image":
                is_plain = is_decorative(child) or line <= decorative_until
                images.append(WrittenLink(str(child.attrGet("src") or ""), child.content.strip(), line, is_plain))
    return links, images
