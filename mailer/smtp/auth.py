"""Logging in (RFC 4954), by PLAIN (RFC 4616) where offered, else by LOGIN. The password reaches no log and no error."""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from collections.abc import Set as AbstractSet

from mailer.smtp.outcome import Reply

MECHANISMS = frozenset({"PLAIN", "LOGIN"})
GIVE_UP = b"*\r\n"
"""Ends an exchange in which the server asks for more than there is to say (RFC 4954 §4)."""


class Login:
    """One exchange: a first line, then an answer to each challenge (334)."""

    __slots__ = ("_answers", "_secrets", "first_line")

    def __init__(self, username: str, password: str, offered: AbstractSet[str]) -> None:
        """Choose the mechanism by what the server offers."""
        plain = _base64("", username, password)
        self._secrets = (password, plain.decode(), _base64(password).decode())
        self._answers: deque[bytes] = deque()
        self.first_line = b"AUTH PLAIN " + plain + b"\r\n"
        if "PLAIN" not in offered:
            self.first_line = b"AUTH LOGIN\r\n"
            self._answers.extend((_base64(username) + b"\r\n", _base64(password) + b"\r\n"))

    def answer(self) -> bytes:
        """Return the line that answers the next challenge."""
        return self._answers.popleft() if self._answers else GIVE_UP

    def censored(self, reply: Reply) -> Reply:
        """Return the reply without the password, which some servers repeat."""
        text = reply.text
        for secret in self._secrets:
            text = text.replace(secret, "***") if secret else text
        return Reply(reply.code, reply.status, text)


def _base64(*parts: str) -> bytes:
    return b64encode("\0".join(parts).encode())
