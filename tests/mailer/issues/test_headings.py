"""Which passages head a story."""

from __future__ import annotations

import pytest

from mailer.issues.headings import with_headings
from mailer.issues.plaintext import Kind, clean_lines, passages_of

PROSE = "Tea was drunk in every house of the street this week, and nobody remembers who had put the kettle on first."


def headings(text: str) -> list[str]:
    return [passage.words for passage in with_headings(passages_of(clean_lines(text))) if passage.kind is Kind.HEADING]


@pytest.mark.parametrize("numbering", ["{}. ", "{}) ", "{} - ", "Story {}: ", "#{}: "])
def test_numbered_lines_between_paragraphs_head_stories(numbering: str) -> None:
    stories = "\n\n".join(f"{numbering.format(number)}About tea\n\n{PROSE}" for number in range(1, 4))

    assert headings(stories) == ["1. About tea", "2. About tea", "3. About tea"]


def test_a_heading_needs_no_blank_line_below() -> None:
    assert headings(f"1. Green\n{PROSE}\n\n2. Black\n{PROSE}") == ["1. Green", "2. Black"]


def test_numbered_lines_that_follow_one_another_are_a_list() -> None:
    assert headings(f"Three teas:\n1. Green\n2. Black\n3. White\n\n{PROSE}") == []


def test_a_table_of_contents_is_no_row_of_stories() -> None:
    contents = "1. Green\n2. Black"

    assert headings(f"{contents}\n\n1. Green\n\n{PROSE}\n\n2. Black\n\n{PROSE}") == ["1. Green", "2. Black"]


def test_a_number_out_of_sequence_is_a_sentence() -> None:
    assert headings(f"{PROSE}\n\n12. November was cold\n\n{PROSE}") == []


def test_a_closing_section_in_title_case_is_found_after_numbered_stories() -> None:
    text = f"A Kicker In Title Case\n\n{PROSE}\n\n1. Green\n\n{PROSE}\n\nWrapping Up\n\n{PROSE}\n\nBest Wishes\n\nAna"

    assert headings(text) == ["1. Green", "Wrapping Up"]


@pytest.mark.parametrize(
    "line", ["Dear Readers", "Hi Folks", "14 November 2026", "By Ana Green", "Tea Is Good.", "Read More"]
)
def test_greetings_dates_bylines_and_sentences_head_nothing(line: str) -> None:
    assert headings(f"Green Tea\n\n{PROSE}\n\n{line}\n\n{PROSE}") == ["Green Tea"]


def test_where_no_line_is_in_title_case_short_ones_above_prose_are_headings() -> None:
    assert headings(f"Green is back\n\n{PROSE}\n\nBlack stays away\n\n{PROSE}") == ["Green is back", "Black stays away"]


def test_headings_that_the_text_marks_itself_are_kept() -> None:
    assert headings(f"## green\n{PROSE}\n\n**black**\n\n{PROSE}") == ["green", "black"]


def test_chinese_headings_are_short_lines_above_sentences() -> None:
    prose = "本周我们在汉堡读了中国的报纸，这样您就不必自己去读了；从杭州的快递柜到深圳的合唱团，一共六个故事，五分钟。"

    assert headings(f"快递柜学会等待\n\n{prose}\n\n夜市的付款码变大了\n\n{prose}") == [
        "快递柜学会等待",
        "夜市的付款码变大了",
    ]
