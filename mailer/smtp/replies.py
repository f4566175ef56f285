"""From bytes to replies (RFC 5321 §4.2): three digits, a hyphen or a space, and a text, over one or more lines.

Lines that end in a bare LF are read too, as every client does. Anything else that is no reply raises
MalformedReplyError, and so does a reply without end: a server cannot fill our memory.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mailer.smtp.errors import MalformedReplyError
from mailer.smtp.outcome import Reply

MAX_LINE_BYTES = 4096
"""RFC 5321 §4.5.3.1.5 allows 512; real servers exceed it with long explanations."""
MAX_LINES = 256

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:[ -](.*))?", re.DOTALL)
_STATUS = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: +|$)")


class ReplyReader:
    """Cuts what arrives, in whatever pieces, into replies."""

    __slots__ = ("_lines", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of a line or reply that has begun."""
        return not self._rest and not self._lines

    def read(self, data: bytes) -> list[Reply | MalformedReplyError]:
        """Return the replies that `data` completes; the last may be an error, after which nothing can be trusted."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        replies: list[Reply | MalformedReplyError] = []
        try:
            for line in lines:
                if line[3:4] != b"-" and not self._lines:
                    replies.append(_single(line))
                elif reply := self._continued(line):
                    replies.append(reply)
        except MalformedReplyError as error:
            return [*replies, error]
        if len(self._rest) > MAX_LINE_BYTES:
            replies.append(MalformedReplyError(f"A line of the server is longer than {MAX_LINE_BYTES} bytes."))
        return replies

    def _continued(self, line: bytes) -> Reply | None:
        """Take one line of a multi-line reply; return the reply if it was the last one."""
        code, _ = _parse(line)
        if self._lines and int(self._lines[0][:3]) != code:
            raise MalformedReplyError(f"One reply has two codes: {self._lines[0][:3].decode()} and {code}.")
        self._lines.append(line)
        if len(self._lines) > MAX_LINES:
            raise MalformedReplyError(f"The server's reply is longer than {MAX_LINES} lines.")
        if line[3:4] == b"-":
            return None
        texts = [_parse(each)[1] for each in self._lines]
        self._lines = []
        return _reply(code, texts)


# A pipelined server says the same few lines again and again; only the reply to the dot is new each time.
@lru_cache(maxsize=512)
def _single(line: bytes) -> Reply:
    """Read a reply of one line."""
    code, text = _parse(line)
    return _reply(code, [text])


def _parse(line: bytes) -> tuple[int, str]:
    """Split a line into its code and its text, free of control characters that could play tricks on a terminal."""
    match = _LINE.fullmatch(line.removesuffix(b"\r"))
    if not match or len(line) > MAX_LINE_BYTES:
        raise MalformedReplyError(f"The server said something that is no SMTP reply: {_legible(line[:80])}")
    text = (match[2] or b"").decode("utf-8", "replace").strip()
    return int(match[1]), _printable(text)


def _legible(line: bytes) -> str:
    """Show a line that is no reply to a person; what is no text, by its first bytes."""
    text = _printable(line.decode("utf-8", "replace")).strip()
    if any(letter.isalnum() for letter in text):
        return f"“{text}”"
    return f"bytes that are no text ({line[:16].hex(' ')})" if line.strip() else "an empty line"


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)


def _reply(code: int, texts: list[str]) -> Reply:
    """Lift the enhanced status (RFC 2034) out of the lines, which all carry the same one."""
    match = _STATUS.match(texts[0])
    if not match:
        return Reply(code, "", "\n".join(texts))
    status = match[1]
    rest = [text.removeprefix(status).lstrip() for text in texts]
    return Reply(code, status, "\n".join(rest))
