"""How far a server's certificate is trusted."""

from __future__ import annotations

import ssl
from functools import lru_cache

from mailer.errors import ConfigError
from mailer.smtp.errors import UntrustedError, reason


@lru_cache(maxsize=8)
def trusted(certificate_file: str) -> ssl.SSLContext:
    """Return a context that verifies certificates: against the system's authorities, or the operator's own."""
    try:
        return ssl.create_default_context(cafile=certificate_file or None)
    except OSError as error:
        raise ConfigError(f"The certificate file {certificate_file} cannot be read: {reason(error)}") from error


@lru_cache(maxsize=1)
def unverified() -> ssl.SSLContext:
    """Return a context that takes any certificate: better than plain text against those who only listen."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def untrusted(name: str, error: OSError) -> UntrustedError | None:
    """Say that the relay of this name is not to be trusted, if that is what the error is about."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    return UntrustedError(
        f"The relay {name} shows a certificate that is not to be trusted: {reason(error)}. It must be valid for the "
        "host name that is set, and signed by an authority that this system knows, or by the one in the certificate "
        "file."
    )
