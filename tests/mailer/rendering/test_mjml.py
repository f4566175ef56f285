from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.errors import RenderError
from mailer.rendering.mjml import normalised, to_html

# What XML can hold (mrml and libxml2 refuse the rest; `reading` takes it out of issues).
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


def mail(inner: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column>{inner}</mj-column></mj-section></mj-body></mjml>"


@given(alt=WORDS)
@example(alt="a family \U0001f468\u200d\U0001f469\u200d\U0001f467, a heart ❤\ufe0f")
@example(alt="1\u202f000\xa0€ \u3000 می\u200cخواهم é \\ \" ' < > & \u200f \xad")
def test_any_words_come_out_of_an_attribute_as_they_went_in(alt: str) -> None:
    page = to_html(mail(f'<mj-image src="https://example.com/a.png" alt="{html.escape(alt)}" />'), place="theme")

    found = re.search(r'<img[^>]*?\balt="([^"]*)"', page)
    assert found
    assert html.unescape(found[1]) == html.unescape(html.escape(alt))


def test_quotes_line_ends_and_backslashes_do_not_end_a_style_early() -> None:
    page = to_html(
        mail("<mj-text><p style='color: #112233;\n  font-family: \"Segoe UI\"' title=plain>a</p></mj-text>"), place="t"
    )

    assert "color: #112233; font-family: &#34;Segoe UI&#34;" in page
    assert 'title="plain"' in page


def test_a_zero_without_a_unit_counts_as_no_padding() -> None:
    image = '<mj-image src="https://example.com/a.png" alt="" width="150px" padding="0 25px" />'

    assert 'padding="0px 25px"' in normalised(image)
    assert 'width="150"' in to_html(mail(image), place="theme")


def test_comments_and_style_sheets_stay_as_they_are() -> None:
    text = "<!-- a='1' --><mj-style>a[href='x'] > b { padding: 0 }</mj-style><style type='a'>b{}</style>"

    assert normalised(text) == text


def test_no_web_font_is_ever_asked_for() -> None:
    page = to_html(mail('<mj-text font-family="Ubuntu, Roboto">a</mj-text>'), place="theme")

    assert "fonts.googleapis.com" not in page
    assert "@import" not in page


@pytest.mark.parametrize(
    ("mjml", "reason"),
    [
        ("", "unable to find mjml element"),
        ("<html></html>", "cannot be read"),
        (mail("\n<mj-text><p>a</mj-text>"), "near “</mj-text>.*”, line 2"),
        (mail("\n\n<mj-text>a < b</mj-text>"), "near “< b</mj-text>.*”, line 3"),
        ("<mjml>\n<mj-body>", "near “<mj-body>”, line 2"),
        (mail('<mj-include path="x.mjml" />'), "mj-include"),
        (mail("<mj-text>" + "<b>" * 10_000 + "</b>" * 10_000 + "</mj-text>"), "nested"),
        (mail("<mj-text>" + "a" * 600_000 + "</mj-text>"), "KB"),
    ],
)
def test_what_mrml_cannot_take_is_an_error_that_names_the_file(mjml: str, reason: str) -> None:
    with pytest.raises(RenderError, match=reason) as caught:
        to_html(mjml, place="templates/email/digest.mjml")

    assert caught.value.place == "templates/email/digest.mjml"
    assert caught.value.fix
