"""The grammar of personal fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import SourceError
from mailer.issues.conditions import Comparison, Condition, Sign
from mailer.issues.fields import KNOWN_FIELDS, ConditionTag, FieldUse, find_fields, find_tags


def test_text_without_braces_has_no_fields() -> None:
    assert find_fields("Hello, {reader}, 50 % { off }", place="a.md") == []


def test_a_field_is_found_with_its_name_place_and_line() -> None:
    text = "Hello\n\nDear {{ subscriber.first_name }},"

    (use,) = find_fields(text, place="a.md", first_line=10)

    assert use == FieldUse("subscriber.first_name", None, 12, 39, 12)
    assert text[use.start : use.end] == "{{ subscriber.first_name }}"


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ('{{ subscriber.name | default("friend") }}', "friend"),
        ("{{ subscriber.name|default('dear “friend”') }}", "dear “friend”"),
        ('{{subscriber.name |default ( "it\'s }} you" )}}', "it's }} you"),
        ('{{ subscriber.name | default("") }}', ""),
        ("{{ subscriber.name }}", None),
    ],
)
def test_the_words_for_everybody_else(written: str, default: str | None) -> None:
    (use,) = find_fields(f"x {written} y", place="a.md")

    assert (use.default, use.start, use.end) == (default, 2, 2 + len(written))


@pytest.mark.parametrize("name", [*KNOWN_FIELDS, "subscriber.fields.city", "subscriber.fields.favourite-tea"])
def test_every_known_field_is_accepted(name: str) -> None:
    assert [use.name for use in find_fields(f"{{{{ {name} }}}}", place="a.md")] == [name]


@pytest.mark.parametrize(
    ("written", "suggestion"),
    [
        ("subscriber.firstname", "subscriber.first_name"),
        ("first_name", "subscriber.first_name"),
        ("recipient.first_name", "subscriber.first_name"),
        ("unsubscribe_link", "unsubscribe_url"),
        ("Subscriber.Email", "subscriber.email"),
    ],
)
def test_an_unknown_field_names_file_and_line_and_the_nearest_name(written: str, suggestion: str) -> None:
    with pytest.raises(SourceError) as caught:
        find_fields(f"one\ntwo\n{{{{ {written} }}}}", place="issue.md")

    assert caught.value.place == "issue.md:3"
    assert f"“{written}”" in str(caught.value)
    assert f"Did you mean “{suggestion}”?" in str(caught.value)


def test_a_field_that_is_like_nothing_lists_what_there_is() -> None:
    with pytest.raises(SourceError, match=r"There are subscriber\.first_name.*subscriber\.fields\.<name>"):
        find_fields("{{ zzzz }}", place="a.md")


@pytest.mark.parametrize(
    "written", ["{{ subscriber.name", "{{ subscriber.name }\n}", "{{", "text {{ subscriber.name\n}}"]
)
def test_a_field_that_is_not_closed_on_its_line_is_refused(written: str) -> None:
    with pytest.raises(SourceError, match="is not closed"):
        find_fields(written, place="a.md")


@pytest.mark.parametrize(
    "written",
    [
        "{{ }}",
        "{{ 1 + 1 }}",
        "{{ subscriber.name | upper }}",
        "{{{ subscriber.name }}}",
        "{{ subscriber.name | default(x) }}",
    ],
)
def test_whatever_else_stands_between_braces_is_no_field(written: str) -> None:
    with pytest.raises(SourceError, match="is not a field"):
        find_fields(written, place="a.md")


@pytest.mark.parametrize(
    "written",
    [
        "{% for x in subscriber %}b{% endfor %}",
        "{% set a = 1 %}",
        "{% if %}a{% endif %}",
        "{% if subscriber.name",
        "{% include 'x' %}",
        "{% macro a() %}",
    ],
)
def test_loops_and_other_tags_are_refused_rather_than_mailed(written: str) -> None:
    with pytest.raises(SourceError, match="no condition that an issue can have") as caught:
        find_fields(f"a\n{written}", place="a.md")

    assert caught.value.place == "a.md:2"


def test_a_condition_is_found_with_its_parts_and_lines() -> None:
    text = '{% if subscriber.lang == "zh" and not subscriber.fields.vip %}\n{{ subscriber.name }}\n{% else %}b'
    text += "{% endif %}"

    tags = find_tags(text, place="a.md")

    assert [(type(tag).__name__, tag.line) for tag in tags] == [
        ("ConditionTag", 1),
        ("FieldUse", 2),
        ("ConditionTag", 3),
        ("ConditionTag", 3),
    ]
    assert [tag.kind for tag in tags if isinstance(tag, ConditionTag)] == ["if", "else", "endif"]
    first = tags[0]
    assert isinstance(first, ConditionTag)
    assert first.condition == Condition(
        ((Comparison("subscriber.lang", Sign.IS, "zh"), Comparison("subscriber.fields.vip", Sign.IS_EMPTY)),)
    )


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a\n{% if subscriber.name %}b", "never closed", 2),
        ("a {% endif %}", "has no", 1),
        ("{% else %}", "has no", 1),
        ("{% if subscriber.name %}{% else %}{% else %}{% endif %}", "has no", 1),
        ("{% if subscriber.frist_name %}{% endif %}", "Did you mean", 1),
        ("\n\n{% if newsletter.name %}{% endif %}", "the same for everybody", 3),
        ("{% if subscriber.name > 3 %}{% endif %}", "is not a condition", 1),
        ("{% if subscriber.__class__ %}{% endif %}", "no field", 1),
        ("{% if subscriber.name.upper() %}{% endif %}", "is not a condition", 1),
        ("{% if " + "subscriber.name and " * 13 + "subscriber.name %}{% endif %}", "is not a condition", 1),
        ("{% if subscriber.name %}" * 9 + "{% endif %}" * 9, "9 deep", 1),
        ("{% if subscriber.name %}{% endif %}" * 101, "200 is the most", None),
    ],
)
def test_a_wrong_condition_is_an_error_with_its_line(text: str, message: str, line: int | None) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        find_fields(text, place="a.md")

    assert caught.value.place == (f"a.md:{line}" if line else "a.md")


def test_a_condition_may_hold_any_words_in_its_quotes() -> None:
    (tag, _) = find_tags("{% if subscriber.fields.a != '%} {{ \" or' %}{% endif %}", place="a.md")

    assert isinstance(tag, ConditionTag)
    assert tag.condition == Condition(((Comparison("subscriber.fields.a", Sign.IS_NOT, '%} {{ " or'),),))


def test_escaped_braces_are_text() -> None:
    assert find_fields(r"\{\{ not.a.field \}\} and \{{ nor this } and \{% nor that %}", place="a.md") == []


@given(st.text(alphabet=st.sampled_from("{}% |\"'\\\nsubscriber.name default()")))
def test_any_text_gives_fields_or_a_source_error(text: str) -> None:
    try:
        uses = find_fields(text, place="a.md")
    except SourceError as error:
        assert error.place.startswith("a.md:")  # noqa: PT017 - both outcomes are right
    else:
        assert all(text[use.start : use.end].startswith("{{") for use in uses)
