"""One reader leaves: what is posted, and what is not taken for an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from mailer.demo.leaving import leave_with_one_click
from mailer.errors import PressrunError


class Door(BaseHTTPRequestHandler):
    """Takes what is posted, and refuses whatever is not under /u/good."""

    posted: ClassVar[list[tuple[str, str, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.posted.append((self.path, self.headers["Content-Type"], body))
        self.send_response(200 if self.path == "/u/good" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """Give the address of a server that takes one-click unsubscribes."""
    Door.posted.clear()
    with HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def header(url: str, post: str = "List-Unsubscribe=One-Click") -> Message:
    message = Message()
    message["List-Unsubscribe"] = f"<{url}>,\r\n <mailto:u+x@example.com?subject=unsubscribe>"
    message["List-Unsubscribe-Post"] = post
    return message


def test_the_body_and_type_of_rfc_8058_are_posted(url: str) -> None:
    assert leave_with_one_click(header(f"{url}/u/good")) == f"{url}/u/good"
    assert Door.posted == [("/u/good", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")]


def test_another_answer_than_200_is_not_taken_for_leaving(url: str) -> None:
    with pytest.raises(PressrunError, match="answered with status 404"):
        leave_with_one_click(header(f"{url}/u/bad"))


def test_nobody_answering_is_an_error() -> None:
    with pytest.raises(PressrunError, match="was not answered"):
        leave_with_one_click(header("http://127.0.0.1:1/u/good"))


def test_a_message_without_the_offer_is_refused(url: str) -> None:
    with pytest.raises(PressrunError, match="no one-click unsubscribe"):
        leave_with_one_click(header(f"{url}/u/good", post="yes"))
    with pytest.raises(PressrunError, match="no one-click unsubscribe"):
        leave_with_one_click(Message())
