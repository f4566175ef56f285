"""How an SMTP conversation goes wrong: against its grammar, by them or by us, or because they do not believe us."""

from __future__ import annotations

import errno
import os
import re
import ssl
from datetime import timedelta

from mailer.errors import PressrunError, RelayError

# As asyncio says it: one address, or several after “Multiple exceptions”.
_CONNECT_FAILED = re.compile(r"\[Errno (\d+)\] Connect call failed \('([^']+)', (\d+)")
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"})


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
    if isinstance(error, ssl.SSLError):
        return _why_no_tls(error)
    if failed := _CONNECT_FAILED.findall(str(error)):
        return "; ".join(dict.fromkeys(_why_not_connected(int(number), *address) for number, *address in failed))
    if isinstance(error, ConnectionRefusedError):
        # uvloop does not say where.
        return "nobody listens there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _why_no_tls(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message.rstrip(".")
    if error.reason in _NO_TLS:
        return "no TLS is spoken there; try --tls starttls"
    return f"TLS failed ({error.reason.replace('_', ' ').lower()})" if error.reason else str(error)


def _why_not_connected(number: int, host: str, port: str) -> str:
    at = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if number == errno.ECONNREFUSED:
        return f"nobody listens at {at}"
    return f"{at} cannot be reached ({os.strerror(number).lower()})"
