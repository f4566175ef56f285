"""The six themes against the reference compiler of MJML, pixel by pixel.

The reference is the npm package `mjml`, which `npm ci` in `frontend/` installs, in the version of its lock.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from mjml import mjml2html
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Route, sync_playwright

from mailer.rendering.theming.proving import prove
from mailer.rendering.theming.shelf import shipped
from tests.mailer.rendering.test_in_chromium import ARGUMENTS, CHROMIUM

REFERENCE = Path(__file__).parents[3] / "frontend/node_modules/mjml"
MOST_DIFFERENT = 0.002
"""Of all pixels."""
SEEN_APART = 16
"""Of 255: closer colours are the same to the eye."""
COMPILE = """
const mjml2html = require(process.argv[1]);
const sources = JSON.parse(require("fs").readFileSync(0, "utf8"));
const options = {fonts: {}, keepComments: true, validationLevel: "skip", minify: false};
Promise.all(sources.map(async (source) => (await mjml2html(source, options)).html))
  .then((made) => process.stdout.write(JSON.stringify(made)));
"""

SAMPLE = {("magazine", 600), ("product-update", 375)}
"""Looked at with every change: the ones with hero, columns and cards. The others take their time in `make slow`."""
ALL = [
    pytest.param(theme, width, marks=() if (theme, width) in SAMPLE else pytest.mark.slow)
    for theme in shipped().names()
    for width in (600, 375)
]

pytestmark = pytest.mark.browser
needs_reference = pytest.mark.skipif(
    not (shutil.which("node") and REFERENCE.is_dir() and CHROMIUM.exists()),
    reason="no node, no chromium, or no `npm ci` in frontend/ yet",
)


class Pair(NamedTuple):
    """The same MJML, compiled by us and by the reference, before inlining."""

    ours: str
    reference: str


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def pairs() -> Mapping[str, Pair]:
    """What every theme makes of the sample issue."""
    ours = {theme: mjml_of(theme) for theme in shipped().names()}
    by_reference = compiled_by_reference([mjml for mjml, _ in ours.values()])
    return {
        theme: Pair(html, reference) for (theme, (_, html)), reference in zip(ours.items(), by_reference, strict=True)
    }


def mjml_of(theme: str) -> tuple[str, str]:
    """Give the MJML that a theme makes of the sample issue, and the HTML that we make of that, before inlining."""
    seen: list[tuple[str, str]] = []

    def watched(mjml: str, *, fonts: dict[str, str]) -> str:
        html = str(mjml2html(mjml, fonts=fonts))
        seen.append((mjml, html))
        return html

    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr("mailer.rendering.mjml.mjml2html", watched)
        prove(theme, shipped())
    return seen[0]


def compiled_by_reference(sources: list[str]) -> list[str]:
    command = ["node", "-e", COMPILE, str(REFERENCE)]
    made = subprocess.run(command, input=json.dumps(sources).encode(), capture_output=True, timeout=60)
    assert made.returncode == 0, made.stderr.decode()
    return [str(html) for html in json.loads(made.stdout)]


def drawn(browser: Browser, html: str, width: int) -> Image.Image:
    grey = io.BytesIO()
    Image.new("RGB", (1_200, 640), "#8a9499").save(grey, "PNG")

    def answer(route: Route) -> None:
        route.fulfill(body=grey.getvalue(), content_type="image/png")

    page = browser.new_page(viewport={"width": width, "height": 900})
    page.route("**/*", answer)
    page.set_content(html)
    page.wait_for_load_state("load")
    shot = page.screenshot(full_page=True)
    page.close()
    return Image.open(io.BytesIO(shot)).convert("RGB")


def share_different(one: Image.Image, other: Image.Image) -> float:
    size = (max(one.width, other.width), max(one.height, other.height))
    canvases = [Image.new("RGB", size, "magenta"), Image.new("RGB", size, "cyan")]
    for canvas, image in zip(canvases, (one, other), strict=True):
        canvas.paste(image)
    apart = ImageChops.difference(*canvases).convert("RGB")
    bands = [band.point(lambda value: 255 if value > SEEN_APART else 0) for band in apart.split()]
    seen = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    return seen.histogram()[255] / (size[0] * size[1])


@needs_reference
@pytest.mark.parametrize(("theme", "width"), ALL)
def test_every_theme_looks_as_the_reference_compiler_makes_it(
    theme: str, width: int, browser: Browser, pairs: Mapping[str, Pair]
) -> None:
    ours, reference = (drawn(browser, html, width) for html in pairs[theme])

    share = share_different(ours, reference)

    print(f"{theme} at {width} px: {share:.3%} of the pixels differ")
    assert share <= MOST_DIFFERENT


def test_the_comparison_itself_sees_what_differs() -> None:
    one, other = Image.new("RGB", (100, 100), "white"), Image.new("RGB", (100, 100), "white")
    other.paste("black", (0, 0, 10, 10))

    assert share_different(one, one) == 0
    assert share_different(one, other) == 0.01
    assert share_different(one, Image.new("RGB", (100, 200), "white")) == 0.5
