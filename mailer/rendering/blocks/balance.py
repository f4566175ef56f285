"""Conditions within words must end where they began: leaving their words out must leave whole elements behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markdown_it.token import Token

from mailer.errors import RenderError
from mailer.issues.fields import TagKind
from mailer.rendering.blocks.flow import line_of

KindsIn = Callable[[str], list[TagKind]]
"""Gives the kinds of the marks of conditions in a text."""


def check_balance(tokens: Sequence[Token], kinds_in: KindsIn, *, place: str) -> None:
    """Raise RenderError for a condition that opens in one paragraph, emphasis or link, and closes in another."""
    line = 1
    block_depths: list[int] = []
    for token in tokens:
        line = line_of(token) if token.map else line
        where = f"{place}:{line}"
        if token.type == "control":
            _follow(block_depths, token.level, kinds_in(token.content), where)
        elif token.type == "inline":
            _check_inline(token.children or (), kinds_in, where)
        else:
            _check_whole(token.content, kinds_in, where)
            _check_whole(token.info, kinds_in, where)
    if block_depths:
        raise _crossed(f"{place}:{line}")


def _check_inline(children: Sequence[Token], kinds_in: KindsIn, where: str) -> None:
    open_in = [0]
    """Of the paragraph, then of every emphasis or link that is open: how many conditions are."""
    for child in children:
        for value in (*map(str, child.attrs.values()), child.content if child.type == "image" else ""):
            _check_whole(value, kinds_in, where)
        if child.nesting == 1:
            open_in.append(0)
        elif child.nesting == -1:
            if open_in.pop():
                raise _crossed(where)
        elif child.type != "image":
            open_in[-1] += _opened_by(kinds_in(child.content), open_in[-1], where)
    if any(open_in):
        raise _crossed(where)


def _check_whole(text: str, kinds_in: KindsIn, where: str) -> None:
    if text and _opened_by(kinds_in(text), 0, where):
        raise _crossed(where)


def _opened_by(kinds: Sequence[TagKind], opened: int, where: str) -> int:
    balance = 0
    for kind in kinds:
        if kind is TagKind.IF:
            balance += 1
        elif opened + balance < 1:
            raise _crossed(where)
        elif kind is TagKind.ENDIF:
            balance -= 1
    return balance


def _follow(depths: list[int], level: int, kinds: Sequence[TagKind], where: str) -> None:
    for kind in kinds:
        if kind is TagKind.IF:
            depths.append(level)
        elif not depths or depths[-1] != level:
            raise _crossed(where)
        elif kind is TagKind.ENDIF:
            depths.pop()


def _crossed(where: str) -> RenderError:
    return RenderError(
        "A condition begins in one part of the text and ends in another.",
        place=where,
        fix="Keep it within one paragraph, or put each of its {% … %} on a line of its own between paragraphs.",
    )
