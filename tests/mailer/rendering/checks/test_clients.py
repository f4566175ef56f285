from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mailer.rendering.checks.clientfacts import CLIENTS, FACTS, TRANSPARENT_COLOUR, Fact, Kind
from mailer.rendering.checks.clients import image_flaw, markup_flaws

DATA = Path(__file__).parents[4] / "frontend/node_modules/caniemail/data/caniemail.json"
PLATFORMS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "g": (("gmail", "desktop-webmail"), ("gmail", "ios"), ("gmail", "android")),
    "w": (("outlook", "windows"),),
    "o": (("outlook", "outlook-com"),),
    "a": (("apple-mail", "macos"), ("apple-mail", "ios")),
    "y": (("yahoo", "desktop-webmail"),),
    "s": (("samsung-email", "android"),),
}
WRITTEN: Mapping[Kind, str] = {
    Kind.PROPERTY: '<p style="color: #111111; {}: 1">a</p>',
    Kind.VALUE: "<p style='{}'>a</p>",
    Kind.FUNCTION: '<p style="width: {}(1)">a</p>',
    Kind.UNIT: "<mj-style>p {{ margin: -1.5{} }}</mj-style>",
    Kind.AT_RULE: "<style>@{} x {{ p {{ margin: 1px }} }}</style>",
    Kind.SELECTOR: "<style>p:{} {{ color: #111111 }}</style>",
    Kind.ELEMENT: "<{}>a</b>",
    Kind.ATTRIBUTE: '<b class="a" {}="a">a</b>',
}


def judged(source: str) -> list[tuple[int, str]]:
    return [(line, flaw.message) for line, flaw in markup_flaws(source)]


def named(fact: Fact) -> str:
    *others, last = (CLIENTS[letter] for letter in fact.lacking)
    return f"is not understood by {', '.join(others)}{' and ' if others else ''}{last}."


@pytest.fixture(scope="module")
def features() -> Mapping[str, Any]:
    return {feature["slug"]: feature["stats"] for feature in json.loads(DATA.read_text())["data"]}


@pytest.mark.skipif(not DATA.is_file(), reason="no `npm ci` in frontend/ yet")
def test_every_verdict_agrees_with_the_data_of_caniemail(features: Mapping[str, Any]) -> None:
    wrong = {}
    for fact in (*FACTS, TRANSPARENT_COLOUR):
        lacks = {"n", "a"} if fact.is_partly else {"n"}
        by = "".join(name for name in CLIENTS if lacks & set(newest(features[fact.feature], name)))
        if by != fact.lacking:
            wrong[fact.word] = f"{fact.lacking}, but by the data {by}"

    assert not wrong


def newest(stats: Mapping[str, Any], client: str) -> Iterator[str]:
    """Give the verdict on each platform's newest version: y(es), n(o), a(lmost) or u(nknown)."""
    for family, platform in PLATFORMS[client]:
        if verdicts := stats.get(family, {}).get(platform):
            yield list(verdicts.values())[-1][0]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.kind}-{fact.word}")
def test_every_row_finds_what_it_is_about(fact: Fact) -> None:
    if fact.kind is Kind.ENDING:
        flaw = image_flaw(f"https://example.com/a.{fact.word.upper()}?size=2")
        assert flaw
        assert flaw.message.endswith(named(fact))
    else:
        found = judged("\n" + WRITTEN[fact.kind].format(fact.word))

        assert len(found) == 1
        assert found[0][0] == 2
        assert fact.word in found[0][1].replace(": ", ":")
        assert found[0][1].endswith(named(fact))


@pytest.mark.parametrize("colour", ["#11223344", "rgb(1 2 3 / 50%)"])
def test_colours_that_are_partly_transparent(colour: str) -> None:
    assert judged(f'<p\nstyle="color: {colour}">a</p>') == [(2, f"“{colour}” {named(TRANSPARENT_COLOUR)}")]


@pytest.mark.parametrize(
    "source",
    [
        "<p>Our position: firm. We float: a boat, for max(3) of 2vw; see @font-face and p:hover {</p>",
        "<!-- <nav hidden> <p style='display:flex'> -->",
        '<p style="text-transform: uppercase; -webkit-transform-x: 1; width: 2em; color: #112233">a</p>',
        '<mj-text css-class="float" font-size="1rem">a</mj-text>',
        "<style>.visibility, .navy > p { margin: 1em 2% }</style>",
        '<td style="border-radius: 4px; max-width: 600px"><navigator></td>',
    ],
)
def test_words_comments_and_what_only_looks_alike_are_not_judged(source: str) -> None:
    assert judged(source) == []


def test_many_openings_of_what_is_never_closed_are_judged_soon() -> None:
    assert judged("<style>" * 2_000 + " style='" * 2_000) == []


@pytest.mark.parametrize("address", ["https://example.com/a.png", "https://example.com/svg", "https://[", "a.svg.jpg"])
def test_images_that_everybody_can_see(address: str) -> None:
    assert image_flaw(address) is None
