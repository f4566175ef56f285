"""The mail as a browser shows it, at both widths and in both schemes, with axe-core's judgement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from mailer.rendering.message import Assembler
from subscribers.subscriber import Subscriber

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium here")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def opened(browser: Browser, html: str, width: int, scheme: str) -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [600, 375])
def test_a_mail_fits_and_is_accessible(
    browser: Browser, assembler: Assembler, subscriber: Subscriber, width: int, scheme: str
) -> None:
    page = opened(browser, assembler.view(subscriber), width, scheme)

    assert page.evaluate("document.compatMode") == "CSS1Compat"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # A mail has no landmarks of its own: the mail program gives them. All else must hold.
    results = Axe().run(
        page, options={"rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}}
    )
    assert [(found["id"], found["nodes"][0]["html"]) for found in results.response["violations"]] == []
    page.close()


def test_dark_is_dark(browser: Browser, assembler: Assembler, subscriber: Subscriber) -> None:
    page = opened(browser, assembler.view(subscriber), 600, "dark")

    grounds = page.eval_on_selector_all(".card > table", "all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert set(grounds) == {"rgb(29, 35, 36)"}
    page.close()
