"""A caught message is taken apart for showing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.inbox.captured import Link, read_captured, read_heading

RAW = (
    b"Return-Path: <b+t@bounces.example.com>\r\nDelivered-To: anna@example.org\r\nX-Original-To: anna@example.org\r\n"
    b"Received: from x by inbox.test; Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    b"From: =?utf-8?B?5paw6Ze7?= <news@example.com>\r\nTo: Anna <anna@example.org>\r\nSubject: Five stories\r\n"
    b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    b"List-Unsubscribe: <https://news.example.com/u/abc>,\r\n <mailto:u+abc@bounces.example.com>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n5L2g5aW9\r\n"
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b'<p><a class=3D"x" href=3D"https://example.com/?a=3D1&amp;b=3D2"><b>Read</b> on</a></p>\r\n--b--\r\n'
)


def test_a_message_is_taken_apart() -> None:
    caught = read_captured("one.eml", RAW)

    assert caught.return_path == "b+t@bounces.example.com"
    assert caught.recipients == ("anna@example.org",)
    assert caught.subject == "Five stories"
    assert caught.sender == "新闻 <news@example.com>"
    assert caught.text == "你好"
    assert caught.html.startswith("<p><a")
    assert caught.header("list-unsubscribe-post") == "List-Unsubscribe=One-Click"
    assert caught.headers[0] == ("Return-Path", "<b+t@bounces.example.com>")
    assert caught.message.startswith(b"From: ")


def test_links_and_the_one_click_address_are_found() -> None:
    caught = read_captured("one.eml", RAW)

    assert caught.links == (Link("https://example.com/?a=1&b=2", "Read on"),)
    assert caught.one_click_url == "https://news.example.com/u/abc"


def test_no_one_click_address_without_its_second_field() -> None:
    caught = read_captured("one.eml", RAW.replace(b"List-Unsubscribe-Post", b"X-Other"))

    assert caught.one_click_url == ""


def test_links_of_a_text_are_found() -> None:
    caught = read_captured("one.eml", b"Subject: x\r\n\r\nSee https://example.com/a and more\r\n")

    assert caught.links == (Link("https://example.com/a", "https://example.com/a"),)


@given(st.binary(max_size=600))
def test_any_bytes_are_shown_somehow(raw: bytes) -> None:
    caught = read_captured("one.eml", raw)

    assert (caught.links, caught.one_click_url, caught.message) is not None
    assert read_heading("one.eml", raw, len(raw)).name == "one.eml"


@given(
    st.binary(max_size=60), st.sampled_from(["From", "To", "Subject", "Date", "Content-Type", "Message-ID", "List-Id"])
)
def test_any_field_is_shown_somehow(value: bytes, field: str) -> None:
    raw = field.encode() + b": " + value + b"\r\n\r\nHello\r\n"

    assert read_captured("one.eml", raw).name == "one.eml"
    assert read_heading("one.eml", raw, len(raw)).name == "one.eml"
