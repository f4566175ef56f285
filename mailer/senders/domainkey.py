"""A DKIM key of a sending domain, and its life: made, seen in DNS, signing, retired, withdrawn.

    made → published → active → retired → withdrawn

A key signs only after its record was seen in DNS: a signature that nobody can verify is worse than none. When the next
key becomes active, the one before it retires: it signs no more and its record stays, because mail that it signed is
still on its way and is verified again when it is forwarded. After that its record says `p=`: withdrawn (RFC 6376
§3.6.1), and the private key is deleted.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from mailer.errors import ConfigError, ConflictError
from mailer.senders.dkim import Algorithm, BodyForm


class KeyState(StrEnum):
    """Where a key is in its life."""

    MADE = "made"
    """Waits for its record to be published."""
    PUBLISHED = "published"
    """Its record was seen in DNS."""
    ACTIVE = "active"
    """Signs."""
    RETIRED = "retired"
    """Signs no more; its record must stay for mail that is under way."""
    WITHDRAWN = "withdrawn"
    """Over: the private key is deleted, and the record says `p=`."""


MOVES: dict[KeyState, frozenset[KeyState]] = {
    KeyState.MADE: frozenset({KeyState.PUBLISHED, KeyState.WITHDRAWN}),
    # Back to made: its record is gone from DNS again.
    KeyState.PUBLISHED: frozenset({KeyState.ACTIVE, KeyState.MADE, KeyState.WITHDRAWN}),
    KeyState.ACTIVE: frozenset({KeyState.RETIRED}),
    # Back to active: the key after it turned out badly.
    KeyState.RETIRED: frozenset({KeyState.ACTIVE, KeyState.WITHDRAWN}),
    KeyState.WITHDRAWN: frozenset(),
}
"""From each state, the states that may follow."""

KEPT_AFTER_RETIRING = timedelta(days=7)
"""How long a retired key's record stays, beyond the time that mail may wait in a queue (R37)."""

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


class DomainKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored; the private key is sealed."""

    domain: str
    selector: str
    algorithm: Algorithm
    body: BodyForm = BodyForm.RELAXED
    sealed: str
    """The private key (PEM), sealed; empty once it is withdrawn."""
    record: str
    """The text of its TXT record."""
    made: datetime
    state: KeyState = KeyState.MADE
    since: datetime
    """When it came into its state."""

    def __post_init__(self) -> None:
        """Refuse a selector that is no DNS label."""
        if _SELECTOR.fullmatch(self.selector) is None:
            raise ConfigError(
                f"“{self.selector[:70]}” can be no selector: use a–z, 0–9 and “-”, 63 at most, such as s20261124."
            )

    @property
    def record_name(self) -> str:
        """The name of its TXT record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def final_record(self) -> str:
        """What the TXT record says once the key is withdrawn."""
        return f"v=DKIM1; k={_KIND[self.algorithm]}; p="

    @property
    def wanted_record(self) -> str:
        """What the TXT record says, or shall say, in the state that the key is in."""
        return self.final_record if self.state is KeyState.WITHDRAWN else self.record

    @property
    def zone_line(self) -> str:
        """Its record as zone files have it."""
        strings = " ".join(f'"{one}"' for one in record_strings(self.wanted_record))
        return f"{self.record_name}. IN TXT ( {strings} )"

    def moved(self, to: KeyState, now: datetime) -> DomainKey:
        """Return the key in another state. Raises ConflictError for a move that `MOVES` does not have."""
        if to not in MOVES[self.state]:
            following = " or ".join(sorted(MOVES[self.state])) or "nothing else"
            raise ConflictError(
                f"The key {self.selector} of {self.domain} is {self.state} and cannot become {to}; it can become "
                f"{following}."
            )
        sealed = "" if to is KeyState.WITHDRAWN else self.sealed
        return msgspec.structs.replace(self, state=to, since=now, sealed=sealed)

    def may_be_withdrawn(self, now: datetime, queued_for: timedelta) -> datetime:
        """Return from when on nobody needs its record any more: `queued_for` is how long mail may wait here."""
        return self.since + queued_for + KEPT_AFTER_RETIRING if self.state is KeyState.RETIRED else now


def record_strings(record: str) -> tuple[str, ...]:
    """Cut the text of a TXT record into strings of at most 255 octets (RFC 1035 §3.3)."""
    return tuple(record[start : start + 255] for start in range(0, len(record), 255))


def says_the_same(published: str, record: str) -> bool:
    """Whether a TXT record publishes the same key as `record`, however its tags are spaced and ordered (§3.6.1)."""
    theirs, ours = _tags(published), _tags(record)
    return (
        theirs.get("v", "DKIM1") == "DKIM1"
        and theirs.get("k", "rsa") == ours.get("k", "rsa")
        and bool(theirs.get("p"))
        and theirs["p"] == ours["p"]
    )


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip(): "".join(value.split()) for name, _, value in pairs if name.strip()}


_KIND = {Algorithm.RSA: "rsa", Algorithm.ED25519: "ed25519"}
