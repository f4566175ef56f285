"""The SMTP server that mail is handed to, as the operator describes it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailer.errors import ConfigError
from mailer.settings import RelayTls, Settings

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

    def __post_init__(self) -> None:
        if not self.host or self.connections < 1 or self.timeout_seconds <= 0:
            raise ConfigError(f"The relay needs a host, a connection and a positive timeout: {self}")
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
        )

    @property
    def may_say_password(self) -> bool:
        """Whether nobody on the way can read the password, or the operator accepts that."""
        return self.tls is not RelayTls.NONE or self.host in LOOPBACK or self.allows_plain_auth

    @property
    def name(self) -> str:
        """The relay in a sentence: `mx.example.com:587`."""
        return f"{self.host}:{self.port}"
