from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from mailer.web.guard import is_from_here

HOST = "press.example.com"


@pytest.mark.parametrize(
    ("method", "path", "headers", "may_go_on"),
    [
        ("GET", "/admin", {}, True),
        ("HEAD", "/admin", {"sec-fetch-site": "cross-site"}, True),
        ("OPTIONS", "/admin", {"origin": "https://evil.example"}, True),
        ("POST", "/admin", {"sec-fetch-site": "same-origin"}, True),
        ("POST", "/admin", {"sec-fetch-site": "none"}, True),
        ("POST", "/admin", {"sec-fetch-site": "same-site"}, False),
        ("POST", "/admin", {"sec-fetch-site": "cross-site"}, False),
        ("POST", "/admin", {"sec-fetch-site": "cross-site", "origin": f"https://{HOST}"}, False),
        ("POST", "/admin", {"sec-fetch-site": "nonsense"}, False),
        ("POST", "/admin", {"origin": f"https://{HOST}"}, True),
        ("POST", "/admin", {"origin": f"http://{HOST}"}, True),
        ("POST", "/admin", {"origin": "https://evil.example"}, False),
        ("POST", "/admin", {"origin": f"https://{HOST}.evil.example"}, False),
        ("POST", "/admin", {"origin": f"https://{HOST}:444"}, False),
        ("POST", "/admin", {"origin": "null"}, False),
        ("POST", "/admin", {"referer": f"https://{HOST}/admin"}, False),
        ("POST", "/admin", {}, False),
        ("DELETE", "/admin", {}, False),
        ("PUT", "/admin", {"sec-fetch-site": "cross-site"}, False),
        ("POST", "/u/token", {}, True),
        ("POST", "/u/token", {"sec-fetch-site": "cross-site", "origin": "null"}, True),
        ("POST", "/us", {}, False),
        ("POST", "/admin/u/", {}, False),
    ],
)
def test_only_this_sites_own_pages_may_change_something(
    method: str, path: str, headers: dict[str, str], *, may_go_on: bool
) -> None:
    assert is_from_here(method, path, Headers({"host": HOST} | headers)) is may_go_on


def test_an_origin_without_a_host_header_is_refused() -> None:
    assert not is_from_here("POST", "/admin", Headers({"origin": "https://press.example.com"}))
