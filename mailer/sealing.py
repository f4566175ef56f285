"""Secrets that must be stored and used again, such as a relay's password, are sealed with the installation's secret.

Sealed is Fernet (AES-128-CBC and HMAC-SHA-256, from `cryptography`), with a key of its own for each purpose and name: a
sealed text that somebody moves to another place does not open there. Whoever gets a copy of Redis, and not the secret,
reads nothing. It does not hide how long a text is.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken

from mailer.errors import ConfigError


class Seal:
    """Seals and opens texts of one purpose, such as `relay`, with a key derived from the installation's secret."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        """Keep what keys are derived from; each name gets its own."""
        self._purpose = purpose
        self._root = hashlib.sha256(b"pressrun seal " + purpose.encode() + b"\0" + secret).digest()

    def sealed(self, name: str, text: str) -> str:
        """Return the text, readable by nobody without the secret. Another one every time."""
        return self._key(name).encrypt(text.encode()).decode()

    def opened(self, name: str, sealed: str) -> str:
        """Return what was sealed under this name. Raises ConfigError where it was not, or with another secret."""
        try:
            return self._key(name).decrypt(sealed).decode()
        except InvalidToken as error:
            raise ConfigError(
                f"The stored secret of {self._purpose} {name} cannot be opened: it was sealed with another secret.key. "
                "Put that file back, or set the secret anew."
            ) from error

    def _key(self, name: str) -> Fernet:
        return Fernet(urlsafe_b64encode(hashlib.blake2b(name.encode(), digest_size=32, key=self._root).digest()))
