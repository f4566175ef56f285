"""Markdown into a document: CommonMark with tables and strikethrough, no raw HTML.

`## Heading` begins a story, and what stands before the first one is the introduction. An image alone directly after a
heading is the story's picture. A paragraph that is exactly `[Text](url){.button}` is a button. A number before a
heading's words (`## 3. Words`) is the story's number. `# Heading` is read as a heading within its story.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_plugin

from mailer.rendering.cleaning import clean
from mailer.rendering.document import Block, Button, Document, Picture, Prose, Rule, Story, WrittenLink
from mailer.rendering.text import end_of, inline_text, prose_text

_NUMBER = re.compile(r"(\d{1,3})(?:[.)]\s+|[、．]\s*)")

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_PARSER.use(attrs_plugin, after=("link_close",), allowed=("class",))


def read_markdown(source: str) -> Document:
    """Read an issue's body. Any text is some document: Markdown knows no errors."""
    tokens = _PARSER.parse(source)
    starts = [index for index, token in enumerate(tokens) if _begins_story(token)]
    links, images = _written_links(tokens)
    return Document(
        introduction=_blocks(tokens[: starts[0] if starts else len(tokens)]),
        stories=tuple(_story(tokens[start:end]) for start, end in pairwise([*starts, len(tokens)])),
        links=tuple(links),
        images=tuple(images),
    )


def _begins_story(token: Token) -> bool:
    return token.type == "heading_open" and token.tag == "h2" and token.level == 0


def _story(tokens: Sequence[Token]) -> Story:
    heading, rest = tokens[1], tokens[3:]
    number = _take_number(heading)
    blocks = _blocks(rest)
    picture = None
    if blocks and isinstance(blocks[0], Picture):
        picture, blocks = blocks[0], blocks[1:]
    html = _PARSER.renderer.render([heading], _PARSER.options, {})
    return Story(number, clean(html), inline_text(heading, with_links=False), picture, blocks, _line(tokens[0]))


def _take_number(heading: Token) -> str:
    """Take the number off a heading's first words, and return it."""
    first = heading.children[0] if heading.children else None
    match = _NUMBER.match(first.content) if first is not None and first.type == "text" else None
    if first is None or match is None:
        return ""
    first.content = first.content[match.end() :]
    return match[1]


def _blocks(tokens: Sequence[Token]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    prose: list[Token] = []
    position = 0
    while position < len(tokens):
        end = end_of(tokens, position)
        block = _block_alone(tokens[position : end + 1])
        if block is None:
            prose.extend(tokens[position : end + 1])
        else:
            _close_prose(blocks, prose)
            blocks.append(block)
        position = end + 1
    _close_prose(blocks, prose)
    return tuple(blocks)


def _close_prose(blocks: list[Block], prose: list[Token]) -> None:
    if not prose:
        return
    for token in prose:
        # The mail's title is its only first heading; an author's own is one of the second rank.
        token.tag = "h2" if token.tag == "h1" else token.tag
    html = clean(_PARSER.renderer.render(prose, _PARSER.options, {}))
    blocks.append(Prose(html, prose_text(prose), _line(prose[0])))
    prose.clear()


def _block_alone(tokens: Sequence[Token]) -> Block | None:
    """Return the button, picture or rule that these tokens are, or None for prose."""
    if tokens[0].type == "hr":
        return Rule(_line(tokens[0]))
    if tokens[0].type != "paragraph_open":
        return None
    children = [child for child in tokens[1].children or () if child.type != "text" or child.content.strip()]
    if not children:
        return None
    line = _line(tokens[0])
    if [child.type for child in children] == ["image"]:
        return _picture(children[0], "", line)
    if children[0].type != "link_open" or [c.type for c in children].count("link_open") > 1:
        return None
    if children[-1].type != "link_close":
        return None
    return _linked_block(tokens[1], children, line)


def _linked_block(inline: Token, children: Sequence[Token], line: int) -> Block | None:
    url = str(children[0].attrGet("href") or "")
    # The attributes stand after the link, and the plug-in gives them to the token that opened it.
    classes = str(children[0].attrGet("class") or "").split()
    if "button" in classes:
        return Button(inline_text(inline, with_links=False).strip(), url, line)
    if [child.type for child in children[1:-1]] == ["image"]:
        return _picture(children[1], url, line)
    return None


def _picture(image: Token, url: str, line: int) -> Picture:
    return Picture(str(image.attrGet("src") or ""), image.content, url, line)


def _written_links(tokens: Sequence[Token]) -> tuple[list[WrittenLink], list[WrittenLink]]:
    links, images = [], []
    for token in tokens:
        opened: list[tuple[int, str]] = []
        children = token.children or []
        line = _line(token)
        for index, child in enumerate(children):
            if child.type == "link_open":
                opened.append((index, str(child.attrGet("href") or "")))
            elif child.type == "link_close":
                start, url = opened.pop()
                words = "".join(inner.content for inner in children[start + 1 : index])
                links.append(WrittenLink(url, words.strip(), line))
            elif child.type == "image":
                images.append(WrittenLink(str(child.attrGet("src") or ""), child.content.strip(), line))
    return links, images


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1
