"""Logging in (RFC 4954): by PLAIN (RFC 4616) where offered, else by LOGIN; or by XOAUTH2, with a token as password.

The password reaches no log and no error.
"""

from __future__ import annotations

from base64 import b64encode
from collections import deque
from collections.abc import Set as AbstractSet

from mailer.settings import RelayLogin
from mailer.smtp.outcome import Reply

WAYS: dict[RelayLogin, tuple[str, ...]] = {
    RelayLogin.BEST: ("PLAIN", "LOGIN"),
    RelayLogin.PLAIN: ("PLAIN",),
    RelayLogin.LOGIN: ("LOGIN",),
    RelayLogin.XOAUTH2: ("XOAUTH2",),
}
"""The mechanisms that each way of logging in may use, the best first."""
GIVE_UP = b"*\r\n"
"""Ends an exchange in which the server asks for more than there is to say (RFC 4954 §4)."""


class Login:
    """One exchange: a first line, then an answer to each challenge (334)."""

    __slots__ = ("_answers", "_secrets", "first_line")

    def __init__(self, username: str, password: str, mechanism: str) -> None:
        """Prepare the lines of one of the mechanisms in `WAYS`."""
        plain, lone = _base64("", username, password), _base64(password)
        bearer = b64encode(f"user={username}\1auth=Bearer {password}\1\1".encode())
        self._secrets = (password, plain.decode(), lone.decode(), bearer.decode())
        self._answers: deque[bytes] = deque()
        if mechanism == "PLAIN":
            self.first_line = b"AUTH PLAIN " + plain + b"\r\n"
        elif mechanism == "LOGIN":
            self.first_line = b"AUTH LOGIN\r\n"
            self._answers.extend((_base64(username) + b"\r\n", lone + b"\r\n"))
        else:
            self.first_line = b"AUTH XOAUTH2 " + bearer + b"\r\n"
            # A refusal comes as a challenge that tells why; an empty answer brings the reply itself.
            self._answers.append(b"\r\n")

    def answer(self) -> bytes:
        """Return the line that answers the next challenge."""
        return self._answers.popleft() if self._answers else GIVE_UP

    def censored(self, reply: Reply) -> Reply:
        """Return the reply without the password, which some servers repeat."""
        text = reply.text
        for secret in self._secrets:
            text = text.replace(secret, "***") if secret else text
        return Reply(reply.code, reply.status, text)


def mechanism_for(way: RelayLogin, offered: AbstractSet[str]) -> str:
    """Return the best mechanism of this way that the server offers; empty: none."""
    return next((mechanism for mechanism in WAYS[way] if mechanism in offered), "")


def _base64(*parts: str) -> bytes:
    return b64encode("\0".join(parts).encode())
