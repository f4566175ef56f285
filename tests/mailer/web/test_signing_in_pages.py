from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from mailer.web.admin import ROUTERS
from subscribers.storage import Redis
from tests.mailer.web.conftest import Site, Visitor, moved_in, running


def admin_addresses() -> Iterator[tuple[str, str]]:
    """Yield every method and address under /admin that needs a session, with 1 for every number or name in it."""
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, BaseRoute)
            assert isinstance(route, APIRoute)
            path = "/".join("1" if part.startswith("{") else part for part in route.path.split("/"))
            for method in sorted(route.methods or ()):
                yield method, f"/admin{path}"


async def test_every_admin_page_needs_a_session(site: Site) -> None:
    addresses = list(admin_addresses())

    answers = {
        (method, path): await site.visitor.ask(method, path, headers={"sec-fetch-site": "same-origin"})
        for method, path in addresses
    }

    assert len(addresses) > 20
    assert {(answer.status, "one-time link" in answer.text) for answer in answers.values()} == {(401, True)}


async def test_every_admin_form_refuses_another_site(site: Site) -> None:
    posts = [path for method, path in admin_addresses() if method == "POST"]

    answers = [await site.admin.post(path, headers={"sec-fetch-site": "cross-site"}) for path in posts]

    assert len(posts) > 5
    assert {answer.status for answer in answers} == {403}


async def test_opening_the_link_signs_nobody_in_and_spends_nothing(site: Site) -> None:
    path = await site.sign_in_path()
    browser = Visitor(site.port)

    for _ in range(5):
        assert (await browser.get(path)).status == 200

    assert browser.cookie == ""
    assert (await browser.post(path)).status == 303
    assert (await browser.get("/admin")).status == 200


async def test_a_used_link_says_so(site: Site) -> None:
    path = await site.sign_in_path()
    await Visitor(site.port).post(path)

    late = Visitor(site.port)
    posted, opened = await late.post(path), await late.get(path)

    assert [posted.status, opened.status] == [410, 410]
    assert "does not work any more" in posted.text
    assert "pressrun init" in posted.text
    assert late.cookie == ""


async def test_another_site_cannot_sign_a_browser_in(site: Site) -> None:
    browser = Visitor(site.port)

    answer = await browser.post(await site.sign_in_path(), headers={"origin": "https://evil.example"})

    assert answer.status == 403
    assert browser.cookie == ""


async def test_the_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    answer = await Visitor(site.port).post(await site.sign_in_path())

    cookie = answer.header("set-cookie").lower()
    assert cookie.startswith("pressrun=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie
    # The site is on http: a Secure cookie would not come back.
    assert "secure" not in cookie


async def test_on_https_the_cookie_is_bound_to_this_host(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    with running(tmp_path, redis_url, public_url="https://press.example.com") as house:
        site = await moved_in(house, redis)
        answer = await Visitor(site.port).post(await site.sign_in_path())

    cookie = answer.header("set-cookie")
    assert cookie.startswith("__Host-pressrun=")
    assert "Secure" in cookie
    assert answer.header("strict-transport-security")


async def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    stolen = Visitor(site.port, cookie=site.admin.cookie)
    assert (await stolen.get("/admin")).status == 200

    out = await site.admin.post("/admin/sign-out")

    assert out.status == 303
    assert (await stolen.get("/admin")).status == 401


@pytest.mark.parametrize("cookie", ["pressrun=", "pressrun=x", "pressrun=" + "A" * 43, "other=1", "pressrun"])
async def test_a_made_up_cookie_opens_nothing(site: Site, cookie: str) -> None:
    assert (await Visitor(site.port, cookie=cookie).get("/admin")).status == 401
