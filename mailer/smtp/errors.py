"""How an SMTP conversation goes wrong: against its grammar, by them or by us, or because they do not believe us."""

from __future__ import annotations

from datetime import timedelta

from mailer.errors import PressrunError, RelayError


class MalformedReplyError(PressrunError):
    """Theirs: what the server said is no reply (RFC 5321 §4.2), or no answer to what it was asked."""


class MisuseError(PressrunError):
    """Ours: a command was given in a state where it is not legal. A bug in the caller."""


class StandingError(RelayError):
    """Theirs or ours, and it stays so until somebody acts: trying again changes nothing, or does harm."""


class LoginRefusedError(StandingError):
    """Theirs, at AUTH: the credentials are wrong, and asking again would only lock the account."""


class UntrustedError(StandingError):
    """The certificate is not one that the relay's name may show."""


class UnansweredError(StandingError):
    """Theirs: messages are taken, and nobody can tell what became of them."""


class HandshakeError(RelayError):
    """TLS was agreed on and did not come about."""


class RelayFullError(RelayError):
    """Ours: a relay has been given all that its limits allow. `rest` says for how long."""

    def __init__(self, message: str, rest: timedelta) -> None:
        """Keep how long to wait."""
        self.rest = rest
        super().__init__(message)


def reason(error: Exception) -> str:
    """Say what went wrong in words; some errors, like TimeoutError, have none."""
    if isinstance(error, TimeoutError) and not str(error):
        return "it took too long"
    return str(error) or type(error).__name__
