"""A relay as its operator defines it: where it is, how it is preferred, and how much it may be given.

Of several, those with the lowest `priority` are used, in shares of their `weight`; the others when none of these can be
used. Where none is defined, the relay of the settings is the only one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from mailer.errors import ConfigError
from mailer.senders.relays.limit import Limit
from mailer.settings import RelayLogin, RelayProtocol, RelayTls
from mailer.smtp.relay import Relay

DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600

LONGEST_TIMEOUT_SECONDS = 3_600
_MOST = 10**9
"""Of whatever is counted. More means no limit, which 0 says, and would not fit where it is counted."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_AT_LEAST_ONE = ("weight", "connections")
_NOT_NEGATIVE = (
    "priority",
    "connections_in_all",
    "messages_per_connection",
    "per_second",
    "per_hour",
    "per_day",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRelay:
    """What is stored about a relay. Zero as a limit means none."""

    name: str
    """How it is called in commands, pages and logs: lower-case letters, digits and hyphens."""
    host: str
    port: int = 587
    tls: RelayTls = RelayTls.STARTTLS
    protocol: RelayProtocol = RelayProtocol.SMTP
    login: RelayLogin = RelayLogin.BEST
    username: str = ""
    sealed_password: str = ""
    """The password as it may be stored (see `mailer.sealing`)."""
    password_file: str = ""
    hello_name: str = ""
    certificate_file: str = ""
    timeout_seconds: float = 60.0
    connections: int = 4
    """Connections that one worker process keeps at most."""
    connections_in_all: int = 0
    """Connections of all workers together, at most."""
    messages_per_connection: int = 0
    per_second: int = 0
    per_hour: int = 0
    per_day: int = 0
    """Messages in any second, hour, day; all workers together."""
    priority: int = 10
    """The lowest goes first."""
    weight: int = 1
    """Its share of the mail among relays of the same priority."""
    is_paused: bool = False
    """Whether its operator wants it unused for now."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"“{self.name}” cannot be a relay's name. Use lower-case letters, digits and hyphens.")
        if not 0 < self.port < 65536:
            raise ConfigError(f"The port {self.port} of the relay {self.name} is not between 1 and 65535.")
        for field_name in _AT_LEAST_ONE:
            if getattr(self, field_name) < 1:
                raise ConfigError(f"{field_name} of the relay {self.name} must be 1 or more.")
        for field_name in _NOT_NEGATIVE:
            if getattr(self, field_name) < 0:
                raise ConfigError(f"{field_name} of the relay {self.name} must not be negative.")
        self._check_what_cannot_be_meant()
        self.open("-" if self.sealed_password else "")

    @property
    def limits(self) -> tuple[Limit, ...]:
        """How many messages it may be given in how long."""
        wanted = ((self.per_second, 1), (self.per_hour, HOUR_SECONDS), (self.per_day, DAY_SECONDS))
        return tuple(Limit(amount, seconds) for amount, seconds in wanted if amount)

    def _check_what_cannot_be_meant(self) -> None:
        for field_name in (*_AT_LEAST_ONE, *_NOT_NEGATIVE):
            if getattr(self, field_name) > _MOST:
                raise ConfigError(f"{field_name} of the relay {self.name} must be {_MOST:,} or less.")
        # Also refuses what is not a number: stored, it could not be read again, and with it no relay at all.
        if not 0 < self.timeout_seconds <= LONGEST_TIMEOUT_SECONDS:
            raise ConfigError(
                f"timeout_seconds of the relay {self.name} must be more than 0 and at most {LONGEST_TIMEOUT_SECONDS:,}."
            )
        if any(letter.isspace() or not letter.isprintable() for letter in self.host):
            raise ConfigError(f"The host {self.host!r} of the relay {self.name} is no host name or address.")

    def open(self, password: str) -> Relay:
        """Return what a connection needs to know. Raises ConfigError for what makes no sense together."""
        shared = {one.name for one in fields(self)} & {one.name for one in fields(Relay)}
        return Relay(**{name: getattr(self, name) for name in shared}, password=password)
