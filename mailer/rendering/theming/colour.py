"""Sums with colours: how well one stands out from another (WCAG 2.2 §1.4.3), and colours in between."""

from __future__ import annotations

import re

ENOUGH = 4.5
"""The least contrast of text that everybody can read."""

_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


def is_colour(words: str) -> bool:
    """Whether the words are a colour such as #0f5e63."""
    return _COLOUR.fullmatch(words) is not None


def channels(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue, 0 to 255."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def contrast(ink: str, ground: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(ink), _luminance(ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """Return a colour with a share (0 to 1) of another in it."""
    pairs = zip(channels(colour), channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def legible(ink: str, ground: str) -> str:
    """Return the ink, taken so far towards black or white that it can be read on the ground."""
    towards = max(("#000000", "#ffffff"), key=lambda end: contrast(end, ground))
    for step in range(21):
        candidate = mixed(ink, towards, step / 20)
        if contrast(candidate, ground) >= ENOUGH:
            return candidate
    return towards


def _luminance(colour: str) -> float:
    parts = [channel / 255 for channel in channels(colour)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
