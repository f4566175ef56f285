"""Where links lead, and what pictures weigh: asked of a server on loopback, which is allowed by name."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from mailer.fetching import web_client
from mailer.rendering.checks.reaching import HEAVY_PICTURE, link_answers, picture_weights
from mailer.rendering.document import WrittenLink


class Answers(BaseHTTPRequestHandler):
    """Answers with the status in the path; `/no-head/…` refuses HEAD, `/size/…` is a picture of that many bytes."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(f"{self.command} {self.path}")
        parts = self.path.strip("/").split("/")
        if parts[0] == "size":
            self.send_response(200)
            self.send_header("content-type", "image/png")
            if parts[-1] != "silent":
                self.send_header("content-length", parts[1])
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(b"x" * int(parts[1]))
            return
        is_refused = parts[0] == "no-head" and self.command == "HEAD"
        self.send_response(405 if is_refused else int(parts[-1]))
        self.send_header("content-type", "text/html")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """Give the address of the server."""
    Answers.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def allowed(server: str) -> list[tuple[str, int]]:
    return [("127.0.0.1", int(server.rpartition(":")[2]))]


def link(url: str, line: int = 3) -> WrittenLink:
    return WrittenLink(url, "words", line)


async def nothing_of_ours(_url: str) -> int | None:
    return None


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        *((path, []) for path in ("/200", "/204", "/401", "/403", "/429", "/999", "/no-head/200")),
        *((path, ["link-dead"]) for path in ("/404", "/410", "/500", "/503", "/no-head/404")),
    ],
)
async def test_a_link_is_dead_only_where_nobody_gets_through(server: str, path: str, rules: list[str]) -> None:
    async with web_client(allowed=allowed(server)) as client:
        found = await link_answers([link(server + path)], client)

    assert [flaw.rule for _, flaw in found] == rules
    assert all(line == 3 and server + path in flaw.message and flaw.fix for line, flaw in found)


async def test_an_address_is_asked_once_and_named_at_each_of_its_places(server: str) -> None:
    links = [link(f"{server}/410", 1), link(f"{server}/410", 9)]

    async with web_client(allowed=allowed(server)) as client:
        found = await link_answers(links, client)

    assert [line for line, _ in found] == [1, 9]
    assert Answers.seen == ["HEAD /410", "GET /410"]


async def test_what_differs_for_each_reader_or_is_no_page_is_not_asked(server: str) -> None:
    links = [link(f"{server}/404?who={{{{ subscriber.email }}}}"), link("mailto:a@example.com"), link("tel:+1")]

    async with web_client(allowed=allowed(server)) as client:
        assert await link_answers(links, client) == []

    assert Answers.seen == []


async def test_a_link_into_our_own_network_is_never_followed(server: str) -> None:
    async with web_client() as client:
        ((_, flaw),) = await link_answers([link(f"{server}/200")], client)

    assert flaw.rule == "link-private"
    assert Answers.seen == []


@pytest.mark.parametrize("ending", ["", "/silent"])
async def test_a_heavy_picture_is_a_finding_whether_or_not_the_server_says_its_size(server: str, ending: str) -> None:
    pictures = [link(f"{server}/size/{HEAVY_PICTURE + 1}{ending}"), link(f"{server}/size/400{ending}")]

    async with web_client(allowed=allowed(server)) as client:
        found = await picture_weights(pictures, client, nothing_of_ours)

    assert [(flaw.rule, "500 KB" in flaw.message) for _, flaw in found] == [("image-weight", True)]


async def test_many_pictures_are_heavy_together(server: str) -> None:
    pictures = [link(f"{server}/size/{HEAVY_PICTURE - number}") for number in range(5)]

    async with web_client(allowed=allowed(server)) as client:
        ((line, flaw),) = await picture_weights(pictures, client, nothing_of_ours)

    assert (line, flaw.message) == (0, "The pictures have 2.5 MB together.")


@pytest.mark.parametrize(("path", "words"), [("/404", "is not there (404)"), ("/200", "is no picture but text/html")])
async def test_a_picture_that_cannot_be_shown_is_a_finding(server: str, path: str, words: str) -> None:
    async with web_client(allowed=allowed(server)) as client:
        ((_, flaw),) = await picture_weights([link(server + path)], client, nothing_of_ours)

    assert flaw.rule == "image-dead"
    assert words in flaw.message


async def test_our_own_pictures_are_weighed_without_asking_ourselves(server: str) -> None:
    async def ours(_url: str) -> int | None:
        return HEAVY_PICTURE * 2

    async with web_client() as client:
        ((_, flaw),) = await picture_weights([link(f"{server}/a/x.png")], client, ours)

    assert flaw.rule == "image-weight"
    assert Answers.seen == []
