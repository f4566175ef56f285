from __future__ import annotations

from datetime import date

import pytest

from mailer.rendering.words import direction_of, words_in, written_date


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en-GB", "3 May 2026"),
        ("de", "3. Mai 2026"),
        ("zh-Hant", "2026年5月3日"),
        ("fi", "2026-05-03"),
        ("", "2026-05-03"),
    ],
)
def test_a_date_is_written_as_the_language_writes_it(language: str, written: str) -> None:
    assert written_date(date(2026, 5, 3), language) == written


def test_a_language_that_is_not_here_is_answered_in_english_but_keeps_its_direction() -> None:
    assert words_in("fi") == words_in("en")
    assert words_in("zh-CN").unsubscribe == "退订"
    assert (direction_of("ar-EG"), direction_of("he"), direction_of("zh")) == ("rtl", "rtl", "ltr")
