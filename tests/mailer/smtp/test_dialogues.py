"""Scripted conversations, one file each in tests/dialogues, held with the real client over a real loopback socket.

`C:` is what the client must say next, `S:` what the server then says. A file begins with what it is about, then:

    hand over 2        how many messages there are          timeout 0.1      for one step; the dot has ten times this
    login NAME WORD    AUTH with these                      starttls         demand STARTTLS
    bearer NAME WORD   AUTH XOAUTH2 with these              opportunistic    TLS only where it works
    lmtp               speak LMTP                           per connection 2 close after so many messages
    open pipelining    greeting and EHLO of a server with   open lock-step   or without PIPELINING
    open chunking      with PIPELINING and CHUNKING         C: <chunk 1>     BDAT and its content
    C: <message 1>     content up to the final dot          <connection>     the client connects again
    S: <drop>          close    S: <reset>  close rudely    S: <stall>       say nothing until the client goes
    S: <raw TEXT>      these very bytes                     S: <drip> S: <flood>   one byte at a time; without end
    = 1 accepted at dot: TEXT       how a hand-over ended   = relay error: TEXT    how the call ended
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from mailer.errors import RelayError
from mailer.settings import RelayLogin, RelayProtocol, RelayTls
from mailer.smtp import HandOver, Outcome, Pool, Relay

FOLDER = Path(__file__).parents[2] / "dialogues"
OPENINGS = {
    "open pipelining": [
        "S: 220 mx.example ESMTP",
        "C: EHLO press.example",
        "S: 250-mx.example",
        "S: 250-PIPELINING",
        "S: 250 8BITMIME",
    ],
    "open chunking": [
        "S: 220 mx.example ESMTP",
        "C: EHLO press.example",
        "S: 250-mx.example",
        "S: 250-PIPELINING",
        "S: 250 CHUNKING",
    ],
    "open lock-step": ["S: 220 mx.example ESMTP", "C: EHLO press.example", "S: 250-mx.example", "S: 250 8BITMIME"],
}
CHANGES: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "timeout": lambda words: {"timeout_seconds": float(words[0])},
    "login": lambda words: {"username": words[0], "password": words[1]},
    "bearer": lambda words: {"username": words[0], "password": words[1], "login": RelayLogin.XOAUTH2},
    "per": lambda words: {"messages_per_connection": int(words[1])},
    "lmtp": lambda words: {"protocol": RelayProtocol.LMTP},
    "starttls": lambda words: {"tls": RelayTls.STARTTLS},
    "opportunistic": lambda words: {"tls": RelayTls.OPPORTUNISTIC},
}
"""What a line of the beginning says of the relay."""
HandOvers = Callable[[int], list[HandOver]]


@dataclass(frozen=True)
class Dialogue:
    """One file."""

    name: str
    relay: Relay
    count: int = 1
    conversations: list[list[str]] = field(default_factory=lambda: [[]])
    endings: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Dialogue:
        dialogue = cls(path.stem, Relay("127.0.0.1", 1, connections=1, timeout_seconds=5, hello_name="press.example"))
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                dialogue = dialogue.with_line(line)
        return dialogue

    def with_line(self, line: str) -> Dialogue:
        verb, _, rest = line.partition(" ")
        if verb in CHANGES:
            return replace(self, relay=replace(self.relay, **CHANGES[verb](rest.split())))
        match verb:
            case "hand":
                return replace(self, count=int(rest.split()[1]))
            case "open":
                self.conversations[-1].extend(OPENINGS[line])
            case "<connection>":
                self.conversations.append([])
            case "=":
                self.endings.append(rest)
            case "C:" | "S:":
                self.conversations[-1].append(line)
            case _:
                raise AssertionError(f"{self.name}: cannot read {line!r}")
        return self


class ScriptedServer:
    """Holds the conversations of a dialogue, one a connection, and refuses further ones."""

    def __init__(self, dialogue: Dialogue, hand_overs: list[HandOver]) -> None:
        self.dialogue = dialogue
        self.messages = {each.key: each.message for each in hand_overs}
        self.waiting = list(dialogue.conversations)
        self.surprises: list[str] = []
        self.talks: list[asyncio.Task[None]] = []

    async def start(self) -> int:
        self.server = await asyncio.start_server(self.accept, "127.0.0.1", 0)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    async def finished(self) -> None:
        self.server.close()
        async with asyncio.timeout(10):
            await asyncio.gather(*self.talks)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.waiting.pop(0)
        if not self.waiting:
            self.server.close()
        self.talks.append(asyncio.create_task(self.talk(script, reader, writer)))

    async def talk(self, script: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for line in script:
                if line.startswith("C:"):
                    await self.expect(line[3:], reader)
                else:
                    await self.say(line[3:], reader, writer)
            await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def expect(self, said: str, reader: asyncio.StreamReader) -> None:
        """Read what the client says, and note it if it is anything else."""
        if match := re.fullmatch(r"<message (\d+)>", said):
            lines = []
            while (line := await reader.readline()) not in {b".\r\n", b""}:
                lines.append(line.removeprefix(b"."))
            heard, said_bytes = b"".join(lines), self.messages[int(match[1])]
        elif match := re.fullmatch(r"<chunk (\d+)>", said):
            message = self.messages[int(match[1])]
            heard, said_bytes = await reader.readline(), b"BDAT %d LAST\r\n" % len(message)
            heard, said_bytes = heard + await reader.readexactly(len(message)), said_bytes + message
        else:
            heard, said_bytes = await reader.readline(), f"{said}\r\n".encode()
        if heard != said_bytes:
            self.surprises.append(f"expected {said_bytes!r}, heard {heard!r}")
            raise ConnectionError

    async def say(self, reply: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say a reply, or misbehave."""
        if match := re.fullmatch(r"<raw (.*)>", reply):
            writer.write(match[1].encode().decode("unicode_escape").encode("latin-1"))
        elif reply == "<drop>":
            raise ConnectionError
        elif reply == "<reset>":
            option = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
            raise ConnectionError
        elif reply == "<stall>":
            await reader.read()
            raise ConnectionError
        elif reply == "<drip>":
            # The client gives up by a reset or an orderly end; uvloop allows no write after either.
            gone = asyncio.create_task(reader.read())
            while not gone.done() and not writer.is_closing():
                writer.write(b"2")
                await asyncio.wait([gone], timeout=0.02)
            await gone
        elif reply == "<flood>":
            writer.write(b"250-more\r\n" * 10_000)
        else:
            writer.write(f"{reply}\r\n".encode())


async def hold(dialogue: Dialogue, hand_overs: list[HandOver]) -> tuple[dict[int, Outcome], str, list[str]]:
    """Hold a dialogue; return the outcomes, the relay error, and what the client should not have said."""
    server = ScriptedServer(dialogue, hand_overs)
    relay = replace(dialogue.relay, port=await server.start())
    outcomes: dict[int, Outcome] = {}

    def settle(key: int, outcome: Outcome) -> None:
        assert key not in outcomes, f"settled twice: {outcomes[key]}, {outcome}"
        outcomes[key] = outcome

    pool, error = Pool(relay), ""
    try:
        await pool.hand_over_all(iter(hand_overs), settle)
    except RelayError as relay_error:
        error = str(relay_error)
    await pool.close()
    await server.finished()
    return outcomes, error, server.surprises


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
async def test_a_dialogue_ends_as_its_file_says(path: Path, hand_overs: HandOvers) -> None:
    dialogue = Dialogue.read(path)

    outcomes, error, surprises = await hold(dialogue, hand_overs(dialogue.count))

    assert surprises == []
    settled = [ending for ending in dialogue.endings if not ending.startswith("relay error")]
    assert len(outcomes) == len(settled)
    for ending in dialogue.endings:
        if ending.startswith("relay error: "):
            assert ending.removeprefix("relay error: ") in error
        else:
            number, kind, step, text = re.fullmatch(r"(\d+) (\w+) at (\w+): ?(.*)", ending).groups()  # type: ignore[union-attr]
            outcome = outcomes[int(number)]
            assert (outcome.kind, outcome.step) == (kind, step), outcome
            assert text in (str(outcome.reply) if outcome.reply else outcome.detail)
            assert outcome.reply or outcome.detail


def faults() -> Iterator[tuple[str, str, int]]:
    """Every reply of some good conversations, dropped, and stalled."""
    names = ("accepted-three-pipelined", "accepted-two-lock-step", "refused-second-of-three", "login-plain")
    for name in (*names, "chunking-three", "lmtp-refused-at-rcpt"):
        script = Dialogue.read(FOLDER / f"{name}.txt").conversations[0]
        for place, line in enumerate(script):
            if line.startswith("S:"):
                yield name, "<drop>", place
                yield name, "<stall>", place


def is_slow(name: str, fault: str) -> bool:
    """Stalls take their time: in the normal suite those of one conversation are enough."""
    return fault == "<stall>" and name != "accepted-three-pipelined"


@pytest.mark.parametrize(
    ("name", "fault", "place"),
    [pytest.param(*one, marks=pytest.mark.slow if is_slow(*one[:2]) else ()) for one in faults()],
)
async def test_a_fault_at_any_line_tells_the_truth_about_everybody(
    name: str, fault: str, place: int, hand_overs: HandOvers
) -> None:
    whole = Dialogue.read(FOLDER / f"{name}.txt")
    said = whole.conversations[0][:place]
    timeout = 0.1 if fault == "<stall>" else 5
    relay = replace(whole.relay, timeout_seconds=timeout)
    broken = replace(whole, relay=relay, conversations=[[*said, f"S: {fault}"]])

    outcomes, error, surprises = await hold(broken, hand_overs(whole.count))

    assert surprises == []
    for ending in whole.endings:
        number, kind, _, reply = re.fullmatch(r"(\d+) (\w+) at (\w+): (.*)", ending).groups()  # type: ignore[union-attr]
        outcome = outcomes.get(int(number))
        if f"S: {reply}" in said:
            assert outcome
            assert outcome.kind == kind
        elif f"C: <message {number}>" in said or f"C: <chunk {number}>" in said:
            assert outcome
            assert outcome.kind == "uncertain"
        else:
            # Deferred if it was pulled; else it is still in the source, and the caller was told.
            assert outcome.kind == "deferred" if outcome else error
