"""What a page puts around a newsletter."""

from __future__ import annotations

import pytest

from mailer.issues.pagechrome import is_chrome, without_chrome
from mailer.issues.plaintext import Line


@pytest.mark.parametrize(
    "line",
    [
        "top of page",
        "Bottom of Page",
        "• Writer's pictureTea Desk",
        "Writer’s picture",
        "Author photo: Ana",
        "profile picture",
        "Nov 3 · 4 min read",
        "3 min read",
        "12 views 0 comments",
        "Skip to main content",
        "View this email in your browser",
        "View in browser",
        "Having trouble viewing this email?",
        "Unsubscribe",
        "Unsubscribe | Update your preferences | Privacy Policy",
        "You are receiving this email because you signed up at our shop.",
        "© 2026 Tea Desk",
        "Tea Desk Ltd. All rights reserved.",
        "Share on Facebook",
        "Facebook • Twitter • LinkedIn",
        "[image: a pot]",
        "阅读原文",
    ],
)
def test_chrome_is_known(line: str) -> None:
    assert is_chrome(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Tea",
        "The top of page one was printed in green.",
        "Profile Picture Rules Tightened Across Platforms",
        "Writers picture the future of tea in a new book",
        "She asked us to share on Friday what we had learned, and so we do.",
        "Reading this takes 3 minutes",
        "More Tea in Fewer Cups",
        "The Copyright Office has answered at last",
        "You can unsubscribe from the tea club whenever you like.",
    ],
)
def test_words_that_only_look_like_chrome_stay(line: str) -> None:
    assert not is_chrome(line)


def test_what_is_left_out_is_told_and_leaves_a_blank_line() -> None:
    lines = [Line(1, "Top of page"), Line(2, "Tea"), Line(3, "Share"), Line(4, "Milk")]

    kept, left_out = without_chrome(lines)

    assert kept == [Line(1, ""), Line(2, "Tea"), Line(3, ""), Line(4, "Milk")]
    assert left_out == [Line(1, "Top of page"), Line(3, "Share")]
