"""The marks of conditions as blocks: a line with nothing but `{% … %}` on it makes whole blocks conditional."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from mailer.rendering.holes import Holes

HOLES = "holes"
"""Where the parser's environment has the marks of the source."""

_ENCLOSING = {"list_item", "blockquote", "footnote_reference"}


def read_turnings(parser: MarkdownIt) -> None:
    """Have such lines read as tokens of type `control`. They end a paragraph or a list before them."""
    parser.block.ruler.before("fence", "control", _control, {"alt": ["paragraph", "reference", "blockquote", "list"]})


def _control(state: StateBlock, start_line: int, _end_line: int, silent: bool) -> bool:
    holes = state.env.get(HOLES)
    start = state.bMarks[start_line] + state.tShift[start_line]
    word = state.src[start : state.eMarks[start_line]].strip()
    if not isinstance(holes, Holes) or not holes.is_control(word) or state.is_code_block(start_line):
        return False
    if silent and state.sCount[start_line] < state.blkIndent:
        # It stands outside the list whose last paragraph would go on here.
        return True
    if _is_enclosed(state.tokens):
        return False
    if not silent:
        token = state.push("control", "", 0)
        token.content = word
        token.map = [start_line, start_line + 1]
        state.line = start_line + 1
    return True


def _is_enclosed(tokens: Sequence[Token]) -> bool:
    """Whether a list item, a quote or a note is open: within those, a condition is a matter of words."""
    depth = 0
    for token in tokens:
        if token.nesting and token.type.rpartition("_")[0] in _ENCLOSING:
            depth += token.nesting
    return depth > 0
