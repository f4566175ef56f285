from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.preflight import check

PUBLIC_URL = "https://press.example.com"
RAW = "::: mjml\n<mj-section><mj-column><mj-text>\n{}\n</mj-text></mj-column></mj-section>\n:::\n\nwords"


def found(issue: Issue, newsletter: Newsletter) -> list[tuple[str, str, str]]:
    return [(one.level.value, one.rule, one.place) for one in check(issue, newsletter, None, PUBLIC_URL)]


def test_a_look_that_cannot_be_read_is_a_warning_in_light_and_in_dark(issue: Issue, newsletter: Newsletter) -> None:
    faint = replace(newsletter, look={"ink": "#bbbbbb", "dark_quiet": "#333333"})

    findings = check(issue, faint, None, PUBLIC_URL)

    assert {one.rule for one in findings} == {"contrast"}
    assert [one.message.split(" has ")[0] for one in findings] == [
        "In the light scheme, ink on card",
        "In the light scheme, ink on page",
        "In the dark scheme, dark_quiet on dark_card",
        "In the dark scheme, dark_quiet on dark_page",
    ]


def test_a_good_look_has_no_findings(issue: Issue, newsletter: Newsletter) -> None:
    assert found(issue, replace(newsletter, look={"accent": "#7a0f3c", "radius": "4px"})) == []


@pytest.mark.parametrize(
    ("markup", "rule"),
    [
        ('<p style="color:#999999;background:#ffffff">a</p>', "contrast"),
        ('<p style="display:flex">a</p>', "client-support"),
        ('<p style="position: absolute">a</p>', "client-support"),
        ('<p style="width: calc(1px + 2px)">a</p>', "client-support"),
        ('<p style="color: #11223344">a</p>', "client-support"),
    ],
)
def test_the_authors_own_markup_is_judged_at_its_line(
    markup: str, rule: str, issue: Issue, newsletter: Newsletter
) -> None:
    assert found(replace(issue, source=RAW.format(markup)), newsletter) == [("warn", rule, "issue week-48:3")]


@pytest.mark.parametrize("ending", ["svg", "webp", "AVIF", "heic"])
def test_images_of_a_kind_that_many_cannot_see(ending: str, issue: Issue, newsletter: Newsletter) -> None:
    source = f"words\n\n![A pier](https://images.example.com/pier.{ending}?v=1)"

    assert found(replace(issue, source=source), newsletter) == [("warn", "client-support", "issue week-48:3")]


def test_a_decorative_image_needs_no_words(issue: Issue, newsletter: Newsletter) -> None:
    source = "words\n\n![](https://images.example.com/line.png){.decorative}"

    assert found(replace(issue, source=source), newsletter) == []


def test_the_themes_own_markup_is_not_judged(issue: Issue, newsletter: Newsletter) -> None:
    assert found(issue, newsletter) == []
