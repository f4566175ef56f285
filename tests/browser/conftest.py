"""Debian's Chromium, and a site for it to visit."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.mailer.web.conftest import house as house
from tests.mailer.web.conftest import site as site

_CHROMIUM = Path("/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium_program() -> Path:
    if not _CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{_CHROMIUM} is missing, and here it must not be")
        pytest.skip(f"there is no {_CHROMIUM}")
    return _CHROMIUM


@pytest.fixture
async def chromium(chromium_program: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_program, args=_ARGUMENTS)
        yield browser
        await browser.close()
