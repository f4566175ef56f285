from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.errors import RenderError
from mailer.rendering.theming.colour import ENOUGH, contrast, legible, mixed
from mailer.rendering.theming.shelf import shipped

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("ink", "ground", "expected"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#fff", "#FFF", 1.0)]
)
def test_contrast_is_that_of_wcag(ink: str, ground: str, expected: float) -> None:
    assert contrast(ink, ground) == pytest.approx(expected, abs=0.01)


def test_a_mix_lies_in_between() -> None:
    assert mixed("#000000", "#ffffff", 0.5) == "#808080"


@given(COLOURS, COLOURS)
def test_any_ink_can_be_made_legible_on_any_ground(ink: str, ground: str) -> None:
    assert contrast(legible(ink, ground), ground) >= ENOUGH


@settings(max_examples=50)
@given(COLOURS)
def test_a_look_of_any_accent_can_be_read_in_the_dark_and_on_its_buttons(accent: str) -> None:
    look = shipped().theme("digest").look.dressed({"accent": accent}, place="look")

    assert look.light.accent == accent
    assert contrast(look.light.on_accent, look.light.accent) >= ENOUGH
    assert contrast(look.light.on_tint, look.light.tint) >= ENOUGH
    assert contrast(look.dark.accent, look.dark.card) >= ENOUGH
    assert contrast(look.dark.on_accent, look.dark.accent) >= ENOUGH


def test_a_newsletter_sets_logo_fonts_corners_and_footer() -> None:
    wishes = {
        "logo": "https://example.com/logo.png",
        "logo_width": "90",
        "font": "serif",
        "radius": "0",
        "footer": "One\nTwo",
        "accent": "",
    }

    look = shipped().theme("digest").look.dressed(wishes, place="look")

    assert (look.logo_width, look.radius, look.footer_lines) == ("90px", "0px", ("One", "Two"))
    assert look.font.startswith("Georgia")
    assert look.light == shipped().theme("digest").look.light


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"acent": "#123456"}, "Did you mean “accent”"),
        ({"accent": "red"}, "is no colour"),
        ({"accent": '#123456" onload="x'}, "is no colour"),
        ({"font": "Arial; } body { background: url(x)"}, "no list of fonts"),
        ({"radius": "99px"}, "no length"),
        ({"logo": "javascript:alert(1)"}, "no address"),
        ({"logo": 'https://e.example/"x'}, "no address"),
    ],
)
def test_a_look_of_no_use_is_an_error(wishes: dict[str, str], message: str) -> None:
    with pytest.raises(RenderError, match=message):
        shipped().theme("digest").look.dressed(wishes, place="newsletter a, look")
