from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import lxml.html
import pytest

from mailer.errors import ConfigError, RenderError
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.filling import shown_cases
from mailer.rendering.frame import body_template
from mailer.rendering.inliner import inline
from mailer.rendering.quoted import decode
from mailer.rendering.theming.proving import sample_issue, sample_newsletter
from mailer.rendering.theming.shelf import shelf_with, shipped
from mailer.settings import Inliner, load_settings

PAGE = """<!doctype html><html><head><style type="text/css">@media (max-width: 479px) { p { color: red !important } }
[data-ogsc] p { color: #eeeeee !important; }</style></head>
<body><p>a</p><img width="550" src="https://example.com/a.png" alt=""></body></html>"""


INLINERS = [
    Inliner.PREMAILER,
    pytest.param(
        Inliner.CSS_INLINE,
        marks=pytest.mark.skipif(find_spec("css_inline") is None, reason="css-inline is not installed here"),
    ),
]
both = pytest.mark.parametrize("inliner", INLINERS)
DECLARATION = re.compile(r"\s*([\w-]+)\s*:\s*(.*?)\s*(?:;|$)", re.DOTALL)


class Trap:
    """A server that only counts who calls."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.calls = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.calls += 1
            connection.close()


@pytest.fixture
def trap() -> Iterator[Trap]:
    trap = Trap()
    yield trap
    trap.listener.close()


@both
def test_content_css_goes_into_the_elements(inliner: Inliner) -> None:
    page = inline(PAGE, "p { color: #112234 }", place="theme", inliner=inliner)

    assert re.search(r'<p style="color: ?#112234;?">a</p>', page)


@both
def test_the_document_type_the_media_queries_and_the_image_widths_stay(inliner: Inliner) -> None:
    page = inline(PAGE, "img { width: 100% }", place="theme", inliner=inliner)

    assert page.lower().startswith("<!doctype html")
    assert "@media (max-width: 479px) { p { color: red !important } }" in page
    assert "[data-ogsc] p { color: #eeeeee !important; }" in page
    assert 'width="550"' in page
    assert "data-premailer" not in page
    assert "data-css-inline" not in page


def looks(html: str) -> list[tuple[str, dict[str, str], str]]:
    """Give each element of the body with its declarations, the last of a name counting, and what sizes it."""
    body = lxml.html.document_fromstring(html).find("body")
    assert body is not None
    return [
        (
            str(element.tag),
            {name: spelt(value) for name, value in DECLARATION.findall(element.get("style", ""))},
            f"{element.get('width')} {element.get('bgcolor')} {element.get('align')}",
        )
        for element in body.iter()
        if isinstance(element.tag, str) and element.tag != "tbody"
    ]


def spelt(value: str) -> str:
    """Spell a value in the one of its ways that premailer chooses."""
    value = re.sub(r"#(\w)(\w)(\w)\b", r"#\1\1\2\2\3\3", value)
    return value.replace(", ", ",").replace('"', "'")


@pytest.mark.skipif(find_spec("css_inline") is None, reason="css-inline is not installed here")
@pytest.mark.parametrize("theme", shipped().names())
def test_both_inliners_give_every_element_the_same_declarations(theme: str, tmp_path: Path) -> None:
    ours, other = (
        compile_edition(sample_issue(theme), sample_newsletter(), public_url="https://press.example.com", shelf=shelf)
        for shelf in (shelf_with(tmp_path), shelf_with(tmp_path, Inliner.CSS_INLINE))
    )

    seen = looks(whole_of(ours))

    assert len([style for _, style, _ in seen if style]) > 50
    assert looks(whole_of(other)) == seen


@both
def test_an_authors_own_html_keeps_its_style_sheet_and_its_links(inliner: Inliner, tmp_path: Path) -> None:
    source = (
        "<html><head><style>p { color: #112234 }</style></head><body><p>Caf\u00e9 & {{ subscriber.first_name }}</p>"
        '<a href="{{ unsubscribe_url }}">Leave</a></body></html>'
    )
    issue = replace(sample_issue(), source=source, format="html", template="")

    edition = compile_edition(
        issue, sample_newsletter(), public_url="https://press.example.com", shelf=shelf_with(tmp_path, inliner)
    )

    html = whole_of(edition)
    assert html.lower().startswith("<!doctype html>")
    assert "<style>p { color: #112234 }</style>" in html
    assert "<p>Caf\u00e9 &amp; " in html
    assert {edition.holes[index].name for index in edition.html.holes} >= {"subscriber.first_name", "unsubscribe"}


def whole_of(edition: Edition) -> str:
    return decode(body_template(edition.html, shown_cases(edition.cases, 0)))


def test_an_inliner_that_is_not_installed_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "css_inline", None)

    with pytest.raises(ConfigError, match=r"pip install 'pressrun\[css-inline\]'"):
        load_settings(inliner="css-inline")


def test_html_without_a_body_is_an_error_with_its_place() -> None:
    with pytest.raises(RenderError, match=r"^issue x: The HTML has no body\."):
        inline("<html>", "", place="issue x")


@both
def test_nothing_outside_is_fetched_or_opened(inliner: Inliner, trap: Trap, tmp_path: Path) -> None:
    secret = tmp_path / "secret.css"
    secret.write_text("p { color: #010203 }")
    url = f"http://127.0.0.1:{trap.port}"
    head = (
        f'<link rel="stylesheet" href="{url}/a.css"><link rel="stylesheet" href="{secret}">'
        f'<link rel="stylesheet" href="file://{secret}"><style>@import url({url}/b.css);</style>'
        f"<style>@import url(file://{secret}); p {{ background: url({url}/c.png) }}</style>"
    )

    page = inline(
        PAGE.replace("<head>", f"<head>{head}"),
        f"@import url({url}/d.css); @import url(file://{secret}); p {{ margin: 1px }}",
        place="theme",
        inliner=inliner,
    )

    assert re.search("margin: ?1px", page)
    assert "#010203" not in page
    assert trap.calls == 0


def test_many_threads_may_inline_at_once() -> None:
    pages: list[str] = []

    def work(colour: str) -> None:
        pages.extend(inline(PAGE, f"p {{ color: {colour} }}", place="theme") for _ in range(10))

    threads = [threading.Thread(target=work, args=(f"#1122{number:02d}",)) for number in range(34, 38)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted({page.count("color:#1122") for page in pages}) == [1]
    assert len(pages) == 40
