"""Our source format: front matter and Markdown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import SourceError
from mailer.issues.content import has_front_matter, read_issue, write_issue
from mailer.issues.issue import Issue, slugify

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)

WHOLE = """\
---
title: Tea Letter
subject: "Six teas: a letter"
preheader: What we drank this week
newsletter: tea-letter
template: digest
language: en
---

Hello {{ subscriber.first_name | default("friend") }},

## 1. Green

Words.
"""


def refusal(text: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read_issue(text, place="tea.md", now=NOW)
    return caught.value


def test_every_key_is_read() -> None:
    issue = read_issue(WHOLE, place="tea.md", now=NOW)

    assert issue == Issue(
        slug="tea-letter",
        title="Tea Letter",
        subject="Six teas: a letter",
        preheader="What we drank this week",
        newsletter="tea-letter",
        template="digest",
        language="en",
        source='Hello {{ subscriber.first_name | default("friend") }},\n\n## 1. Green\n\nWords.',
        created=NOW,
        updated=NOW,
    )


def test_only_the_subject_is_required_and_is_the_title_then() -> None:
    issue = read_issue("---\nsubject: Hello\n---\nText", place="tea.md", now=NOW)

    assert (issue.title, issue.slug, issue.language, issue.template) == ("Hello", "hello", "", "")


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_change_nothing() -> None:
    odd = "\ufeff\r\n" + WHOLE.replace("\n", "\r\n")

    assert read_issue(odd, place="tea.md", now=NOW) == read_issue(WHOLE, place="tea.md", now=NOW)


@pytest.mark.parametrize("value", ["2026", "yes", "2026-03-01", "null", "1e3", "~"])
def test_every_value_is_the_text_that_it_looks_like(value: str) -> None:
    assert read_issue(f"---\nsubject: {value}\n---\nText", place="tea.md", now=NOW).subject == value


def test_a_folded_subject_becomes_one_line() -> None:
    issue = read_issue("---\nsubject: >\n  One\n  two\n---\nText", place="tea.md", now=NOW)

    assert issue.subject == "One two"


def test_a_rule_of_dashes_in_the_body_stays_there() -> None:
    assert read_issue("---\nsubject: a\n---\nb\n\n---\n\nc", place="tea.md", now=NOW).source == "b\n\n---\n\nc"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "tea.md:1", "is empty"),
        (" \n\n", "tea.md:1", "is empty"),
        ("\nHello", "tea.md:2", "does not begin with a front matter"),
        ("---\nsubject: a\n\nText", "tea.md:1", "not closed"),
        ("---\ntitle: a\n---\nText", "tea.md:1", "no subject"),
        ("---\ntitle: a\nsubject:\n---\nText", "tea.md:3", "no subject"),
        ("---\nsubject: a\n---\n\n \n", "tea.md:3", "no text"),
        ("---\nsubject: a\nprehaeder: b\n---\nText", "tea.md:3", "Did you mean “preheader”?"),
        ("---\nsubject: a\nzzz: b\n---\nText", "tea.md:3", "The keys are title, subject"),
        ("---\nsubject: a\ntitle: b\nsubject: c\n---\nText", "tea.md:4", "given twice"),
        ("---\nsubject: a: b\n---\nText", "tea.md:2", "cannot be read as YAML"),
        ('---\nsubject: a\ntitle: "b\n---\nText', "tea.md:3", "cannot be read as YAML"),
        ("---\nsubject: [a, b]\n---\nText", "tea.md:2", "key: words"),
        ("---\nsubject: {{ subscriber.name }}\n---\nText", "tea.md:2", "a brace"),
        ("---\nsubject: a\ntitle: *x\n---\nText", "tea.md:3", "key: words"),
        ("---\nsubject\n---\nText", "tea.md:2", "key: words"),
        ('---\nsubject: "a\\0b"\n---\nText', "tea.md:2", "U+0000"),
        ("---\nsubject: a\ntitle: '{{ issue.title }}'\n---\nText", "tea.md:3", "no personal field"),
        ("---\ntitle: a\nsubject: 'Dear {{ nobody }}'\n---\nText", "tea.md:3", "no field “nobody”"),
        ("---\nsubject: a\n---\n\nOne\n\n{{ subscriber.nmae }}", "tea.md:7", "Did you mean “subscriber.name”?"),
        ("---\nsubject: a\n---\nOne\n{{ subscriber.name", "tea.md:5", "not closed"),
        ("---\nsubject: a\n---\nOne\nTwo\0", "tea.md:5", "a NUL byte"),
        ("---\nsubject: a\n---\nOne\n" + "x" * 10_000_000, "tea.md:5", "9.5 MB; an issue may have 1 MB at most"),
    ],
)
def test_a_source_that_cannot_be_used_is_refused_with_its_line(text: str, place: str, words: str) -> None:
    error = refusal(text)

    assert error.place == place
    assert words in str(error)
    assert error.fix


def test_no_depth_of_nesting_overflows_the_reader() -> None:
    assert refusal(f"---\nsubject: {'[' * 100_000}\n---\nText").place == "tea.md:2"


@pytest.mark.parametrize(
    ("text", "is_ours"),
    [
        (WHOLE, True),
        ("\ufeff\n---\nsubject: a", True),
        ("---\n---\n", True),
        ("---\n# a comment\nsubject: a", True),
        ("---\nsubjekt : a", True),
        ("---\nA newsletter about dashes\n---\n", False),
        ("A newsletter\n---\nsubject: a\n---\n", False),
        ("---", False),
        ("", False),
    ],
)
def test_what_begins_with_a_front_matter_is_our_format(text: str, is_ours: bool) -> None:
    assert has_front_matter(text) is is_ours


def test_what_is_empty_is_not_written() -> None:
    issue = Issue(slug="a", title="a", subject="a", source="Text", created=NOW, updated=NOW)

    assert write_issue(issue) == "---\ntitle: a\nsubject: a\n---\n\nText\n"


# Words as they come out of `one_line`, and bodies as they come out of a file; braces would be personal fields.
_LETTERS = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="{}\ufeff")
_WORDS = (
    st.text(_LETTERS, max_size=60)
    .map(lambda words: " ".join(words.split(" ")).strip(" "))
    .map(lambda words: " ".join(part for part in words.split(" ") if part))
)
_SOURCES = st.text(st.one_of(_LETTERS, st.just("\n"), st.sampled_from("#-:\\*[]()")), min_size=1).filter(
    lambda source: bool(source.strip()) and source == source.rstrip() and bool(source.split("\n")[0].strip())
)


@given(title=_WORDS.filter(bool), subject=_WORDS.filter(bool), preheader=_WORDS, source=_SOURCES)
def test_reading_what_was_written_gives_the_same_issue(title: str, subject: str, preheader: str, source: str) -> None:
    issue = Issue(
        slug=slugify(title),
        title=title,
        subject=subject,
        preheader=preheader,
        newsletter="tea-letter",
        language="en",
        source=source,
        created=NOW,
        updated=NOW,
    )

    written = write_issue(issue)

    assert has_front_matter(written)
    assert read_issue(written, place="tea.md", now=NOW) == issue


@given(st.text())
def test_any_text_gives_an_issue_or_a_source_error(text: str) -> None:
    for source in (text, f"---\n{text}\n---\n{text}", f"---\nsubject: a\n---\n{text}"):
        try:
            read_issue(source, place="tea.md", now=NOW)
        except SourceError as error:
            assert error.place.startswith("tea.md")  # noqa: PT017 - both outcomes are right
