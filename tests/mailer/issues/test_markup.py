"""Text stays text: what Markdown makes of it says the same words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.attrs import attrs_plugin

from mailer.issues.fields import find_fields
from mailer.issues.markup import heading, inline, paragraph, urls_in

# The dialect that issues are rendered with.
PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
PARSER.use(attrs_plugin, after=("link_close",), allowed=("class",))

SIGNS = "\\`*_[]<>{}|~^&#+-=:!.()1a \"'@中"
PLAIN = (
    st.text(st.one_of(st.sampled_from(SIGNS), st.characters(categories=["L", "N", "P", "S"])), min_size=1)
    .map(lambda words: re.sub(" +", " ", words).strip())
    .filter(lambda words: words and not urls_in(words))
)


def tokens_of(markdown: str) -> list[Token]:
    return PARSER.parse(markdown)


def words_of(markdown: str) -> str:
    (inner,) = [token for token in PARSER.parse(markdown) if token.type == "inline"]
    assert inner.children is not None
    assert {child.type for child in inner.children} <= {"text", "softbreak", "hardbreak"}
    return "".join(child.content or "\n" for child in inner.children)


@given(PLAIN)
def test_a_paragraph_says_its_words(words: str) -> None:
    written = paragraph(words)

    assert [token.type for token in tokens_of(written)] == ["paragraph_open", "inline", "paragraph_close"]
    assert words_of(written) == words
    assert find_fields(written, place="a.md") == []


@given(PLAIN)
def test_a_heading_says_its_words(words: str) -> None:
    written = heading(words)

    assert [token.type for token in tokens_of(written)] == ["heading_open", "inline", "heading_close"]
    assert words_of(written) == words
    assert find_fields(written, place="a.md") == []


@given(PLAIN, PLAIN)
def test_lines_of_a_paragraph_stay_lines(first: str, second: str) -> None:
    written = paragraph(f"{first}\n{second}")

    assert [token.type for token in tokens_of(written)] == ["paragraph_open", "inline", "paragraph_close"]
    assert words_of(written) == f"{first}\n{second}"


@pytest.mark.parametrize(
    ("words", "markdown"),
    [
        ("See https://example.com/tea.", "See <https://example.com/tea>."),
        ("(https://example.com/a_(b))", "(<https://example.com/a_(b)>)"),
        ("详见https://example.com/tea，谢谢", "详见<https://example.com/tea>，谢谢"),
        ("请看www.example.com/tea。", "请看[www.example.com/tea](https://www.example.com/tea)。"),
        ("me@www.example.com", "me@www.example.com"),
        ("www.example.com/tea!", "[www.example.com/tea](https://www.example.com/tea)!"),
        ("https://example.com/{{x}}", "<https://example.com/%7B%7Bx%7D%7D>"),
        ("snake_case and _this_", "snake_case and \\_this\\_"),
        ("https:// is no address", "https:// is no address"),
    ],
)
def test_web_addresses_become_links(words: str, markdown: str) -> None:
    assert inline(words) == markdown


@given(st.text(st.sampled_from("https://w.example{}()<>*_\\ ,中")))
def test_links_never_open_a_field(words: str) -> None:
    assert find_fields(paragraph(words), place="a.md") == []
