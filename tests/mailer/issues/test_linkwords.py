"""What stands in pasted text where a link was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.issues.linkwords import button_words, is_bare_link, says_no_more


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("For the details of the spring report, click here.", "Read the spring report"),
        ("To learn more about tea, click here.", "Learn more about tea"),
        ("Click here to download the guide.", "Download the guide"),
        ("If you missed our webinar, click below!", "Watch the webinar"),
        ("Our new podcast is out: tap this link.", "Listen to the new podcast"),
        ("You can hear the new episode if you press the button below", "Listen to the new episode"),
        ("Read the full story here.", "Read the full story"),
        ("Register for the tasting: https://example.com/tasting", "Register for the tasting"),
        ("Download the study", "Download the study"),
        ("Please take the survey here", "Take the survey"),
        ("Subscribe here", "Subscribe here"),
        ("Register below!", "Register below"),
        ("Want more? Click here", "Read more"),
        ("Click here to see the programme of the conference of the association of tea growers", "See the conference"),
    ],
)
def test_a_request_to_follow_a_link_gives_a_buttons_words(words: str, label: str) -> None:
    assert button_words(words) == label


@pytest.mark.parametrize(
    "words",
    [
        "",
        "The report says that tea is good.",
        "Read.",
        "Reading is fun",
        "Watch out for the new rules, which come into force in May and apply to every shop that sells loose tea.",
        "https://example.com/report",
        "We are here.",
        f"{'A long paragraph about tea. ' * 12}To read on, click here.",
    ],
)
def test_other_words_give_none(words: str) -> None:
    assert button_words(words) is None


@pytest.mark.parametrize(
    "words", ["Read more", "READ MORE »", "[Read more]", "Continue reading…", "Learn more →", "Click here."]
)
def test_a_bare_link_says_nothing_without_its_address(words: str) -> None:
    assert is_bare_link(words)
    assert button_words(words) in {None, "Read more"}


def test_a_sentence_that_is_the_button_need_not_stand_above_it() -> None:
    assert says_no_more("Read the full story here: https://example.com/story", "Read the full story")
    assert not says_no_more("To delve into the full story, click here.", "Read the full story")


@given(st.text())
def test_any_words_have_an_answer(words: str) -> None:
    label = button_words(words)

    assert label is None or 0 < len(label) <= 40
