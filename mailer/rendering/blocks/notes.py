"""Footnotes: `words[^1]` and `[^1]: the note`, shown as plain numbers.

Mail programs break links within a mail (Gmail renames every anchor), so a number leads nowhere: it is a small figure at
the words, and the notes stand in order under the last story.
"""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

NOTES = "footnote_block_open"


def refer_by_number(parser: MarkdownIt) -> None:
    """Have the footnote plug-in's references written as numbers, without anchors."""
    parser.add_render_rule("footnote_ref", _number)
    parser.add_render_rule("footnote_anchor", _nothing)


def number_of(token: Token) -> int:
    """Return the number that a reference or a note shows."""
    return int(token.meta["id"]) + 1


def parted(tokens: Sequence[Token]) -> tuple[Sequence[Token], Sequence[Token]]:
    """Return the tokens without the notes, and the notes, which the plug-in puts at the end."""
    for position, token in enumerate(tokens):
        if token.type == NOTES:
            return tokens[:position], [one for one in tokens[position + 1 : -1] if one.type != "footnote_anchor"]
    return tokens, ()


def as_list(notes: Sequence[Token]) -> list[Token]:
    """Return the notes' tokens as those of an ordered list."""
    items = []
    for token in notes:
        if token.type in {"footnote_open", "footnote_close"}:
            items.append(Token(f"list_item_{token.type.rpartition('_')[2]}", "li", token.nesting, map=token.map))
        else:
            items.append(token)
    return [Token("ordered_list_open", "ol", 1), *items, Token("ordered_list_close", "ol", -1)]


def _number(_self: RendererProtocol, tokens: Sequence[Token], index: int, _options: OptionsDict, _env: EnvType) -> str:
    return f"<sup>{number_of(tokens[index])}</sup>"


def _nothing(*_: object) -> str:
    return ""
