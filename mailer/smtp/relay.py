"""The SMTP server that mail is handed to, as the operator describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mailer.errors import ConfigError
from mailer.settings import RelayLogin, RelayProtocol, RelayTls, Settings
from mailer.smtp.outcome import Step

DOT_PATIENCE = 10
"""How many times longer than other steps the dot may take: servers scan the message first (RFC 5321 §4.5.3.2.6)."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Relay:
    """Where to connect, how to be protected, who to be, and how much at once."""

    host: str
    port: int
    tls: RelayTls = RelayTls.NONE
    username: str = ""
    """Name for AUTH; empty: no authentication."""
    password: str = field(default="", repr=False)
    connections: int = 4
    """Connections kept at once, by one pool."""
    timeout_seconds: float = 60.0
    """How long the server may take for one step; the final dot has ten times this (RFC 5321 §4.5.3.2.6)."""
    hello_name: str = ""
    """Name said in EHLO; empty: this machine's own, or its address as a literal."""
    certificate_file: str = ""
    """PEM file of the authority that signed the relay's certificate; empty: the system's authorities."""
    allows_plain_auth: bool = False
    """Operator's choice to say the password without TLS to a host that is not this one."""
    protocol: RelayProtocol = RelayProtocol.SMTP
    login: RelayLogin = RelayLogin.BEST
    password_file: str = ""
    """Where the password is read for each new connection, in place of `password`: tokens are renewed by others."""
    messages_per_connection: int = 0
    """After so many a connection is closed and another one opened; 0: as many as the server takes."""
    takes_chunks: bool = True
    """Whether to use CHUNKING where it is offered (RFC 3030)."""

    def __post_init__(self) -> None:
        if not self.host:
            raise ConfigError("The relay has no host. Name the SMTP server that takes your mail.")
        if self.connections < 1 or self.timeout_seconds <= 0:
            raise ConfigError(
                f"The relay {self.host} needs a connection at least, and a timeout of more than 0 seconds; it has "
                f"{self.connections} and {self.timeout_seconds:g}."
            )
        if not self.hello_name.isascii() or any(letter.isspace() for letter in self.hello_name):
            raise ConfigError(f"The hello_name {self.hello_name!r} is no host name (letters, digits, dots, hyphens).")
        if self.username and not self.may_say_password:
            raise ConfigError(
                f"The password for {self.host} would travel in plain text. Set relay_tls to starttls or implicit."
            )

    @classmethod
    def of(cls, settings: Settings) -> Relay:
        """Return the relay that the settings describe."""
        return cls(
            host=settings.relay_host,
            port=settings.relay_port,
            tls=settings.relay_tls,
            username=settings.relay_username,
            password=settings.relay_password.get_secret_value(),
            connections=settings.relay_connections,
            timeout_seconds=settings.relay_timeout_seconds,
            hello_name=settings.hello_name,
            protocol=settings.relay_protocol,
            login=settings.relay_login,
            password_file=settings.relay_password_file,
        )

    def patience_seconds(self, step: Step) -> float:
        """Return how long the server may take for a step."""
        return self.timeout_seconds * (DOT_PATIENCE if step is Step.DOT else 1)

    @property
    def may_say_password(self) -> bool:
        """Whether nobody on the way can read the password, or the operator accepts that."""
        is_verified = self.tls in (RelayTls.STARTTLS, RelayTls.IMPLICIT)
        return is_verified or self.host in LOOPBACK or self.allows_plain_auth

    def current_password(self) -> str:
        """Return the password as it is now. Raises ConfigError for a file that cannot be read."""
        if not self.password_file:
            return self.password
        try:
            return Path(self.password_file).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The password file of the relay {self.name} cannot be read: {error}") from error

    @property
    def name(self) -> str:
        """The relay in a sentence: `mx.example.com:587`."""
        return f"{self.host}:{self.port}"
