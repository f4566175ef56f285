"""The state machine, without a socket: what is said, in how many writes, and what it tells."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp import Envelope, HandOver
from mailer.smtp.connection import Connection
from mailer.smtp.errors import MisuseError
from mailer.smtp.events import Authenticated, Displaced, Ended, Event, Greeted, Introduced, Settled, TlsAgreed
from mailer.smtp.outcome import Step
from mailer.smtp.states import MOVES, State

HandOvers = Callable[[int], list[HandOver]]
PIPELINING = b"250-mx.example\r\n250 PIPELINING\r\n"
GO_ON = b"250 Ok\r\n250 Ok\r\n354 Go on\r\n"


def ready(ehlo: bytes = PIPELINING, *, is_lockstep: bool = False) -> Connection:
    connection = Connection(is_lockstep=is_lockstep)
    connection.receive(b"220 mx.example\r\n")
    connection.hello("press.example")
    connection.receive(ehlo)
    connection.take_output()
    return connection


def envelope(number: int) -> bytes:
    return f"MAIL FROM:<b+{number}@press.example>\r\nRCPT TO:<p{number}@reader.example>\r\nDATA\r\n".encode()


def told(events: list[Event]) -> list[tuple[str, int, str, str]]:
    """Shorten the events about hand-overs."""
    return [
        (type(event).__name__, event.hand_over.key, str(event.outcome.kind), str(event.outcome.step))
        for event in events
        if isinstance(event, Settled | Displaced)
    ]


def test_the_opening_is_told_step_by_step() -> None:
    connection = Connection()

    assert isinstance(connection.receive(b"220 mx.example\r\n")[0], Greeted)
    connection.hello("press.example")
    assert isinstance(connection.receive(b"250-mx.example\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n")[0], Introduced)
    connection.start_tls()
    assert isinstance(connection.receive(b"220 Go ahead\r\n")[0], TlsAgreed)
    connection.secured()
    assert not connection.capabilities.has_starttls
    connection.hello("press.example")
    connection.receive(b"250-mx.example\r\n250 AUTH PLAIN\r\n")
    connection.authenticate("press", "secret", "PLAIN")
    assert isinstance(connection.receive(b"235 Welcome\r\n")[0], Authenticated)
    assert connection.has_room


def test_the_end_of_one_message_and_the_envelope_of_the_next_leave_in_one_write(hand_overs: HandOvers) -> None:
    first, second, third = hand_overs(3)
    connection = ready()

    connection.hand_over(first)
    assert connection.take_output() == envelope(1)
    connection.receive(GO_ON)
    connection.hand_over(second)
    written = connection.take_output()
    assert written.startswith(b"Subject: Issue 1\r\n")
    assert written.endswith(b"The end.\r\n.\r\n" + envelope(2))
    events = connection.receive(b"250 queued\r\n" + GO_ON)
    connection.hand_over(third)

    assert told(events) == [("Settled", 1, "accepted", "dot")]
    assert connection.take_output().endswith(envelope(3))


def test_a_second_hand_over_waits_inside_and_leaves_with_the_first_content(hand_overs: HandOvers) -> None:
    connection = ready()

    for one in hand_overs(2):
        assert connection.has_room
        connection.hand_over(one)
    assert not connection.has_room
    assert connection.take_output() == envelope(1)
    connection.receive(GO_ON)

    assert connection.take_output().endswith(b"\r\n.\r\n" + envelope(2))


@pytest.mark.parametrize(("ehlo", "is_lockstep"), [(b"250 mx.example\r\n", False), (PIPELINING, True)])
def test_lock_step_says_one_line_a_reply(ehlo: bytes, is_lockstep: bool, hand_overs: HandOvers) -> None:
    connection = ready(ehlo, is_lockstep=is_lockstep)
    writes = []

    for one in hand_overs(2):
        connection.hand_over(one)
    for reply in (b"250 Ok\r\n", b"250 Ok\r\n", b"354 Go on\r\n", b"250 queued\r\n"):
        writes.append(connection.take_output())
        connection.receive(reply)

    assert b"".join(writes[:3]) == envelope(1)
    assert [write.count(b"\r\n") for write in writes[:3]] == [1, 1, 1]
    assert writes[3].endswith(b"\r\n.\r\n")
    assert connection.take_output() == b"MAIL FROM:<b+2@press.example>\r\n"


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        # What was said when the connection was lost, and what is then true of hand-overs 1 and 2.
        (b"", [("Displaced", 1, "deferred", "mail"), ("Displaced", 2, "deferred", "mail")]),
        (b"250 Ok\r\n", [("Displaced", 1, "deferred", "rcpt"), ("Displaced", 2, "deferred", "mail")]),
        (b"250 Ok\r\n250 Ok\r\n", [("Displaced", 1, "deferred", "data"), ("Displaced", 2, "deferred", "mail")]),
        (GO_ON, [("Settled", 1, "uncertain", "dot"), ("Displaced", 2, "deferred", "mail")]),
        (GO_ON + b"250 queued\r\n", [("Settled", 1, "accepted", "dot"), ("Displaced", 2, "deferred", "mail")]),
        (GO_ON + b"250 queued\r\n" + GO_ON, [("Settled", 1, "accepted", "dot"), ("Settled", 2, "uncertain", "dot")]),
    ],
)
def test_a_lost_connection_defers_before_the_dot_and_is_uncertain_after(
    replies: bytes, expected: list[tuple[str, int, str, str]], hand_overs: HandOvers
) -> None:
    connection = ready()
    events: list[Event] = []
    for one in hand_overs(2):
        connection.hand_over(one)

    for line in replies.splitlines(keepends=True):
        events += connection.receive(line)
        connection.take_output()
    events += connection.lost("gone")

    assert told(events) == expected
    assert events[-1] == Ended("gone")
    assert connection.lost("again") == []
    assert connection.receive(b"250 Ok\r\n") == []


def test_a_dot_that_never_left_this_machine_is_not_uncertain(hand_overs: HandOvers) -> None:
    first, second = hand_overs(2)
    for unwritten, kind in ((0, "uncertain"), (len(envelope(2)), "uncertain"), (len(envelope(2)) + 1, "deferred")):
        connection = ready()
        connection.hand_over(first)
        connection.receive(GO_ON)
        connection.hand_over(second)
        connection.take_output()

        events = connection.lost("too slow", unwritten_bytes=unwritten)

        assert told(events)[0][2] == kind


def test_content_that_was_not_even_taken_is_not_uncertain(hand_overs: HandOvers) -> None:
    connection = ready()
    connection.hand_over(hand_overs(1)[0])

    events = connection.receive(GO_ON + b"nonsense\r\n")

    assert told(events) == [("Displaced", 1, "deferred", "data")]
    assert connection.take_output() == b""


COMMANDS: dict[Step, Callable[[Connection, HandOver], object]] = {
    Step.EHLO: lambda connection, _: connection.hello("press.example"),
    Step.STARTTLS: lambda connection, _: connection.start_tls(),
    Step.CONNECT: lambda connection, _: connection.secured(),
    Step.AUTH: lambda connection, _: connection.authenticate("press", "secret", "PLAIN"),
    Step.MAIL: lambda connection, one: connection.hand_over(one),
    Step.QUIT: lambda connection, _: connection.quit(),
}


@pytest.mark.parametrize("step", COMMANDS)
@pytest.mark.parametrize("state", State)
def test_a_command_is_legal_exactly_where_the_table_says(state: State, step: Step, hand_overs: HandOvers) -> None:
    connection = ready()
    connection.state = state
    command = COMMANDS[step]

    if (state, step) in MOVES:
        command(connection, hand_overs(1)[0])
    else:
        with pytest.raises(MisuseError):
            command(connection, hand_overs(1)[0])


@pytest.mark.parametrize("step", [Step.STARTTLS, Step.AUTH, Step.QUIT])
def test_nothing_is_handed_over_in_the_middle_of_a_handshake(step: Step, hand_overs: HandOvers) -> None:
    connection = ready()
    COMMANDS[step](connection, hand_overs(1)[0])

    with pytest.raises(MisuseError):
        connection.hand_over(hand_overs(1)[0])


def test_a_third_hand_over_is_our_mistake(hand_overs: HandOvers) -> None:
    connection = ready()
    first, second, third = hand_overs(3)
    connection.hand_over(first)
    connection.hand_over(second)

    with pytest.raises(MisuseError):
        connection.hand_over(third)
    with pytest.raises(MisuseError):
        connection.quit()


REPLY_LIKE = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda code, mark, text: f"{code}{mark}{text}\r\n".encode(),
        st.sampled_from([220, 235, 250, 251, 334, 354, 421, 450, 451, 500, 503, 530, 550, 554]),
        st.sampled_from([" ", "-", ""]),
        st.sampled_from(["Ok", "2.1.0 Ok", "PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN", "SIZE 10", ""]),
    ),
)


@given(st.lists(REPLY_LIKE, max_size=30), st.integers(0, 12), st.booleans())
def test_whatever_a_server_says_everybody_is_settled_once(
    chunks: list[bytes], ready_until: int, is_lockstep: bool
) -> None:
    """Drive a connection as a session would, against a server that says anything at all, at any time."""
    connection = Connection(is_lockstep=is_lockstep)
    events: list[Event] = []
    given_keys: list[int] = []
    dots_written: set[int] = set()

    def act() -> None:
        if connection.state is State.GREETED and connection.waiting_for is None:
            connection.hello("press.example")
        elif connection.has_room:
            key = len(given_keys)
            given_keys.append(key)
            events.extend(connection.hand_over(make(key)))
        written = connection.take_output()
        dots_written.update(key for key in given_keys if f"<message {key}>\r\n.\r\n".encode() in written)

    if ready_until:
        opening = [b"220 mx\r\n", PIPELINING, *[GO_ON, b"250 queued\r\n"] * 5]
        chunks = opening[:ready_until] + chunks
    for chunk in chunks:
        events += connection.receive(chunk)
        act()
    events += connection.lost("gone")

    settled = [event for event in events if isinstance(event, Settled | Displaced)]
    assert sorted(event.hand_over.key for event in settled) == given_keys
    for event in settled:
        if event.outcome.kind in {"accepted", "uncertain"}:
            assert event.hand_over.key in dots_written
        if isinstance(event, Displaced):
            assert event.outcome.kind == "deferred"
            assert event.hand_over.key not in dots_written
    assert sum(isinstance(event, Ended) for event in events) == 1


def make(key: int) -> HandOver:
    return HandOver(key, Envelope("", f"p{key}@reader.example"), f"<message {key}>\r\n".encode())
