"""The mail as a browser shows it, at both widths and in both schemes, with axe-core's judgement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from mailer.folders import templates_folder
from mailer.issues.content import read_issue
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.theming.shelf import shipped
from mailer.tokens import Tokens
from subscribers.subscriber import Subscriber

PUBLIC_URL = "https://press.example.com"
SAMPLE = templates_folder() / "email/sample.md"
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


@pytest.fixture
def sample() -> Issue:
    return read_issue(SAMPLE.read_text(), place=SAMPLE.name, now=datetime(2026, 11, 23, 8, tzinfo=UTC))


@pytest.mark.parametrize("theme", shipped().names())
def test_every_theme_fits_and_is_accessible(
    theme: str, browser: Browser, sample: Issue, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    edition = compile_edition(replace(sample, template=theme), newsletter, public_url=PUBLIC_URL)
    html = Assembler(edition, newsletter, MailingFacts(7, 3, "weekly"), tokens, PUBLIC_URL).view(subscriber)

    for width, scheme in ((600, "light"), (375, "light"), (600, "dark"), (375, "dark")):
        page = opened(browser, html, width, scheme)
        assert page.evaluate("document.compatMode") == "CSS1Compat"
        assert page.evaluate("document.documentElement.scrollWidth") == width
        # A mail has no landmarks of its own: the mail program gives them. All else must hold.
        rules = {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}
        results = Axe().run(page, options={"rules": rules})
        assert [(found["id"], found["nodes"][0]["html"]) for found in results.response["violations"]] == []
        page.close()


def test_dark_is_dark(browser: Browser, assembler: Assembler, subscriber: Subscriber) -> None:
    page = opened(browser, assembler.view(subscriber), 600, "dark")

    grounds = page.eval_on_selector_all(".card > table", "all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert set(grounds) == {"rgb(29, 35, 36)"}
    page.close()
