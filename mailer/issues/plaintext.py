"""Plain text as people paste it: invisible characters, odd spaces, and lines that a mail program broke.

Pure. It finds the passages of a text (paragraphs, list items, numbered lines) and keeps the line that each began on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

# Every way to end a line: CR LF, CR, vertical tab, form feed (Word's page break), NEL and Unicode's two separators.
_LINE_END = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
_ODD_SPACE = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f]")
# Zero width space, word joiner, BOM, soft hyphen, Mongolian separator, the sign in place of a picture, and controls.
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\xad\u180e\ufffc\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
# Joiners shape Persian and emoji between two characters; runs of them beside spaces only pad previews.
_STRAY_JOINER = re.compile("(?:^|(?<=[ \u200c\u200d]))[\u200c\u200d]+|[\u200c\u200d]+(?=[ \u200c\u200d]|$)")

_BULLET = re.compile(r"(?:[•·▪▫‣⁃◦●○■□►▸➤✓✔➢][ ]*|[*+–—-][ ]+)(?P<words>\S.*)")
_NUMBERED = (
    re.compile(r"\(?(?P<number>\d{1,2})(?:[.)．、](?!\d)|[ ]+[-–—](?=[ ]))[ ]*(?P<words>\S.*)"),
    re.compile(
        r"(?:story|item|news|part|chapter|topic|section|number|no\.?|#)[ ]*#?(?P<number>\d{1,2})"
        r"[ ]*[.:：)–—-][ ]*(?P<words>\S.*)",
        re.IGNORECASE,
    ),
)
_CIRCLED = {chr(0x2460 + number - 1): number for number in range(1, 21)}
_CHINESE_NUMBERED = re.compile(r"[一二三四五六七八九十]{1,3}、[ ]*\S.*")
_MARKED_HEADING = re.compile(r"#{1,6}[ ]+(?P<words>[^#\s].{0,300}?)[ ]*#*|\*\*(?P<bold>[^*]+)\*\*")
_RULE = re.compile(r"(?:([-=_*~·•—–─═])[ ]?)(?:\1[ ]?){2,}")

_WRAP_WIDTHS = range(40, 101)


class Kind(StrEnum):
    """What a passage looks like by itself."""

    PLAIN = "plain"
    ITEM = "item"
    NUMBERED = "numbered"
    HEADING = "heading"
    """Marked as one in the text: `## …`, `**…**` alone on a line, `一、…`."""


@dataclass(frozen=True, slots=True)
class Line:
    """A cleaned line and its number in the file, from 1."""

    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What belongs together: a paragraph, an item, a heading."""

    kind: Kind
    words: str
    line: int
    number: int = 0
    """Of a numbered line: its number."""
    is_tight: bool = False
    """Whether no blank line parts it from the passage before."""


def clean_lines(text: str) -> list[Line]:
    """Return the lines of a text, composed (NFC), without invisible characters and needless spaces."""
    return [Line(number, _clean(words)) for number, words in enumerate(_LINE_END.split(text), start=1)]


def passages_of(lines: Sequence[Line]) -> list[Passage]:
    """Return the passages; lines of nothing but dashes part them and are gone.

    A line goes on in the next one if that one's first word would not have fitted into the text's width; or if it is
    long, ends in mid-sentence and the next begins with a small letter.
    """
    wrap_width = _wrap_width(lines)
    passages: list[Passage] = []
    before: Line | None = None
    for line in lines:
        if not line.words or _RULE.fullmatch(line.words):
            before = None
            continue
        passage = _passage(line, is_tight=before is not None)
        if before and passage.kind is Kind.PLAIN and _goes_on(before.words, line.words, wrap_width):
            passages[-1] = replace(passages[-1], words=_joined(passages[-1].words, line.words))
        else:
            passages.append(passage)
        before = line
    return passages


def width_of(words: str) -> int:
    """Return how wide the words are in columns: Chinese, Japanese and Korean characters count two."""
    if words.isascii():
        return len(words)
    return len(words) + sum(unicodedata.east_asian_width(character) in "WF" for character in words)


def is_han(character: str) -> bool:
    """Whether the character is Chinese, Japanese or Korean, which are written without spaces between words."""
    return unicodedata.east_asian_width(character) in "WF" and unicodedata.category(character)[0] in "LP"


def _clean(words: str) -> str:
    spaced = _ODD_SPACE.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", words)))
    return re.sub(" {2,}", " ", _STRAY_JOINER.sub("", spaced)).strip(" \u3000")


def _passage(line: Line, *, is_tight: bool) -> Passage:
    words = line.words
    if heading := _MARKED_HEADING.fullmatch(words):
        marked = heading["words"] or heading["bold"]
        inner = _passage(Line(line.number, marked.strip()), is_tight=is_tight) if marked.strip() else None
        if inner is not None and inner.kind is Kind.PLAIN:
            return replace(inner, kind=Kind.HEADING)
        if inner is not None:
            return inner
    if words[0] in _CIRCLED and words[1:].strip():
        return Passage(Kind.NUMBERED, words[1:].strip(), line.number, _CIRCLED[words[0]], is_tight)
    for pattern in _NUMBERED:
        if match := pattern.fullmatch(words):
            return Passage(Kind.NUMBERED, match["words"], line.number, int(match["number"]), is_tight)
    if _CHINESE_NUMBERED.fullmatch(words) and width_of(words) <= 80:
        return Passage(Kind.HEADING, words, line.number, is_tight=is_tight)
    if match := _BULLET.fullmatch(words):
        return Passage(Kind.ITEM, match["words"], line.number, is_tight=is_tight)
    return Passage(Kind.PLAIN, words, line.number, is_tight=is_tight)


def _wrap_width(lines: Sequence[Line]) -> int:
    """Return the width that the text was broken at, or 0 where its lines are whole paragraphs."""
    widest = max((width_of(line.words) for line in lines), default=0)
    return widest if widest in _WRAP_WIDTHS else 0


def _goes_on(words: str, following: str, wrap_width: int) -> bool:
    if following[0].islower() and width_of(words) >= _WRAP_WIDTHS.start and words[-1] not in ".!?:;":
        return True
    if not wrap_width:
        return False
    first_word = following[0] if is_han(following[0]) else following.split(" ", 1)[0]
    return width_of(words) + 1 + width_of(first_word) > wrap_width


def _joined(words: str, following: str) -> str:
    if is_han(words[-1]) and is_han(following[0]):
        return words + following
    return f"{words}{'' if re.search(r'[^ ]-$', words) else ' '}{following}"
