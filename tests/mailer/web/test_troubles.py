from __future__ import annotations

import logging

import pytest
from starlette.datastructures import State
from starlette.types import Message, Receive, Scope, Send

from mailer.web.troubles import Lifeboat
from tests.mailer.web.conftest import Site


async def test_every_trouble_says_what_happened_and_what_to_do(site: Site) -> None:
    answers = {
        404: await site.admin.get("/admin/issues/nothing-of-this-name"),
        405: await site.admin.ask("DELETE", "/admin/issues/harbour", headers={"sec-fetch-site": "same-origin"}),
        403: await site.admin.post("/admin/sign-out", headers={}),
        422: await site.admin.post("/admin/issues/harbour/send", {}),
    }

    for status, answer in answers.items():
        assert answer.status == status
        assert "<h1>" in answer.text
        assert 'class="lead"' in answer.text
    assert answers[405].header("allow")


async def test_a_bug_becomes_a_page_and_its_address_stays_out_of_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("a secret detail")

    class App:
        state = State({"settings": site.press.settings})

    answers: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "GET", "path": "/u/a-token", "headers": [], "query_string": b"", "app": App()}
    with caplog.at_level(logging.ERROR):
        await Lifeboat(broken)(scope, receive, send)

    page = answers[1]["body"].decode()
    assert answers[0]["status"] == 500
    assert "not your doing" in page
    assert "a secret detail" not in page
    assert "a secret detail" in caplog.text
    assert "a-token" not in caplog.text
