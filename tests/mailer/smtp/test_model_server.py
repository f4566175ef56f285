"""The client against a model server, byte by byte: whatever it answers and whenever it hangs up, no outcome is a lie.

Hypothesis chooses who is handed over, how many bytes arrive at a time in either direction, what the server replies at
each step, and when the line breaks. The server knows what it has taken; that is held against what the client says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mailer.smtp import Envelope, HandOver, Outcome
from mailer.smtp.connection import Connection
from mailer.smtp.events import Displaced, Ended, Event, Settled

OFFERS = {
    "lock-step": [],
    "pipelining": ["PIPELINING"],
    "chunking": ["PIPELINING", "CHUNKING"],
    "everything": ["PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "SIZE 100000", "DSN"],
    "lmtp": ["PIPELINING"],
}
BODIES = [b"Subject: a\r\n\r\n.\r\n..\r\nx\r\n", b"no end of line", b".\r\n", b"BDAT 3 LAST\r\nQUIT\r\n.", b"x" * 700]
ANSWERS = {"good": {}, "later": {"code": 451}, "never": {"code": 550}, "closing": {"code": 421}}


@dataclass
class ModelServer:
    """A server that keeps to RFC 5321 and RFC 3030, and refuses when it is told to."""

    is_lmtp: bool
    offers: list[str]
    heard: bytes = b""
    to_say: bytes = b"220 model\r\n"
    sender: bool = False
    recipient: str = ""
    reading: str = ""
    chunk_bytes: int = 0
    is_closing: bool = False
    taken: list[tuple[str, bytes]] = field(default_factory=list)

    def hear(self, data: bytes, choose: Callable[[], str]) -> None:
        self.heard += data
        while not self.is_closing and self.take_one(choose):
            pass

    def take_one(self, choose: Callable[[], str]) -> bool:
        """Take one line or one content; return whether there was one."""
        if self.reading == "dots":
            return self.take_dots(choose)
        if self.reading == "chunk":
            return self.take_chunk(choose)
        line, end, rest = self.heard.partition(b"\r\n")
        if not end:
            return False
        self.heard = rest
        verb = line[:4].decode()
        getattr(self, f"on_{verb.lower()}")(line.decode(), choose)
        return True

    def take_dots(self, choose: Callable[[], str]) -> bool:
        content = b"\r\n" + self.heard
        end = content.find(b"\r\n.\r\n")
        if end < 0:
            return False
        self.heard, content = content[end + 5 :], content[2 : end + 2]
        self.reading = ""
        lines = content.split(b"\r\n")
        self.finish(b"\r\n".join(line.removeprefix(b".") if line.startswith(b".") else line for line in lines), choose)
        return True

    def take_chunk(self, choose: Callable[[], str]) -> bool:
        if len(self.heard) < self.chunk_bytes:
            return False
        content, self.heard = self.heard[: self.chunk_bytes], self.heard[self.chunk_bytes :]
        self.reading = ""
        self.finish(content, choose)
        return True

    def finish(self, content: bytes, choose: Callable[[], str]) -> None:
        recipient, self.sender, self.recipient = self.recipient, False, ""
        if not recipient:
            if not self.is_lmtp:
                self.say("554 5.5.1 No recipient")
        elif self.answer(choose):
            self.taken.append((recipient, content))

    def on_ehlo(self, line: str, choose: Callable[[], str]) -> None:
        lines = ["model", *self.offers]
        self.to_say += b"".join(f"250{'-' if each != lines[-1] else ' '}{each}\r\n".encode() for each in lines)

    on_lhlo = on_ehlo

    def on_mail(self, line: str, choose: Callable[[], str]) -> None:
        assert not self.sender, "MAIL inside an envelope"
        self.sender = self.answer(choose)

    def on_rcpt(self, line: str, choose: Callable[[], str]) -> None:
        if not self.sender:
            self.say("503 5.5.1 MAIL first")
        elif self.answer(choose):
            self.recipient = line.partition("<")[2].partition(">")[0]

    def on_data(self, line: str, choose: Callable[[], str]) -> None:
        # A server may wait for content though nobody stands; LMTP servers may not (RFC 2033 §4.2).
        waits = bool(self.recipient) or (not self.is_lmtp and self.sender and choose() == "good")
        if not waits:
            self.say("503 5.5.1 RCPT first")
        elif self.answer(choose, "354 Go on"):
            self.reading = "dots"

    def on_bdat(self, line: str, choose: Callable[[], str]) -> None:
        assert self.recipient, "content for nobody"
        self.reading, self.chunk_bytes = "chunk", int(line.split()[1])

    def on_rset(self, line: str, choose: Callable[[], str]) -> None:
        self.sender, self.recipient = False, ""
        self.say("250 2.0.0 Ok")

    def answer(self, choose: Callable[[], str], good: str = "250 2.0.0 Ok") -> bool:
        """Say yes or no, as chosen; return which."""
        chosen = choose()
        self.say({"good": good, "later": "451 4.3.0 Later", "never": "550 5.0.0 Never"}.get(chosen, "421 4.3.2 Bye"))
        self.is_closing = chosen == "closing"
        return chosen == "good"

    def say(self, reply: str) -> None:
        self.to_say += f"{reply}\r\n".encode()


class Conversation(RuleBasedStateMachine):
    """Client and server, with two pipes between them that deliver as slowly as hypothesis likes."""

    def __init__(self) -> None:
        super().__init__()
        self.given: dict[int, HandOver] = {}
        self.settled: dict[int, Outcome] = {}
        self.pipe = b""
        self.is_over = False

    @initialize(name=st.sampled_from(sorted(OFFERS)))
    def open(self, name: str) -> None:
        self.server = ModelServer(name == "lmtp", OFFERS[name])
        self.client = Connection(is_lmtp=name == "lmtp")
        self.take_in(self.client.receive(self.say_all()))
        self.client.hello("press.example")
        self.server.hear(self.client.take_output(), lambda: "good")
        self.take_in(self.client.receive(self.say_all()))

    @precondition(lambda self: not self.is_over and self.client.has_room)
    @rule(body=st.sampled_from(BODIES))
    def hand_over(self, body: bytes) -> None:
        key = len(self.given) + 1
        self.given[key] = HandOver(key, Envelope(f"b+{key}@press.example", f"p{key}@reader.example", f"e{key}"), body)
        self.take_in(self.client.hand_over(self.given[key]))

    @precondition(lambda self: not self.is_over)
    @rule(size=st.sampled_from([1, 7, 40, 10_000]), choices=st.lists(st.sampled_from(["good"] * 6 + [*ANSWERS])))
    def carry_to_the_server(self, size: int, choices: list[str]) -> None:
        self.pipe += self.client.take_output()
        data, self.pipe = self.pipe[:size], self.pipe[size:]
        self.server.hear(data, lambda: choices.pop() if choices else "good")

    @precondition(lambda self: not self.is_over and self.server.to_say)
    @rule(size=st.sampled_from([1, 3, 20, 10_000]))
    def carry_to_the_client(self, size: int) -> None:
        data, self.server.to_say = self.server.to_say[:size], self.server.to_say[size:]
        self.take_in(self.client.receive(data))

    @precondition(lambda self: not self.is_over and self.given)
    @rule(is_known=st.booleans())
    def break_the_line(self, is_known: bool) -> None:
        """What is still in the pipe never arrives; the client may know how much that is."""
        self.take_in(self.client.lost("The line broke.", unwritten_bytes=len(self.pipe) if is_known else 0))

    @precondition(lambda self: self.is_over)
    @rule()
    def nothing_follows(self) -> None:
        assert self.client.receive(b"250 2.0.0 Ok\r\n") == []
        assert not self.client.output_bytes

    @invariant()
    def no_outcome_is_a_lie(self) -> None:
        taken = [recipient for recipient, _ in getattr(self, "server", ModelServer(False, [])).taken]
        assert len(taken) == len(set(taken)), "somebody has two copies"
        for key, outcome in self.settled.items():
            recipient = self.given[key].envelope.recipient
            if outcome.kind == "accepted":
                assert recipient in taken
            elif outcome.kind != "uncertain":
                assert recipient not in taken

    def teardown(self) -> None:
        if not hasattr(self, "client"):
            return
        for _ in range(200):
            if self.is_over or self.client.is_at_rest:
                break
            self.carry_to_the_server(10_000, [])
            if self.server.to_say:
                self.carry_to_the_client(10_000)
        self.take_in(self.client.lost("The end."))
        self.no_outcome_is_a_lie()
        assert self.settled.keys() == self.given.keys()
        for recipient, content in self.server.taken:
            message = next(one.message for one in self.given.values() if one.envelope.recipient == recipient)
            assert content.removesuffix(b"\r\n") == message.removesuffix(b"\r\n")

    def say_all(self) -> bytes:
        said, self.server.to_say = self.server.to_say, b""
        return said

    def take_in(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Settled | Displaced):
                key = event.hand_over.key
                assert key not in self.settled, "settled twice"
                self.settled[key] = event.outcome
            self.is_over |= isinstance(event, Ended)


def test_no_outcome_is_ever_a_lie() -> None:
    run_state_machine_as_test(Conversation, settings=settings(max_examples=60, stateful_step_count=40, deadline=None))


@pytest.mark.slow
def test_no_outcome_is_ever_a_lie_in_very_many_conversations() -> None:
    many = settings(max_examples=1_000, stateful_step_count=80, deadline=None)
    run_state_machine_as_test(Conversation, settings=many)
