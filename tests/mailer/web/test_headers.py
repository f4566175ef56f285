from __future__ import annotations

import pytest

from tests.mailer.web.conftest import Site

PAGES = ["/", "/nowhere", "/admin", "/admin/sign-in", "/admin/issues/harbour", "/admin/people", "/u/wrong", "/healthz"]


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_carries_the_protecting_headers(site: Site, path: str) -> None:
    answer = await site.admin.get(path)

    policy = answer.header("content-security-policy")
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "same-origin"
    assert answer.header("x-robots-tag") == "noindex, nofollow"
    assert answer.header("cache-control") == "no-store"


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_needs_what_its_policy_forbids(site: Site, path: str) -> None:
    text = (await site.admin.get(path)).text

    for forbidden in (" style=", "<style", "javascript:", " onclick=", "<script>", "//cdn", "http://fonts"):
        assert forbidden not in text


async def test_mail_is_shown_without_scripts_forms_or_our_origin(site: Site) -> None:
    answer = await site.admin.get("/admin/issues/harbour/preview")

    policy = answer.header("content-security-policy")
    assert answer.status == 200
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert "allow-forms" not in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


async def test_public_pages_set_no_cookie(site: Site) -> None:
    answers = [await site.visitor.get(path) for path in ("/", "/u/wrong", "/v/wrong", "/nowhere", "/admin")]

    assert all(not answer.header("set-cookie") for answer in answers)


async def test_static_files_are_named_by_their_content(site: Site) -> None:
    page = (await site.visitor.get("/")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]

    answer = await site.visitor.get(address)

    assert "?v=" in address
    assert answer.status == 200
    assert answer.header("content-type").startswith("text/css")
    assert "immutable" in answer.header("cache-control")
    assert (await site.visitor.get(address.partition("?")[0])).header("cache-control") == "no-store"


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/admin/nothing", "/static/../web/page.html", "/static/"]
)
async def test_what_is_not_ours_is_not_there(site: Site, path: str) -> None:
    answer = await site.admin.get(path)

    assert answer.status == 404
    assert not answer.header("location")


async def test_robots_are_asked_to_stay_away(site: Site) -> None:
    assert "Disallow: /" in (await site.visitor.get("/robots.txt")).text
