"""Dots, line ends, and what cannot go over the wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp import Envelope, HandOver
from mailer.smtp.capabilities import Capabilities
from mailer.smtp.content import dotted, is_plain, line_end_trouble, message_trouble

EVERYTHING = Capabilities(has_pipelining=True, has_eight_bit=True, has_smtputf8=True, has_size=True)


def trouble(message: bytes, capabilities: Capabilities = EVERYTHING) -> str:
    return message_trouble(HandOver(1, Envelope("", "p@reader.example"), message), capabilities)


def said(message: bytes) -> bytes:
    return b"".join(dotted(HandOver(1, Envelope("", "p@reader.example"), message, is_plain(message))))


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"one\r\ntwo\r\n", b"one\r\ntwo\r\n.\r\n"),
        (b"no end", b"no end\r\n.\r\n"),
        (b".first\r\n", b"..first\r\n.\r\n"),
        (b"x\r\n.\r\ny\r\n", b"x\r\n..\r\ny\r\n.\r\n"),
        (b"x\r\n.\r\n.\r\n", b"x\r\n..\r\n..\r\n.\r\n"),
        (b"x\r\n...\r\n", b"x\r\n....\r\n.\r\n"),
        (b"a.b\r\n", b"a.b\r\n.\r\n"),
    ],
)
def test_dots_are_doubled_at_the_start_of_lines_only(message: bytes, wire: bytes) -> None:
    assert said(message) == wire


@given(st.lists(st.text(alphabet=".ab", max_size=4)))
def test_a_server_that_follows_the_rule_gets_the_message_back(lines: list[str]) -> None:
    message = "".join(f"{line}\r\n" for line in ["Subject: x", *lines]).encode()

    wire = said(message)

    assert wire.endswith(b"\r\n.\r\n")
    assert wire.count(b"\r\n.\r\n") == 1
    received = b"".join(line.removeprefix(b".") for line in wire.removesuffix(b".\r\n").splitlines(keepends=True))
    assert received == message


@pytest.mark.parametrize(
    ("message", "where"),
    [
        (b"one\r\ntwo\nthree\r\n", "Line 2 of the message ends in LF without CR."),
        (b"one\rtwo\r\n", "Line 1 of the message ends in CR without LF."),
        (b"one\r\n.\n.\r\n", "Line 2 of the message ends in LF without CR."),
        (b"one\r\n\r.\r\r\n", "Line 2 of the message ends in CR without LF."),
        (b"one\r\ntwo\r", "Line 2 of the message ends in CR without LF."),
        (b"\n", "Line 1 of the message ends in LF without CR."),
    ],
)
def test_a_message_that_could_smuggle_another_is_refused(message: bytes, where: str) -> None:
    assert trouble(message) == where


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"."])))
def test_only_crlf_ends_lines(pieces: list[bytes]) -> None:
    message = b"".join(pieces)
    rest = message.replace(b"\r\n", b"")

    assert bool(line_end_trouble(message)) == (b"\r" in rest or b"\n" in rest)


@pytest.mark.parametrize(
    ("message", "capabilities", "why"),
    [
        (b"", EVERYTHING, "empty"),
        (b"a\0b\r\n", EVERYTHING, "NUL"),
        (b"Subject: x\r\n\r\n0123456789\r\n", Capabilities(max_size_bytes=10), "takes 10 at most"),
        ("Subject: x\r\n\r\n你好\r\n".encode(), Capabilities(), "8BITMIME"),
        ("Subject: 你好\r\n\r\nx\r\n".encode(), Capabilities(has_eight_bit=True), "SMTPUTF8"),
    ],
)
def test_what_the_relay_cannot_take_is_refused_here(message: bytes, capabilities: Capabilities, why: str) -> None:
    assert why in trouble(message, capabilities)


def test_what_the_relay_can_take_has_no_trouble() -> None:
    assert trouble("Subject: 你好\r\n\r\n你好\r\n".encode()) == ""
    assert trouble("Subject: x\r\n\r\n你好\r\n".encode(), Capabilities(has_eight_bit=True)) == ""


PIECES = st.sampled_from([b"a", b".", b"\r\n", b"a\r\n", b"\r\na", b"\r", b"\n", b"a\r", b"", b"\0", "\u00e9".encode()])


@given(st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=3))
def test_plain_values_in_the_holes_of_a_plain_text_need_no_second_look(parts: list[tuple[bytes, bytes]]) -> None:
    texts = [text for text, _ in parts]
    if all(is_plain(filling.join([*texts, b""])) for filling in (b"", b"\r\n")) and is_plain(
        b"\r\n".join(value for _, value in parts)
    ):
        assert is_plain(b"".join(text + value for text, value in parts))


@pytest.mark.parametrize("text", [b"\r", b"a\n", b"a\r", b"\na", b".a", b".\r\n", b"\0", "\u00e9".encode()])
def test_what_could_harm_is_not_plain(text: bytes) -> None:
    assert is_plain(b"a.a\r\na\r\n")
    assert not is_plain(b"a\r\n" + text)
