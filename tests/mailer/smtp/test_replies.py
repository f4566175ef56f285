"""From bytes to replies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp.errors import MalformedReplyError
from mailer.smtp.outcome import Reply
from mailer.smtp.replies import MAX_LINE_BYTES, MAX_LINES, ReplyReader

READABLE = [
    (b"250 2.1.5 Ok\r\n", Reply(250, "2.1.5", "Ok")),
    (b"250 Ok\r\n", Reply(250, "", "Ok")),
    (b"250\r\n", Reply(250, "", "")),
    (b"250 \r\n", Reply(250, "", "")),
    (b"354 Go on\n", Reply(354, "", "Go on")),
    (b"550 5.1.1\r\n", Reply(550, "5.1.1", "")),
    (
        b"550-5.7.1 Listed.\r\n550-5.7.1 See https://example.com\r\n550 5.7.1 Bye\r\n",
        Reply(550, "5.7.1", "Listed.\nSee https://example.com\nBye"),
    ),
    (b"250-mx.example\r\n250\r\n", Reply(250, "", "mx.example\n")),
    (b"421 4.7.28 \xe4\xbd\xa0\xe5\xa5\xbd\r\n", Reply(421, "4.7.28", "你好")),
    (b"450 caf\xe9\r\n", Reply(450, "", "caf\ufffd")),
    (b"550 \x1b[31mred\x07\r\n", Reply(550, "", " [31mred ")),
    (b"550 1.1.1.1 is listed\r\n", Reply(550, "", "1.1.1.1 is listed")),
]
UNREADABLE = [
    b"\r\n",
    b"25 Ok\r\n",
    b"2500 Ok\r\n",
    b"150 Ok\r\n",
    b"650 Ok\r\n",
    b"Ok\r\n",
    b"250_Ok\r\n",
    b"250-one\r\n251 two\r\n",
    b"250-one\r\nfour\r\n",
    b"\xff\xfe\r\n",
    b"2" * (MAX_LINE_BYTES + 1),
    b"250 " + b"x" * MAX_LINE_BYTES + b"\r\n",
    b"250-x\r\n" * (MAX_LINES + 1),
]


@pytest.mark.parametrize(("data", "reply"), READABLE)
def test_a_reply_is_read(data: bytes, reply: Reply) -> None:
    assert ReplyReader().read(data) == [reply]


@pytest.mark.parametrize("data", UNREADABLE)
def test_what_is_no_reply_is_told_apart(data: bytes) -> None:
    *_, last = ReplyReader().read(data)

    assert isinstance(last, MalformedReplyError)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x00\x01\x02\xff\r\n", "bytes that are no text (00 01 02 ff 0d)"),
        (b"wh\x1b[31mat?\r\n", "“wh [31mat?”"),
        (b"\r\n", "an empty line"),
    ],
)
def test_what_is_no_reply_is_shown_so_that_a_person_can_read_it(data: bytes, said: str) -> None:
    (error,) = ReplyReader().read(data)

    assert str(error) == f"The server said something that is no SMTP reply: {said}"


def test_replies_before_the_nonsense_count() -> None:
    first, second = ReplyReader().read(b"250 Ok\r\nwhat?\r\n250 Ok\r\n")

    assert first == Reply(250, "", "Ok")
    assert isinstance(second, MalformedReplyError)


@given(st.lists(st.sampled_from([data for data, _ in READABLE]), max_size=5), st.data())
def test_replies_are_the_same_in_whatever_pieces_they_come(replies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(replies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader = ReplyReader()

    read = [
        reply
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for reply in reader.read(stream[start:end])
    ]

    assert read == ReplyReader().read(stream)
    assert reader.is_empty
