"""Which mail programs lack what, by the facts that caniemail.com publishes.

Not everything that some program lacks stands here: what authors do write, and what then costs form or content. What
only makes a mail plainer in Outlook on Windows (round corners, say) is left out. A test holds each row to the data of
the npm package `caniemail` 2.0.2, of 13 May 2026: a program that has it on one of its platforms alone lacks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

CLIENTS: Mapping[str, str] = {
    "g": "Gmail",
    "w": "Outlook on Windows",
    "o": "Outlook.com",
    "a": "Apple Mail",
    "y": "Yahoo",
    "s": "Samsung",
}
"""The programs judged, each with its letter in the table."""


class Kind(StrEnum):
    """What kind of thing a word is, and so where it stands."""

    PROPERTY = "property"
    VALUE = "value"
    """Written `property:value`."""
    FUNCTION = "function"
    UNIT = "unit"
    AT_RULE = "at-rule"
    SELECTOR = "selector"
    ELEMENT = "element"
    ATTRIBUTE = "attribute"
    ENDING = "ending"
    """Of an image's address."""


class Fact(NamedTuple):
    """Who does not understand something, and what to write instead."""

    kind: Kind
    word: str
    feature: str
    """Its name at caniemail.com, as in `https://www.caniemail.com/features/NAME/`."""
    lacking: str
    """The letters of the programs without it."""
    instead: str
    is_partly: bool = False
    """Whether those who have only a part of the feature lack this word of it, too."""


_COLUMNS = "Use columns, or a table."
_PIXELS = "Write sizes in pixels."
_VALUE = "Write the value itself."
_SIDES = "Write each side: left, right, top, bottom."
_PLAIN = "Give a plain colour, too."
_STILL = "Use an animated GIF, or nothing."
_CUT = "Cut the image itself."
_CLASS = "Give those elements a class."
_WORDS = "Write it into the words."
_HEX = "Write the colour as #112233."
_FONTS = "Use fonts that machines have."
_IMAGE = "Draw it into an image."
_ELEMENT = "Use <div>, or a table."
_FORMAT = "Use JPEG or PNG."

FACTS: tuple[Fact, ...] = (
    Fact(Kind.PROPERTY, "align-items", "css-align-items", "gwy", _COLUMNS),
    Fact(Kind.PROPERTY, "column-count", "css-column-count", "wy", _COLUMNS),
    Fact(Kind.PROPERTY, "columns", "css-column-count", "wy", _COLUMNS),
    Fact(Kind.PROPERTY, "column-gap", "css-column-layout-properties", "wy", _COLUMNS),
    Fact(Kind.PROPERTY, "column-width", "css-column-layout-properties", "wy", _COLUMNS),
    Fact(Kind.PROPERTY, "flex-direction", "css-flex-direction", "gwy", _COLUMNS),
    Fact(Kind.PROPERTY, "flex-wrap", "css-flex-wrap", "gwy", _COLUMNS),
    Fact(Kind.PROPERTY, "float", "css-float", "w", _COLUMNS),
    Fact(Kind.PROPERTY, "gap", "css-gap", "wy", _COLUMNS),
    Fact(Kind.PROPERTY, "grid-template-columns", "css-grid-template", "gwoy", _COLUMNS),
    Fact(Kind.PROPERTY, "grid-template-rows", "css-grid-template", "gwoy", _COLUMNS),
    Fact(Kind.PROPERTY, "justify-content", "css-justify-content", "gwy", _COLUMNS),
    Fact(Kind.PROPERTY, "position", "css-position", "gw", _COLUMNS),
    Fact(Kind.PROPERTY, "z-index", "css-z-index", "gw", _COLUMNS),
    Fact(Kind.PROPERTY, "inset", "css-inset", "gwoys", _COLUMNS),
    Fact(Kind.PROPERTY, "shape-outside", "css-shape-outside", "gwoy", _COLUMNS),
    Fact(Kind.PROPERTY, "aspect-ratio", "css-aspect-ratio", "gwoys", _CUT),
    Fact(Kind.PROPERTY, "object-fit", "css-object-fit", "wy", _CUT),
    Fact(Kind.PROPERTY, "object-position", "css-object-position", "wy", _CUT),
    Fact(Kind.PROPERTY, "clip-path", "css-clip-path", "gwoy", _CUT),
    Fact(Kind.PROPERTY, "mask-image", "css-mask-image", "gwoy", _CUT),
    Fact(Kind.PROPERTY, "animation", "css-animation", "gwoy", _STILL),
    Fact(Kind.PROPERTY, "transition", "css-transition", "gwo", _STILL),
    Fact(Kind.PROPERTY, "transform", "css-transform", "gwoy", _STILL),
    Fact(Kind.PROPERTY, "backdrop-filter", "css-backdrop-filter", "gwoy", _IMAGE),
    Fact(Kind.PROPERTY, "background-blend-mode", "css-background-blend-mode", "wy", _IMAGE),
    Fact(Kind.PROPERTY, "filter", "css-filter", "gwoy", _IMAGE),
    Fact(Kind.PROPERTY, "mix-blend-mode", "css-mix-blend-mode", "wy", _IMAGE),
    Fact(Kind.PROPERTY, "border-image", "css-border-image", "gwoy", _IMAGE),
    Fact(Kind.PROPERTY, "list-style-image", "css-list-style-image", "gwoy", _IMAGE),
    Fact(Kind.PROPERTY, "box-sizing", "css-box-sizing", "wy", _PIXELS),
    Fact(Kind.PROPERTY, "inline-size", "css-inline-size", "gwoay", _PIXELS),
    Fact(Kind.PROPERTY, "block-size", "css-block-inline-size", "gwoy", _PIXELS),
    Fact(Kind.PROPERTY, "max-inline-size", "css-max-inline-size", "gwoy", _PIXELS),
    Fact(Kind.PROPERTY, "min-inline-size", "css-min-inline-size", "gwoy", _PIXELS),
    Fact(Kind.PROPERTY, "max-block-size", "css-max-block-size", "gwoy", _PIXELS),
    Fact(Kind.PROPERTY, "min-block-size", "css-min-block-size", "gwoy", _PIXELS),
    Fact(Kind.PROPERTY, "margin-inline", "css-margin-inline-block", "gwoys", _SIDES),
    Fact(Kind.PROPERTY, "margin-block", "css-margin-inline-block", "gwoys", _SIDES),
    Fact(Kind.PROPERTY, "margin-inline-start", "css-margin-inline-start-end", "gwoy", _SIDES),
    Fact(Kind.PROPERTY, "margin-inline-end", "css-margin-inline-start-end", "gwoy", _SIDES),
    Fact(Kind.PROPERTY, "margin-block-start", "css-margin-block-start-end", "gwoy", _SIDES),
    Fact(Kind.PROPERTY, "margin-block-end", "css-margin-block-start-end", "gwoy", _SIDES),
    Fact(Kind.PROPERTY, "padding-inline", "css-padding-inline-block", "gwoys", _SIDES),
    Fact(Kind.PROPERTY, "padding-block", "css-padding-inline-block", "gwoys", _SIDES),
    Fact(Kind.PROPERTY, "padding-inline-start", "css-padding-inline-start-end", "gwoy", _SIDES),
    Fact(Kind.PROPERTY, "padding-inline-end", "css-padding-inline-start-end", "gwoy", _SIDES),
    Fact(Kind.PROPERTY, "padding-block-start", "css-padding-block-start-end", "gwoy", _SIDES),
    Fact(Kind.PROPERTY, "padding-block-end", "css-padding-block-start-end", "gwoy", _SIDES),
    Fact(Kind.PROPERTY, "border-inline", "css-border-inline-block", "gwoys", _SIDES),
    Fact(Kind.PROPERTY, "border-block", "css-border-inline-block", "gwoys", _SIDES),
    Fact(Kind.PROPERTY, "background-image", "css-background-image", "w", _PLAIN),
    Fact(Kind.PROPERTY, "box-shadow", "css-box-shadow", "gwy", _PLAIN),
    Fact(Kind.PROPERTY, "text-shadow", "css-text-shadow", "gwo", _PLAIN),
    Fact(Kind.PROPERTY, "visibility", "css-visibility", "gw", _WORDS),
    Fact(Kind.VALUE, "display:flex", "css-display-flex", "w", _COLUMNS),
    Fact(Kind.VALUE, "display:inline-flex", "css-display-flex", "w", _COLUMNS),
    Fact(Kind.VALUE, "display:grid", "css-display-grid", "w", _COLUMNS),
    Fact(Kind.VALUE, "display:inline-grid", "css-display-grid", "w", _COLUMNS),
    Fact(Kind.FUNCTION, "linear-gradient", "css-linear-gradient", "woy", _PLAIN),
    Fact(Kind.FUNCTION, "radial-gradient", "css-radial-gradient", "woy", _PLAIN),
    Fact(Kind.FUNCTION, "conic-gradient", "css-conic-gradient", "gwoy", _PLAIN),
    Fact(Kind.FUNCTION, "calc", "css-unit-calc", "woy", _VALUE),
    Fact(Kind.FUNCTION, "clamp", "css-function-clamp", "woy", _VALUE),
    Fact(Kind.FUNCTION, "max", "css-function-max", "woy", _VALUE),
    Fact(Kind.FUNCTION, "min", "css-function-min", "woy", _VALUE),
    Fact(Kind.FUNCTION, "var", "css-variables", "gwoy", _VALUE),
    Fact(Kind.FUNCTION, "light-dark", "css-function-light-dark", "gwoy", _VALUE),
    Fact(Kind.FUNCTION, "rgba", "css-rgba", "w", _HEX),
    Fact(Kind.FUNCTION, "oklch", "css-modern-color", "gwoys", _HEX),
    Fact(Kind.FUNCTION, "oklab", "css-modern-color", "gwoys", _HEX),
    Fact(Kind.FUNCTION, "lch", "css-modern-color", "gwoys", _HEX),
    Fact(Kind.FUNCTION, "lab", "css-modern-color", "gwoys", _HEX),
    Fact(Kind.UNIT, "rem", "css-unit-rem", "wy", _PIXELS),
    Fact(Kind.UNIT, "vh", "css-unit-vh", "w", _PIXELS),
    Fact(Kind.UNIT, "vw", "css-unit-vw", "w", _PIXELS),
    Fact(Kind.UNIT, "vmin", "css-unit-vmin", "wy", _PIXELS),
    Fact(Kind.UNIT, "vmax", "css-unit-vmax", "wy", _PIXELS),
    Fact(Kind.UNIT, "ch", "css-unit-ch", "wy", _PIXELS),
    Fact(Kind.AT_RULE, "font-face", "css-at-font-face", "goy", _FONTS),
    Fact(Kind.AT_RULE, "keyframes", "css-at-keyframes", "gwo", _STILL),
    Fact(Kind.AT_RULE, "supports", "css-at-supports", "gwo", _VALUE),
    Fact(Kind.SELECTOR, "has", "css-pseudo-class-has", "gwoy", _CLASS),
    Fact(Kind.SELECTOR, "not", "css-pseudo-class-not", "gwoy", _CLASS),
    Fact(Kind.SELECTOR, "nth-child", "css-pseudo-class-nth-child", "gwoy", _CLASS),
    Fact(Kind.SELECTOR, "nth-of-type", "css-pseudo-class-nth-of-type", "gwoy", _CLASS),
    Fact(Kind.SELECTOR, "nth-last-child", "css-pseudo-class-nth-last-child", "gwoy", _CLASS),
    Fact(Kind.SELECTOR, "nth-last-of-type", "css-pseudo-class-nth-last-of-type", "gwoy", _CLASS),
    Fact(Kind.SELECTOR, "first-child", "css-pseudo-class-first-child", "gw", _CLASS),
    Fact(Kind.SELECTOR, "last-child", "css-pseudo-class-last-child", "gw", _CLASS),
    Fact(Kind.SELECTOR, "first-of-type", "css-pseudo-class-first-of-type", "gw", _CLASS),
    Fact(Kind.SELECTOR, "last-of-type", "css-pseudo-class-last-of-type", "gw", _CLASS),
    Fact(Kind.SELECTOR, "only-child", "css-pseudo-class-only-child", "gw", _CLASS),
    Fact(Kind.SELECTOR, "only-of-type", "css-pseudo-class-only-of-type", "gw", _CLASS),
    Fact(Kind.SELECTOR, "checked", "css-pseudo-class-checked", "gw", _CLASS),
    Fact(Kind.SELECTOR, "before", "css-pseudo-element-before", "gwy", _WORDS),
    Fact(Kind.SELECTOR, "after", "css-pseudo-element-after", "gwy", _WORDS),
    Fact(Kind.SELECTOR, "marker", "css-pseudo-element-marker", "gwo", _WORDS),
    Fact(Kind.SELECTOR, "first-letter", "css-pseudo-element-first-letter", "gw", _WORDS),
    Fact(Kind.SELECTOR, "first-line", "css-pseudo-element-first-line", "gw", _WORDS),
    Fact(Kind.ELEMENT, "section", "html-semantics", "wy", _ELEMENT),
    Fact(Kind.ELEMENT, "article", "html-semantics", "wy", _ELEMENT),
    Fact(Kind.ELEMENT, "header", "html-semantics", "wy", _ELEMENT),
    Fact(Kind.ELEMENT, "footer", "html-semantics", "wy", _ELEMENT),
    Fact(Kind.ELEMENT, "figure", "html-semantics", "wy", _ELEMENT),
    Fact(Kind.ELEMENT, "figcaption", "html-semantics", "wy", _ELEMENT),
    Fact(Kind.ELEMENT, "main", "html-semantics", "gwoy", _ELEMENT, is_partly=True),
    Fact(Kind.ELEMENT, "nav", "html-semantics", "gwoy", _ELEMENT, is_partly=True),
    Fact(Kind.ATTRIBUTE, "srcset", "html-srcset", "gwoy", _CUT),
    Fact(Kind.ATTRIBUTE, "hidden", "html-hidden", "gwoy", _WORDS),
    Fact(Kind.ENDING, "svg", "image-svg", "g", _FORMAT),
    Fact(Kind.ENDING, "webp", "image-webp", "w", _FORMAT),
    Fact(Kind.ENDING, "avif", "image-avif", "w", _FORMAT),
    Fact(Kind.ENDING, "heic", "image-heif", "wos", _FORMAT),
    Fact(Kind.ENDING, "heif", "image-heif", "wos", _FORMAT),
    Fact(Kind.ENDING, "tif", "image-tiff", "woys", _FORMAT),
    Fact(Kind.ENDING, "tiff", "image-tiff", "woys", _FORMAT),
    Fact(Kind.ENDING, "ico", "image-ico", "w", _FORMAT),
    Fact(Kind.ENDING, "apng", "image-apng", "gw", _FORMAT),
    Fact(Kind.ENDING, "mp4", "image-mp4", "gws", _FORMAT),
)

# `rgb(0 0 0 / 50%)`: Gmail drops the whole style with it. Of #11223380, which means the same, there are no data.
TRANSPARENT_COLOUR = Fact(Kind.FUNCTION, "rgb", "css-rgb", "gwy", _HEX, is_partly=True)
