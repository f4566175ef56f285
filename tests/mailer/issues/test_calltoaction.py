"""Buttons with and without an address."""

from __future__ import annotations

import pytest

from mailer.errors import SourceError
from mailer.issues.calltoaction import button, buttons_without_address, checked_url, with_address

SOURCE = """\
Hello

[Read the report](){.button}

[Watch it](https://example.com/film){.button}

[Take the survey](<>){.button}"""


def test_a_button_without_address_is_found_by_its_line() -> None:
    assert buttons_without_address(SOURCE) == [3, 7]


def test_an_address_goes_to_the_first_button_that_has_none() -> None:
    source = with_address(SOURCE, "https://example.com/report")

    assert "[Read the report](https://example.com/report){.button}" in source
    assert buttons_without_address(source) == [7]


def test_a_source_whose_buttons_all_have_one_stays_as_it_is() -> None:
    source = button("Read", "https://example.com/report")

    assert with_address(source, "https://example.com/other") == source


def test_a_backslash_in_an_address_is_no_group_reference() -> None:
    assert with_address(button("Read"), r"https://example.com/a\1b") == r"[Read](https://example.com/a%5C1b){.button}"


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://example.com/report", "https://example.com/report"),
        (" http://example.com/a?b=c&d=%20#e ", "http://example.com/a?b=c&d=%20#e"),
        ("https://example.com/a_(b)", "https://example.com/a_%28b%29"),
        ("https://example.com/{{ x", ""),
        ("https://example.com/{{x}}", "https://example.com/%7B%7Bx%7D%7D"),
        ("https://例え.example/道", "https://例え.example/道"),
    ],
)
def test_an_address_is_written_so_that_markdown_reads_it(url: str, written: str) -> None:
    if not written:
        with pytest.raises(SourceError):
            checked_url(url)
        return

    assert checked_url(url) == written


@pytest.mark.parametrize(
    "url",
    [
        "",
        "report",
        "example.com/report",
        "javascript:alert(1)",
        "mailto:a@example.com",
        "https://",
        "https://[",
        "https://a b",
    ],
)
def test_anything_but_a_web_address_is_refused(url: str) -> None:
    with pytest.raises(SourceError, match="is no web address") as caught:
        checked_url(url)

    assert "https://example.com/report" in caught.value.fix
