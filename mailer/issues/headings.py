"""Which passages of a pasted text are headings: by their number, by their mark, or by how they look and what follows.

The rules, the first that finds any wins for the unnumbered ones:
1. A numbered line between paragraphs, whose neighbours are numbered in sequence, heads a story. Numbered lines that
   follow one another are a list.
2. What the text marks itself (`## …`, `**…**`).
3. A short line in title case, without a full stop, that prose follows.
4. Where nothing else was found: a short line without a full stop, that a longer paragraph follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from mailer.issues.linkwords import button_words, is_bare_link
from mailer.issues.markup import urls_in
from mailer.issues.plaintext import Kind, Passage, is_han, width_of

_LONGEST_NUMBERED = 160
_LONGEST_PLAIN = 90
_PROSE_WIDTH = 80
_TITLE_SHARE = 0.65

_SMALL_WORDS = frozenset(
    [
        *(
            "a",
            "an",
            "and",
            "as",
            "at",
            "but",
            "by",
            "for",
            "from",
            "in",
            "into",
            "is",
            "it",
            "its",
            "nor",
            "of",
            "off",
        ),
        *("on", "or", "over", "per", "so", "the", "to", "up", "via", "vs", "with", "yet"),
    ]
)
_SENTENCE_END = re.compile(r"[.,;:…。，、；：][\"”’)]?$")
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|hallo|good (?:morning|afternoon|evening|day)|greetings|welcome|happy \w+day)\b.*"
    r"|.*[您你]好.*",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"(?:by|from|written by|edited by|author:?|posted by|text:?) .*", re.IGNORECASE)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DATE = re.compile(
    r"(?:.{0,40}\b)?"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th|\.)? {_MONTH}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?|\d{{4}}-\d\d-\d\d|{_MONTH} \d{{4}})"
    r"[,.]? ?(?:\d{4})?.{0,20}"
    r"|.*\d{4}年(?:\d{1,2}月)?(?:\d{1,2}日)?.*",
    re.IGNORECASE,
)


def with_headings(passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages with those marked as headings that are; numbered ones that are none stay as they are."""
    marked = _numbered_headings(passages)
    first = next((index for index, passage in enumerate(marked) if passage.kind is Kind.HEADING), -1)
    for looks_right in (_is_title_case, _begins_like_a_heading):
        found = _unnumbered_headings(marked, first, looks_right)
        if found or first >= 0:
            break
    return [replace(passage, kind=Kind.HEADING) if index in found else passage for index, passage in enumerate(marked)]


def is_greeting(words: str) -> bool:
    """Whether the words greet the reader, such as "Hi folks," and what may follow them."""
    return _GREETING.fullmatch(words) is not None


def is_date_or_byline(words: str) -> bool:
    """Whether a short line only says when or by whom."""
    return width_of(words) <= 70 and (_DATE.fullmatch(words) is not None or _BYLINE.fullmatch(words) is not None)


def ends_a_sentence(words: str) -> bool:
    """Whether the words end as a sentence does, which headings do not."""
    return _SENTENCE_END.search(words) is not None


def _numbered_headings(passages: Sequence[Passage]) -> list[Passage]:
    candidates = [
        index
        for index, passage in enumerate(passages)
        if passage.kind is Kind.NUMBERED
        and not _has_neighbour(passages, index)
        and width_of(passage.words) <= _LONGEST_NUMBERED
        and (not ends_a_sentence(passage.words) or _is_title_case(passage.words))
    ]
    numbers = [passages[index].number for index in candidates]
    heads = {index for place, index in enumerate(candidates) if numbers[place] == 1 or _is_in_sequence(numbers, place)}
    return [
        replace(passage, kind=Kind.HEADING, words=f"{passage.number}. {passage.words}") if index in heads else passage
        for index, passage in enumerate(passages)
    ]


def _has_neighbour(passages: Sequence[Passage], index: int) -> bool:
    number = passages[index].number
    before, after = passages[max(index - 1, 0) : index], passages[index + 1 : index + 2]
    return any(one.kind is Kind.NUMBERED and one.number == number - 1 for one in before) or any(
        one.kind is Kind.NUMBERED and one.number == number + 1 for one in after
    )


def _is_in_sequence(numbers: Sequence[int], place: int) -> bool:
    around = (*numbers[max(place - 1, 0) : place], *numbers[place + 1 : place + 2])
    return any(abs(number - numbers[place]) == 1 for number in around)


def _unnumbered_headings(passages: Sequence[Passage], first: int, looks_right: Callable[[str], bool]) -> set[int]:
    """Return the places of headings told by their looks; before a first numbered or marked story there are none."""
    return {
        index
        for index, passage in enumerate(passages[:-1])
        if index > first
        and passage.kind is Kind.PLAIN
        and not (passage.is_tight and passages[index - 1].kind is Kind.PLAIN)
        and _could_be_heading(passage.words)
        and looks_right(passage.words)
        and _is_body(passages[index + 1], passage)
    }


def _could_be_heading(words: str) -> bool:
    return (
        width_of(words) <= _LONGEST_PLAIN
        and not ends_a_sentence(words)
        and not is_greeting(words)
        and not is_date_or_byline(words)
        and not urls_in(words)
        and not is_bare_link(words)
        and button_words(words) is None
    )


def _is_body(passage: Passage, above: Passage) -> bool:
    if passage.kind is Kind.PLAIN:
        return width_of(passage.words) >= max(_PROSE_WIDTH, width_of(above.words)) or (
            ends_a_sentence(passage.words) and width_of(passage.words) > width_of(above.words)
        )
    return passage.kind is not Kind.HEADING


def _is_title_case(words: str) -> bool:
    """Whether most of the words that can be begin with a capital; Chinese has none, and passes if it is no sentence."""
    han = sum(is_han(character) for character in words)
    if han * 2 > len(words):
        return width_of(words) <= 60 and not re.search("[。，；]", words)
    telling = [word for word in re.findall(r"[^\W\d_][\w'’.-]*", words) if word.lower() not in _SMALL_WORDS]
    capitals = sum(word[0].isupper() or is_han(word[0]) for word in telling)
    return bool(telling) and capitals >= len(telling) * _TITLE_SHARE


def _begins_like_a_heading(words: str) -> bool:
    first = words.lstrip("“\"‘'")[:1]
    return len(words.split()) >= 2 and (first.isupper() or first.isdigit() or bool(first and is_han(first)))
