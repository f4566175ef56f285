"""A conversation as a person may read it: every line, without the password, and without the message's content."""

from __future__ import annotations

from base64 import b64encode

from mailer.smtp.relay import Relay

HIDDEN = "***"


class Transcript:
    """Writes down who says what. Give `note` to a session as its witness."""

    def __init__(self, relay: Relay) -> None:
        """Know what must not be written down."""
        password = relay.current_password()
        self.lines: list[str] = []
        self._secrets = [one for one in (password, b64encode(password.encode()).decode()) if password]
        self._expects_secret = False
        self._is_content = False

    def note(self, speaker: str, data: bytes) -> None:
        """Write down what was said, line by line."""
        text = data.decode("utf-8", "replace").removesuffix("\r\n")
        for line in text.split("\r\n"):
            self._note_line(speaker, line)

    def _note_line(self, speaker: str, line: str) -> None:
        if speaker == "S":
            self._expects_secret = line.startswith("334")
            self._is_content = line.startswith("354")
        elif self._is_content:
            # Content ends with the dot; what follows it are commands again.
            self._is_content = line != "."
            if line != ".":
                return
        elif self._expects_secret:
            line, self._expects_secret = HIDDEN, False
        elif line.upper().startswith("AUTH "):
            line = " ".join([*line.split()[:2], HIDDEN])
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        self.lines.append(f"{speaker}: {line}")
