"""From pasted text to an issue."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import SourceError
from mailer.issues.calltoaction import buttons_without_address
from mailer.issues.content import read_issue, write_issue
from mailer.issues.issue import Issue
from mailer.issues.pasted import issue_from_text, shortened

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
SEED = Path(__file__).parents[3] / "../shared/seed/china-digital-digest.txt"
SAMPLE = files("mailer.demo") / "samples" / "china-digest-sample.txt"

PROSE = "Tea was drunk in every house of the street this week, and nobody remembers who had put the kettle on first."


def issue_of(text: str, button_url: str = "") -> tuple[Issue, list[str]]:
    return issue_from_text(text, place="tea.txt", now=NOW, button_url=button_url)


def headings_of(issue: Issue) -> list[str]:
    return [line.removeprefix("## ") for line in issue.source.split("\n") if line.startswith("## ")]


def test_the_sample_becomes_six_numbered_stories_and_a_closing_section() -> None:
    issue, notes = issue_of(SAMPLE.read_text(encoding="utf-8"))

    assert issue.title == issue.subject == "Lantern Weekly: Six Short Stories From China’s Digital Life"
    numbers = [heading.split(".")[0] for heading in headings_of(issue)]
    assert numbers == ["1", "2", "3", "4", "5", "6", "Wrapping Up"]
    assert issue.source.startswith("14 November 2025\n\nDear readers,\n\nAutumn is the busy season")
    assert issue.source.endswith("click here.\n\n[Read the November review](){.button}")
    assert issue.preheader.startswith("Autumn is the busy season")
    assert "王秀兰" in issue.source
    assert "of page" not in issue.source
    assert "pictureLantern" not in issue.source
    assert "line 2 “• Writer's pictureLantern Desk”" in notes[0]
    assert "“Read the November review” has no address" in notes[1]
    assert len(notes) == 2


@pytest.mark.skipif(not SEED.is_file(), reason="the real newsletter is not beside this checkout")
def test_a_real_newsletter_becomes_a_good_issue() -> None:
    text = SEED.read_text(encoding="utf-8")
    lines = [line.strip() for line in text.split("\n") if line.strip()]

    issue, notes = issue_of(text, button_url="https://example.com/report")

    title, *rest = lines[2:-1]
    assert issue.title == title
    assert len(issue.subject) <= 78
    assert 80 <= len(issue.preheader) <= 110
    # Every line between the page's chrome is there, in order, and nothing else but the button.
    numbered = [line for line in rest if line[0].isdigit()]
    expected = [f"## {line}" if line in numbered or line == rest[-3] else line for line in rest]
    button = f"[Read the {rest[-1].split('of the ')[1].split(',')[0]}](https://example.com/report){{.button}}"
    assert issue.source.split("\n\n") == [*expected, button]
    assert len(numbered) == 6
    assert len(headings_of(issue)) == 7
    assert [note.split(":")[0] for note in notes] == ["Left out as page chrome"]


def test_a_button_without_address_is_said_and_takes_the_address_given() -> None:
    text = f"Tea Letter\n\n{PROSE}\n\nTo learn more about tea, click here."

    bare, notes = issue_of(text)
    given_one, no_notes = issue_of(text, "https://example.com/tea")

    assert buttons_without_address(bare.source) == [5]
    assert "“Learn more about tea” has no address" in notes[0]
    assert "--button-url" in notes[0]
    assert given_one.source.endswith("click here.\n\n[Learn more about tea](https://example.com/tea){.button}")
    assert no_notes == []


def test_an_address_that_nothing_needs_is_said() -> None:
    _, notes = issue_of(f"Tea Letter\n\n{PROSE}", "https://example.com/tea")

    assert notes == ["The address for the button was not needed: no button of this issue lacks one."]


def test_the_address_in_the_text_becomes_the_buttons() -> None:
    issue, notes = issue_of(f"Tea Letter\n\n{PROSE}\n\nRegister for the tasting: https://example.com/tasting")

    assert issue.source.endswith("\n\n[Register for the tasting](https://example.com/tasting){.button}")
    assert notes == []


def test_links_whose_address_is_lost_are_left_out_and_told() -> None:
    issue, notes = issue_of(f"Tea Letter\n\n1. Green\n\n{PROSE}\n\nRead more »\n\n2. Black\n\n{PROSE}")

    assert "Read more" not in issue.source
    assert "“Read more »” (line 7)" in notes[0]


def test_a_copied_mails_header_gives_the_subject_and_goes() -> None:
    issue, notes = issue_of(f"From: Ana <ana@example.com>\nTo: tea@example.com\nSubject: Tea Letter\n\n{PROSE}")

    assert (issue.title, issue.source) == ("Tea Letter", PROSE)
    assert "line 1 “From: Ana <ana@example.com>”" in notes[0]


def test_a_long_title_gives_a_shorter_subject_and_says_so() -> None:
    issue, notes = issue_of(f"The Tea Letter of Example Street: {'what we drank and ' * 4}why\n\n{PROSE}")

    assert issue.subject == "The Tea Letter of Example Street"
    assert "shortened to “The Tea Letter of Example Street”" in notes[0]


def test_text_without_a_title_is_named_by_its_first_words() -> None:
    issue, notes = issue_of(f"Dear readers,\n\n{PROSE}")

    assert issue.title == "Dear readers,"
    assert issue.source.startswith("Dear readers,")
    assert "No title was found" in notes[0]


def test_a_title_that_the_page_says_twice_stands_once() -> None:
    issue, _ = issue_of(f"Tea Letter\n\nTEA LETTER\n\n{PROSE}")

    assert issue.source == PROSE


def test_a_short_introduction_lends_headings_to_the_preheader() -> None:
    issue, _ = issue_of(
        f"Tea Letter\n\nHi all, tea is back.\n\n1. Green Leaves Return\n\n{PROSE}\n\n2. Black Stays Away\n\n{PROSE}"
    )

    assert issue.preheader == "Tea is back. Green Leaves Return · Black Stays Away"


def test_a_chinese_newsletter_says_its_language() -> None:
    issue, _ = issue_of("茶周刊\n\n本周我们喝了绿茶，也喝了红茶，还有一点点白茶。\n\n一、绿茶\n\n绿茶很好喝。")

    assert issue.language == "zh"
    assert headings_of(issue) == ["一、绿茶"]


def test_bullets_lists_and_signatures_keep_their_lines() -> None:
    issue, _ = issue_of(f"Tea Letter\n\n{PROSE}\n\n• Green\n• Black\n\nThree more:\n1) One\n2) Two\n\nYours,\nAna")

    assert issue.source == f"{PROSE}\n\n- Green\n- Black\n\nThree more:\n\n1. One\n2. Two\n\nYours,\\\nAna"


def test_signs_of_markdown_and_fields_stay_text() -> None:
    issue, _ = issue_of(f"Tea {{{{ x }}}} Letter\n\n{PROSE} *Not* {{{{ a.field }}}} nor <b>\n\n# Green\n\n{PROSE}")

    assert "\\*Not\\* \\{\\{ a.field \\}\\} nor \\<b\\>" in issue.source
    assert issue.title == "Tea { { x }} Letter"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no text in it"),
        ("\n \n\u200b\n", "no text in it"),
        ("top of page\nShare\nbottom of page", "no text in it"),
        ("one\ntwo\0", "a NUL byte"),
        (f"Tea\n{'x' * 2_000_000}", "1 MB at most"),
    ],
)
def test_what_no_issue_can_be_made_of_is_refused(text: str, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        issue_of(text)

    assert caught.value.place.startswith("tea.txt")
    assert caught.value.fix


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SourceError, match="is no web address"):
        issue_of(f"Tea Letter\n\n{PROSE}\n\nTo learn more about tea, click here.", "javascript:alert(1)")


@pytest.mark.parametrize(
    ("words", "short"),
    [
        ("tea", "tea"),
        ("green tea and black", "green tea and…"),
        ("green teas and black", "green teas…"),
        ("greenteaandblacktea", "greenteaandbl…"),
        ("绿茶红茶白茶黄茶黑茶花茶抹茶奶茶", "绿茶红茶白茶黄茶黑茶花茶抹…"),
    ],
)
def test_words_are_cut_between_two_where_they_can_be(words: str, short: str) -> None:
    assert shortened(words, 14) == short


_PIECES = st.sampled_from(
    [
        *(
            "top of page",
            "Tea Letter",
            "1. Green",
            "2) Black",
            "• item",
            "click here.",
            "Read more",
            "## x",
            "---",
            "**b**",
        ),
        *("https://example.com/a", "{{ x }}", "{% if", "From: a", "Subject: b", "你好", "[x](y){.button}", PROSE),
        *("\u200b", "\u200d", "\xa0", "\t"),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(_PIECES, st.text(max_size=20), st.sampled_from(["\n", "\n\n", "\r\n", " "]))).map("".join))
def test_any_text_gives_an_issue_that_can_be_read_again_or_a_source_error(text: str) -> None:
    try:
        issue, _ = issue_of(text)
    except SourceError:
        return

    again = read_issue(write_issue(issue), place="tea.md", now=NOW)

    assert again == issue
    assert len(issue.subject) <= 78
    assert len(issue.preheader) <= 110
