"""Blocks that need no name: prose, an image alone, a button, a line across, the mark of a condition on its own line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.attrs import attrs_plugin
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.footnote import footnote_plugin

from mailer.rendering.blocks.notes import refer_by_number
from mailer.rendering.blocks.turning import read_turnings
from mailer.rendering.cleaning import clean
from mailer.rendering.document import Block, Button, Control, Picture, Prose, Rule
from mailer.rendering.text import end_of, inline_text, prose_text

CONTAINER_OPEN = "container_block_open"

PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
PARSER.use(attrs_plugin, after=("image", "link_close"), allowed=("class",))
PARSER.use(container_plugin, name="block", validate=lambda _words, _markup: True)
PARSER.use(footnote_plugin, inline=False)
refer_by_number(PARSER)
read_turnings(PARSER)

ReadContainer = Callable[[Sequence[Token]], Block | None]


def rendered(tokens: Sequence[Token]) -> Markup:
    """Return tokens as clean HTML."""
    return clean(PARSER.renderer.render(tokens, PARSER.options, {}))


def line_of(token: Token) -> int:
    """Return the line of the source where an element begins."""
    return token.map[0] + 1 if token.map else 1


def elements(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """Part tokens into the elements that stand side by side."""
    parts, position = [], 0
    while position < len(tokens):
        end = end_of(tokens, position)
        parts.append(tokens[position : end + 1])
        position = end + 1
    return parts


def flow(tokens: Sequence[Token], read_container: ReadContainer) -> tuple[Block, ...]:
    """Return the blocks that tokens say; what stands between `:::` goes to `read_container`."""
    blocks: list[Block] = []
    prose: list[Token] = []
    for element in elements(tokens):
        is_container = element[0].type == CONTAINER_OPEN
        block = read_container(element) if is_container else _block_alone(element)
        if block is None and not is_container:
            prose.extend(element)
            continue
        _close_prose(blocks, prose)
        if block is not None:
            blocks.append(block)
    _close_prose(blocks, prose)
    return tuple(blocks)


def lone_image(element: Sequence[Token]) -> Picture | None:
    """Return the image that an element is, whether it is a link too or not, or None."""
    block = _block_alone(element)
    return block if isinstance(block, Picture) else None


def lone_link(element: Sequence[Token]) -> tuple[str, str] | None:
    """Return the words and the address of the link that a paragraph is, or None."""
    children = _children(element)
    if len(children) < 2 or children[0].type != "link_open" or children[-1].type != "link_close":
        return None
    if sum(child.type == "link_open" for child in children) > 1:
        return None
    return inline_text(element[1], with_links=False).strip(), str(children[0].attrGet("href") or "")


def _close_prose(blocks: list[Block], prose: list[Token]) -> None:
    if not prose:
        return
    for token in prose:
        # The mail's title is its only first heading; an author's own is one of the second rank.
        token.tag = "h2" if token.tag == "h1" else token.tag
    blocks.append(Prose(rendered(prose), prose_text(prose), line_of(prose[0])))
    prose.clear()


def _children(element: Sequence[Token]) -> list[Token]:
    if element[0].type != "paragraph_open":
        return []
    return [child for child in element[1].children or () if child.type != "text" or child.content.strip()]


def _block_alone(element: Sequence[Token]) -> Block | None:
    """Return the button, picture, rule or mark that an element is, or None for prose."""
    line = line_of(element[0])
    if element[0].type == "hr":
        return Rule(line)
    if element[0].type == "control":
        return Control(element[0].content, line)
    children = _children(element)
    if [child.type for child in children] == ["image"]:
        return picture_of(children[0], "", line)
    link = lone_link(element)
    if link is None:
        return None
    # The attributes stand after the link, and the plug-in gives them to the token that opened it.
    if "button" in str(children[0].attrGet("class") or "").split():
        return Button(link[0], link[1], line)
    if [child.type for child in children[1:-1]] == ["image"]:
        return picture_of(children[1], link[1], line)
    return None


def picture_of(image: Token, url: str, line: int) -> Picture:
    """Return an image's token as a picture."""
    alt = "" if is_decorative(image) else image.content
    return Picture(str(image.attrGet("src") or ""), alt, url, line)


def is_button(element: Sequence[Token]) -> bool:
    """Whether an element is a paragraph of one link marked `{.button}`."""
    return isinstance(_block_alone(element), Button)


def is_decorative(image: Token) -> bool:
    """Whether an image is marked `{.decorative}`."""
    return "decorative" in str(image.attrGet("class") or "").split()
