"""What is fetched from the web, and what is not. The servers of these tests are on loopback, and allowed by name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from mailer.fetching import MOST_REDIRECTS, FetchError, ForbiddenAddressError, is_public, web_client

released = Event()


class Answers(BaseHTTPRequestHandler):
    """Answers by the path; counts who came."""

    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        what, _, rest = self.path.lstrip("/").partition("/")
        if what == "to":
            self.send_response(302)
            self.send_header("location", f"http://{rest}")
            self.end_headers()
        elif what == "round":
            self.send_response(301)
            self.send_header("location", "/round")
            self.end_headers()
        elif what == "stall":
            released.wait(30)
        elif what == "drip":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * 100_000)
        else:
            self.send_response(int(what))
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", "5")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(b"words")

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Answers.seen = []
    released.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        released.set()
        server.shutdown()
        thread.join()


def at(server: ThreadingHTTPServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}{path}"


def allowed(server: ThreadingHTTPServer) -> list[tuple[str, int]]:
    return [("127.0.0.1", server.server_port)]


async def test_status_kind_and_body_are_told(server: ThreadingHTTPServer) -> None:
    async with web_client(allowed=allowed(server)) as client:
        got, asked = await client.get(at(server, "/404"), most_bytes=100), await client.head(at(server, "/200"))

    assert (got.status, got.content_type, got.length, got.body) == (404, "text/plain", 5, b"words")
    assert (asked.status, asked.length, asked.body) == (200, 5, b"")


async def test_no_more_is_read_than_was_asked_for(server: ThreadingHTTPServer) -> None:
    async with web_client(allowed=allowed(server)) as client:
        got = await client.get(at(server, "/drip"), most_bytes=1_000)

    assert (len(got.body), got.length) == (1_000, None)


async def test_a_silent_server_ends_in_a_sentence(server: ThreadingHTTPServer) -> None:
    async with web_client(seconds=0.2, allowed=allowed(server)) as client:
        with pytest.raises(FetchError, match=r"did not answer within 0\.2 seconds"):
            await client.get(at(server, "/stall"), most_bytes=10)


async def test_redirects_end_somewhere(server: ThreadingHTTPServer) -> None:
    async with web_client(allowed=allowed(server)) as client:
        with pytest.raises(FetchError, match="more than 5 redirects"):
            await client.get(at(server, "/round"), most_bytes=10)

    assert len(Answers.seen) == MOST_REDIRECTS + 1


async def test_a_redirect_is_followed(server: ThreadingHTTPServer) -> None:
    async with web_client(allowed=allowed(server)) as client:
        got = await client.get(at(server, f"/to/127.0.0.1:{server.server_port}/200"), most_bytes=10)

    assert (got.status, got.address) == (200, at(server, "/200"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
async def test_nothing_of_ours_is_reached_by_any_spelling(server: ThreadingHTTPServer, host: str) -> None:
    async with web_client() as client:
        with pytest.raises(FetchError):
            await client.get(f"http://{host}:{server.server_port}/200", most_bytes=10)

    assert Answers.seen == []


async def test_a_redirect_leads_into_no_private_network(server: ThreadingHTTPServer) -> None:
    async with web_client(allowed=allowed(server)) as client:
        with pytest.raises(ForbiddenAddressError, match="private network"):
            await client.get(at(server, f"/to/localhost:{server.server_port}/200"), most_bytes=10)

    assert len(Answers.seen) == 1


async def test_a_name_with_one_private_address_is_refused_and_the_address_looked_at_is_the_one_used(
    server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([["93.184.216.34", "127.0.0.1"], ["10.0.0.8"], ["fe80::1"]])

    async def lookup(host: str, port: int, **_: object) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(2, 1, 6, "", (address, port)) for address in next(answers)]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    async with web_client() as client:
        for _ in range(3):
            with pytest.raises(ForbiddenAddressError):
                await client.get(f"http://rebinding.test:{server.server_port}/200", most_bytes=10)

    assert Answers.seen == []


@pytest.mark.parametrize(
    "address",
    [
        *("file:///etc/passwd", "ftp://example.com/", "gopher://example.com", "javascript:alert(1)", "//example.com"),
        *("http://", "http://user:word@example.com/", "http://[::1", "http://a b/", "http://example.com:99999/"),
        "https://example.com/" + "a" * 5_000,
    ],
)
async def test_what_is_no_address_of_the_web_is_not_tried(address: str) -> None:
    async with web_client() as client:
        with pytest.raises(FetchError):
            await client.get(address, most_bytes=10)


async def test_nobody_there_is_a_sentence(server: ThreadingHTTPServer) -> None:
    async with web_client(allowed=[("127.0.0.1", 1)]) as client:
        with pytest.raises(FetchError, match="cannot be reached"):
            await client.head("http://127.0.0.1:1/")


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        *(
            (one, False)
            for one in ("10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0")
        ),
        *((one, False) for one in ("224.0.0.1", "255.255.255.255", "::", "fc00::1", "fe80::1%eth0", "ff02::1")),
        *((one, False) for one in ("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "64:ff9b::7f00:1")),
        *((one, True) for one in ("93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822")),
    ],
)
def test_public_addresses_and_others(address: str, answer: bool) -> None:
    assert is_public(address) is answer
