"""A look: a theme's colours, fonts and corners, with what the newsletter wishes over them.

It may set `logo`, `logo_alt`, `logo_width`, `accent` and every other colour of the palette (`dark_accent` and so
on for dark), `font`, `heading_font`, `radius` and `footer`. Where it sets an accent and nothing else, what stands on
the accent, and the accent in the dark, are worked out so that they can be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from mailer.errors import RenderError
from mailer.issues.suggestion import did_you_mean
from mailer.rendering.theming.colour import is_colour, legible, mixed

FONTS: Mapping[str, str] = {
    "system": "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
    "serif": "Georgia, 'Times New Roman', 'Songti SC', SimSun, serif",
    "humanist": "'Gill Sans', 'Gill Sans MT', Calibri, 'Trebuchet MS', sans-serif",
    "mono": "Menlo, Consolas, 'Liberation Mono', monospace",
}
"""Stacks of fonts that machines have: no request to anybody's server, and nothing that jumps when it loads."""

_FONT = re.compile(r"[A-Za-z0-9 ,'-]{2,200}")
_LENGTH = re.compile(r"(\d{1,3})(?:px)?")
_ADDRESS = re.compile(r"https?://[^\s\"'<>]{3,1000}|asset:[0-9a-f]{32}\.[a-z]{3}")
_MOST_RADIUS, _MOST_LOGO = 32, 560


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme."""

    page: str
    card: str
    ink: str
    strong: str
    """Headings."""
    quiet: str
    """What stands back: dates, captions, the footer."""
    accent: str
    """Links and buttons."""
    on_accent: str
    tint: str
    """A ground with a breath of the accent: badges, code."""
    on_tint: str
    line: str


PALETTE_KEYS = tuple(one.name for one in fields(Palette))
LOOK_KEYS = (
    *("logo", "logo_alt", "logo_width", "font", "heading_font", "radius", "footer"),
    *PALETTE_KEYS,
    *(f"dark_{key}" for key in PALETTE_KEYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Everything that a theme needs to know besides the page."""

    light: Palette
    dark: Palette
    font: str
    heading_font: str
    radius: str
    """Of cards and pictures, with its unit."""
    logo: str = ""
    logo_alt: str = ""
    logo_width: str = "140px"
    footer_lines: tuple[str, ...] = ()

    def dressed(self, wishes: Mapping[str, str], *, place: str) -> Look:
        """Return this look as a newsletter wishes it. Raises RenderError for an unknown key or a value of no use."""
        given = {key: value.strip() for key, value in wishes.items() if value.strip()}
        for key, value in given.items():
            _check(key, value, place)
        light, dark = _palettes(self, given)
        return replace(
            self,
            light=light,
            dark=dark,
            font=_font(given.get("font", self.font)),
            heading_font=_font(given.get("heading_font", given.get("font", self.heading_font))),
            radius=_length(given.get("radius", self.radius)),
            logo=given.get("logo", self.logo),
            logo_alt=given.get("logo_alt", self.logo_alt),
            logo_width=_length(given.get("logo_width", self.logo_width)),
            footer_lines=tuple(given.get("footer", "").split("\n")) if given.get("footer") else self.footer_lines,
        )


def look_of(manifest: Mapping[str, Any], *, place: str) -> Look:
    """Return the look that a theme's manifest gives. Raises RenderError for colours that are missing or none."""
    try:
        light, dark = (Palette(**{key: manifest[scheme][key] for key in PALETTE_KEYS}) for scheme in ("light", "dark"))
        font, heading_font = manifest.get("font", "system"), manifest.get("heading_font", "")
        radius = _length(manifest.get("radius", "8px"))
    except (KeyError, TypeError, AttributeError) as error:
        raise RenderError(
            f"The theme's manifest lacks {error}.",
            place=place,
            fix=f"Give it “light” and “dark”, each with {', '.join(PALETTE_KEYS)}.",
        ) from error
    for palette in (light, dark):
        for key in PALETTE_KEYS:
            _check(key, getattr(palette, key), place)
    return Look(light=light, dark=dark, font=_font(font), heading_font=_font(heading_font or font), radius=radius)


def _palettes(look: Look, given: Mapping[str, str]) -> tuple[Palette, Palette]:
    light = {key: given[key].lower() for key in PALETTE_KEYS if key in given}
    dark = {key: given[f"dark_{key}"].lower() for key in PALETTE_KEYS if f"dark_{key}" in given}
    if "accent" in light and "accent" not in dark:
        dark["accent"] = legible(light["accent"], dark.get("card", look.dark.card))
    return _completed(look.light, light), _completed(look.dark, dark)


def _completed(palette: Palette, given: Mapping[str, str]) -> Palette:
    changed = dict(given)
    if "accent" in given:
        card = given.get("card", palette.card)
        changed.setdefault("on_accent", legible(palette.on_accent, given["accent"]))
        changed.setdefault("tint", mixed(card, given["accent"], 0.14))
        changed.setdefault("on_tint", legible(given["accent"], changed["tint"]))
    return replace(palette, **changed)


def _check(key: str, value: object, place: str) -> None:
    if key not in LOOK_KEYS:
        raise RenderError(
            f"A look has no “{key}”.",
            place=place,
            fix=did_you_mean(key, LOOK_KEYS) or f"There are: {', '.join(LOOK_KEYS)}.",
        )
    problem, fix = "", ""
    words = value if isinstance(value, str) else ""
    if key.removeprefix("dark_") in PALETTE_KEYS:
        problem, fix = ("is no colour" if not is_colour(words) else ""), "Write it as #0f5e63."
    elif key in {"font", "heading_font"}:
        problem = "" if words in FONTS or _FONT.fullmatch(words) else "is no list of fonts"
        fix = f"Write one of {', '.join(FONTS)}, or names parted by commas."
    elif key in {"radius", "logo_width"}:
        length = _LENGTH.fullmatch(words)
        most = _MOST_RADIUS if key == "radius" else _MOST_LOGO
        problem = "" if length and int(length[1]) <= most else "is no length that fits"
        fix = f"Write a number of pixels up to {most}, such as 8px."
    elif key == "logo":
        problem, fix = ("" if _ADDRESS.fullmatch(words) else "is no address"), "Give its full address, with https://."
    if problem:
        raise RenderError(f"{key}: “{str(value)[:60]}” {problem}.", place=place, fix=fix)


def _font(words: str) -> str:
    return FONTS.get(words, words)


def _length(words: str) -> str:
    return words if words.endswith("px") else f"{words}px"
