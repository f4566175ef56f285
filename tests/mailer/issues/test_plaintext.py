"""Lines and passages of pasted text."""

from __future__ import annotations

import pytest

from mailer.issues.plaintext import Kind, Line, clean_lines, passages_of


def passages(text: str) -> list[tuple[Kind, str]]:
    return [(passage.kind, passage.words) for passage in passages_of(clean_lines(text))]


def test_every_way_to_end_a_line_counts_once() -> None:
    lines = clean_lines("one\r\ntwo\rthree\vfour\ffive\x85six\u2028seven\u2029eight\nnine")

    assert [line.number for line in lines] == list(range(1, 10))
    assert [line.words for line in lines] == ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ("a\xa0b\u2009c\td", "a b c d"),
        ("zero\u200bwidth\ufeff soft\xadhyphen", "zerowidth softhyphen"),
        ("\u200c \u200c \u200c preview padding \u200c\u200d", "preview padding"),
        ("می‌خواهم", "می‌خواهم"),
        ("family 👨‍👩‍👧 here", "family 👨‍👩‍👧 here"),
        ("cafe\u0301", "café"),
        ("\u3000\u3000中文，两个 字", "中文，两个 字"),
        ("\ufffcpicture", "picture"),
    ],
)
def test_invisible_characters_go_and_spaces_become_one(pasted: str, words: str) -> None:
    assert clean_lines(pasted) == [Line(1, words)]


@pytest.mark.parametrize(
    ("line", "kind", "words", "number"),
    [
        ("1. Tea", Kind.NUMBERED, "Tea", 1),
        ("12) Tea", Kind.NUMBERED, "Tea", 12),
        ("(3) Tea", Kind.NUMBERED, "Tea", 3),
        ("4.茶", Kind.NUMBERED, "茶", 4),
        ("5 – Tea", Kind.NUMBERED, "Tea", 5),
        ("Story 6: Tea", Kind.NUMBERED, "Tea", 6),
        ("#7 - Tea", Kind.NUMBERED, "Tea", 7),
        ("No. 8: Tea", Kind.NUMBERED, "Tea", 8),
        ("② Tea", Kind.NUMBERED, "Tea", 2),
        ("3.5 million cups", Kind.PLAIN, "3.5 million cups", 0),
        ("10:30 in the morning", Kind.PLAIN, "10:30 in the morning", 0),
        ("1986. What a year", Kind.PLAIN, "1986. What a year", 0),
        ("5 – 1 was the score", Kind.NUMBERED, "1 was the score", 5),
        ("• Tea", Kind.ITEM, "Tea", 0),
        ("•Tea", Kind.ITEM, "Tea", 0),
        ("- Tea", Kind.ITEM, "Tea", 0),
        ("* Tea", Kind.ITEM, "Tea", 0),
        ("-5 degrees", Kind.PLAIN, "-5 degrees", 0),
        ("## Tea", Kind.HEADING, "Tea", 0),
        ("**Tea**", Kind.HEADING, "Tea", 0),
        ("**1. Tea**", Kind.NUMBERED, "Tea", 1),
        ("一、茶", Kind.HEADING, "一、茶", 0),
        ("Tea", Kind.PLAIN, "Tea", 0),
    ],
)
def test_a_lines_looks(line: str, kind: Kind, words: str, number: int) -> None:
    (passage,) = passages_of(clean_lines(line))

    assert (passage.kind, passage.words, passage.number) == (kind, words, number)


def test_lines_that_a_mail_program_broke_are_joined() -> None:
    text = """\
A paragraph that was broken by an old mail program goes
on in the next line, but its last one is short.
Ana

* An item that is long enough to go on in the line that
  follows
* Two"""

    assert [words for _, words in passages(text)] == [
        "A paragraph that was broken by an old mail program goes on in the next line, but its last one is short.",
        "Ana",
        "An item that is long enough to go on in the line that follows",
        "Two",
    ]


def test_chinese_lines_are_joined_without_a_space() -> None:
    broken = "今年秋天杭州的快递柜学会了多等一会儿居民可以把\n包裹放在柜子里四十八小时，之后才开始收费。\n谢谢"

    assert passages(broken)[0] == (Kind.PLAIN, broken.replace("\n谢谢", "").replace("\n", ""))


def test_paragraphs_on_lines_of_their_own_stay_apart() -> None:
    text = f"{'First. ' * 30}\n{'Second. ' * 30}"

    assert len(passages(text)) == 2


@pytest.mark.parametrize("rule", ["---", "* * *", "_____", "=====", "— — —", "•••"])
def test_lines_of_dashes_only_part_paragraphs(rule: str) -> None:
    assert passages(f"One\n{rule}\nTwo") == [(Kind.PLAIN, "One"), (Kind.PLAIN, "Two")]
