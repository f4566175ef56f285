from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.errors import RenderError
from mailer.rendering.inliner import inline

PAGE = """<!doctype html><html><head><style type="text/css">@media (max-width: 479px) { p { color: red !important } }
[data-ogsc] p { color: #eeeeee !important; }</style></head>
<body><p>a</p><img width="550" src="https://example.com/a.png" alt=""></body></html>"""


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


def test_content_css_goes_into_the_elements() -> None:
    assert '<p style="color:#112234">a</p>' in inline(PAGE, "p { color: #112234 }", place="theme")


def test_the_document_type_the_media_queries_and_the_image_widths_stay() -> None:
    page = inline(PAGE, "img { width: 100% }", place="theme")

    assert page.lower().startswith("<!doctype html")
    assert "@media (max-width: 479px) { p { color: red !important } }" in page
    assert "[data-ogsc] p { color: #eeeeee !important; }" in page
    assert 'width="550"' in page
    assert "data-premailer" not in page


def test_html_without_a_body_is_an_error_with_its_place() -> None:
    with pytest.raises(RenderError, match=r"^issue x: The HTML has no body\."):
        inline("<html>", "", place="issue x")


def test_nothing_outside_is_fetched_or_opened(trap: Trap, tmp_path: Path) -> None:
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
    )

    assert "margin:1px" in page
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
