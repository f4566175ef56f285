"""Slugs and single lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import SourceError
from mailer.issues.wording import check_line, check_slug, one_line, slugify


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Tea Letter", "tea-letter"),
        ("China’s Café: №1 & more!", "chinas-cafe-no1-more"),
        ("  2026  ", "2026"),
        ("ＦＵＬＬ width", "full-width"),
        ("x" * 200, "x" * 60),
        (f"{'word ' * 30}", "word-" * 11 + "word"),
    ],
)
def test_a_title_gives_a_slug(title: str, slug: str) -> None:
    assert slugify(title) == slug


def test_a_chinese_title_gets_a_slug_of_its_own_which_stays_the_same() -> None:
    assert slugify("中国数字周刊") == slugify("中国数字周刊")
    assert slugify("中国数字周刊") != slugify("茶")
    assert slugify("茶").startswith("issue-")


@given(st.text())
def test_every_title_gives_a_slug_that_is_one(title: str) -> None:
    check_slug(slugify(title), what="issue")


@pytest.mark.parametrize("slug", ["", "Tea", "tea letter", "-tea", "tea-", "tea--letter", "茶", "tea\n", "x" * 100])
def test_other_slugs_are_refused(slug: str) -> None:
    with pytest.raises(SourceError, match="cannot name an issue"):
        check_slug(slug, what="issue")


@pytest.mark.parametrize("words", ["a\r\nBcc: everybody@example.com", "a\nb", "a\0", "a\x85b", "a\u2028b", "\ud800"])
def test_words_that_could_smuggle_a_header_are_refused(words: str) -> None:
    with pytest.raises(SourceError, match="cannot stand in one line"):
        check_line(words, what="subject")


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_one_line_has_no_line_break_left(words: str) -> None:
    assert not set(one_line(words)) & set("\t\n\r\f\v\x85\u2028\u2029")
