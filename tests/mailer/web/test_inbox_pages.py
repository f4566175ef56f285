from __future__ import annotations

import shutil

import pytest

from mailer import clock
from tests.mailer.web.conftest import Site

MESSAGE = (
    b"From: The Daily <daily@news.example.com>\r\nTo: ana@example.com\r\nSubject: =?utf-8?b?5L2g5aW9?= there\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x7\r\n\r\n"
    b"--x7\r\nContent-Type: text/plain\r\n\r\nHello Ana.\r\n"
    b"--x7\r\nContent-Type: text/html\r\n\r\n<h1>Hello</h1><script>alert(1)</script>\r\n--x7--\r\n"
)


def keep(site: Site, raw: bytes = MESSAGE, recipient: str = "ana@example.com") -> str:
    return site.inbox.keep(raw, "b+x@bounces.news.example.com", [recipient], clock.now())


async def test_messages_are_listed_and_found(site: Site) -> None:
    keep(site)
    keep(site, recipient="ben@example.com")

    everything = (await site.admin.get("/admin/inbox")).text
    found = (await site.admin.get("/admin/inbox?search=ben@")).text

    assert everything.count("你好 there") == 2
    assert found.count("你好 there") == 1
    assert "2 messages were caught here" in everything


async def test_a_message_is_shown_in_every_form(site: Site) -> None:
    name = keep(site)

    page = (await site.admin.get(f"/admin/inbox/{name}")).text
    html = await site.admin.get(f"/admin/inbox/{name}/html")
    source = await site.admin.get(f"/admin/inbox/{name}/source")

    assert "你好 there" in page
    assert "Hello Ana." in page
    assert "b+x@bounces.news.example.com" in page
    assert "<script>alert" not in page
    assert html.header("content-security-policy").startswith("sandbox ")
    assert source.text.encode() == MESSAGE
    assert source.header("content-type") == "message/rfc822"


@pytest.mark.parametrize("name", ["x", "..%2Fsecret.key", "20260101T000000000000-000000.eml", "%00"])
@pytest.mark.parametrize("part", ["", "/html", "/source"])
async def test_nothing_but_messages_is_found_there(site: Site, name: str, part: str) -> None:
    assert (await site.admin.get(f"/admin/inbox/{name}{part}")).status == 404


async def test_a_message_of_junk_does_not_break_the_page(site: Site) -> None:
    name = keep(site, bytes(range(256)) * 8)

    for part in ("", "/html", "/source"):
        answer = await site.admin.get(f"/admin/inbox/{name}{part}")
        assert answer.status == 200


async def test_without_its_folder_there_is_no_inbox(site: Site) -> None:
    shutil.rmtree(site.inbox.path)

    assert (await site.admin.get("/admin/inbox")).status == 404
    assert "/admin/inbox" not in (await site.admin.get("/admin")).text
