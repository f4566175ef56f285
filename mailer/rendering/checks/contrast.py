"""Whether words can be read on their ground (WCAG 2.2 §1.4.3): a look's colours, and those in an author's markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.rendering.linkcheck import Flaw
from mailer.rendering.mjml import ATTRIBUTE, PART
from mailer.rendering.theming.colour import ENOUGH, contrast, is_colour
from mailer.rendering.theming.look import Look

PAIRS = (
    *(("ink", "card"), ("ink", "page"), ("strong", "card"), ("strong", "page"), ("quiet", "card"), ("quiet", "page")),
    *(("accent", "card"), ("accent", "page"), ("on_accent", "accent"), ("on_tint", "tint")),
)
"""Ink and ground, by their names in a palette: every pair that the themes put on each other."""

_INK = re.compile(r"(?:^|;)\s*color\s*:\s*(#[0-9a-fA-F]+)\b")
_GROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*(#[0-9a-fA-F]+)\b")


def look_flaws(look: Look) -> Iterator[Flaw]:
    """Judge a theme as a newsletter wishes it, in light and in dark."""
    for scheme, palette, prefix in (("light", look.light, ""), ("dark", look.dark, "dark_")):
        for ink, ground in PAIRS:
            ratio = contrast(getattr(palette, ink), getattr(palette, ground))
            if ratio < ENOUGH:
                yield _flaw(f"In the {scheme} scheme, {prefix}{ink} on {prefix}{ground}", ratio)


def markup_flaws(source: str) -> Iterator[tuple[int, Flaw]]:
    """Judge every element of markup that says both its ink and its ground. Gives the line, too."""
    for match in PART.finditer(source):
        if match["verbatim"] or match["closing"]:
            continue
        attributes = {name.lower(): value.strip("\"'") for name, value in ATTRIBUTE.findall(match["attributes"])}
        style = attributes.get("style", "")
        ink = _INK.search(style)
        ground = _GROUND.search(style)
        pair = (
            ink[1] if ink else attributes.get("color", ""),
            ground[1] if ground else attributes.get("background-color", attributes.get("bgcolor", "")),
        )
        if all(map(is_colour, pair)) and (ratio := contrast(*pair)) < ENOUGH:
            line = 1 + source.count("\n", 0, match.start())
            yield line, _flaw(f"{pair[0]} on {pair[1]} in <{match['name']}>", ratio)


def _flaw(what: str, ratio: float) -> Flaw:
    return Flaw(
        is_blocking=False,
        rule="contrast",
        message=f"{what} has a contrast of {ratio:.1f} to 1; many people cannot read less than {ENOUGH}.",
        fix="Take one of the two colours further towards black or white.",
    )
