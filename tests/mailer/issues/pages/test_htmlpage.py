"""Web pages become issues."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import SourceError
from mailer.issues.fields import find_fields
from mailer.issues.pages.htmlpage import issue_from_html

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
PAGE = """<!doctype html><html><head><title>Site</title><style>p{}</style></head><body><nav><a href="/">Home</a></nav>
<main><h1>Quiet   ferries</h1><p>They ran <strong>all week</strong>, see <a href="/log?a=1&amp;b=2">the log</a>.</p>
<h2>1. Tea</h2><figure><img src="tea.png" alt="Tins of [tea]"></figure><ul><li>Green</li><li>Black *tea*</li></ul>
<blockquote><p>Quiet.</p></blockquote><p># no heading</p><p>{{ field }}</p><script>alert(1)</script></main>
<footer>Imprint</footer></body></html>"""


def test_a_page_becomes_markdown_without_what_stands_around_it() -> None:
    issue, notes = issue_from_html(PAGE, place="a.html", now=NOW, page_url="https://example.com/x/")

    assert (issue.title, issue.slug) == ("Quiet ferries", "quiet-ferries")
    assert issue.source.split("\n\n") == [
        "They ran **all week** , see [the log](https://example.com/log?a=1&b=2).",
        "## 1. Tea",
        "![Tins of \\[tea\\]](https://example.com/x/tea.png)",
        "- Green\n- Black \\*tea\\*",
        "> Quiet.",
        "\\# no heading",
        "\\{\\{ field \\}\\}",
    ]
    assert notes == []


def test_addresses_that_are_not_full_are_named() -> None:
    issue, notes = issue_from_html(PAGE, place="a.html", now=NOW)

    assert "the log" in issue.source
    assert "](" not in issue.source
    assert len(notes) == 2


@pytest.mark.parametrize("page", ["", "<html></html>", "<script>alert(1)</script>", "<p> </p>", "<!-- a -->"])
def test_a_page_without_words_is_an_error(page: str) -> None:
    with pytest.raises(SourceError):
        issue_from_html(page, place="a.html", now=NOW)


def test_deep_nesting_ends_in_no_crash() -> None:
    issue, _ = issue_from_html("<p>a</p>" + "<div>" * 20_000 + "deep", place="a.html", now=NOW)

    assert issue.source.startswith("a")


PIECES = ["<p>", "</p>", "<a href=javascript:x>", "</a>", "<ul><li>", "<b>", "</b>", "{{ x }}", "{% if %}", "[", "](x)"]
PIECES += [
    "<img src=x onerror=y>",
    "# ",
    "::: hero",
    "&amp;",
    "words ",
    "<h2>",
    "</h2>",
    "*",
    "\\",
    "<!--",
    "<table><tr><td>",
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_any_page_is_an_issue_without_fields_or_an_error(page: str) -> None:
    try:
        issue, _ = issue_from_html(page, place="a.html", now=NOW)
    except SourceError:
        return
    assert find_fields(issue.source, place="a") == []
    assert "](javascript" not in issue.source
