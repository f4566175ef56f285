from __future__ import annotations

from mailer.rendering.document import Prose
from mailer.rendering.markdown import read_markdown
from mailer.rendering.message import Assembler
from subscribers.subscriber import Subscriber


def text_of(source: str) -> str:
    (block,) = read_markdown(source).introduction
    assert isinstance(block, Prose)
    return block.text


def test_links_show_their_address_once() -> None:
    assert text_of("See [the log](https://e.example/a?b=1&c=2).") == "See the log <https://e.example/a?b=1&c=2>."
    assert text_of("<https://e.example>") == "https://e.example"
    assert text_of("<anna@example.com>") == "anna@example.com"


def test_lists_quotes_and_code_keep_their_shape() -> None:
    assert text_of("3. a\n4. b\n   - c\n   - d") == "3. a\n4. b\n   - c\n   - d"
    assert text_of("- a\n\n- b") == "- a\n\n- b"
    assert text_of("> a\n> b\n>\n> > c") == "> a b\n\n> > c"
    assert text_of("```\nx = 1\n```") == "    x = 1"
    assert text_of("a  \nb\nc") == "a\nb c"


def test_a_table_is_set_in_columns_that_count_wide_characters_as_two() -> None:
    assert text_of("| a | b |\n|---|---|\n| 文字 | c |\n| d | e |") == "a     b\n----  -\n文字  c\nd     e"


def test_the_text_part_of_a_whole_issue(assembler: Assembler, subscriber: Subscriber) -> None:
    text = assembler.text(subscriber)

    view, unsubscribe = (line for line in text.splitlines() if "https://press.example.com/" in line)
    assert (
        text.replace(view, "VIEW").replace(unsubscribe, "UNSUBSCRIBE")
        == """\
Harbour Letter
Slow ferries & quick tea
23 November 2026

VIEW

Dear 李雷,

the harbour is quiet this week. The council <https://example.com/council?a=1&b=2> met twice.

- Electric ferries in winter
- What 李雷 reads on the train

------------------------------------------------------------

1. Electric ferries get their first winter

[Image: A white ferry at a pier]

The two ferries of 海港轮渡 ran all week at two degrees above zero.

> We bought blankets for the batteries.

Stall    Share
-------  -----
Fish 鱼  41 %

------------------------------------------------------------

2. Tea by mail

Orders opened on Monday and closed on Monday.

→ See the waiting list: https://example.com/tea?who=li.lei@example.com

* * *

------------------------------------------------------------

Before you go

1. Read
2. Rest
   - at home

------------------------------------------------------------

You get this email because you subscribed to Harbour Letter.

UNSUBSCRIBE

Harbour Press
12 Quay Street
4000 Anytown
"""
    )
