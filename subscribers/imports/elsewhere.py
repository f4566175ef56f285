"""The tables that other newsletter systems give out: recognised by their headings, read with what they mean there.

Whoever left a letter there has left it: a row that says so is not brought back to life here. Columns that only that
system can use (its own numbers and counters) are left out; everything else becomes a field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_FALSE = frozenset({"false", "0", "no", "f"})
_TRUE = frozenset({"true", "1", "yes", "t"})


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One system's table. All names of columns are in lower case, with words apart."""

    name: str
    known_by: frozenset[str]
    """Columns that together say that it is this system's."""
    left: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Column → what stands there for somebody who must not be mailed."""
    left_if_filled: frozenset[str] = frozenset()
    """Columns with the time of leaving."""
    objects: frozenset[str] = frozenset()
    """Columns with a JSON object, whose entries become fields."""
    ignored: frozenset[str] = frozenset()


_SYSTEMS: Sequence[Elsewhere] = (
    Elsewhere(
        "listmonk",
        frozenset({"uuid", "email", "name", "attributes", "status"}),
        left={"status": frozenset({"blocklisted", "disabled", "unsubscribed"})},
        objects=frozenset({"attributes"}),
        ignored=frozenset({"id", "uuid", "status", "created at", "updated at"}),
    ),
    Elsewhere(
        "Mailchimp",
        frozenset({"email address", "leid", "euid"}),
        left_if_filled=frozenset({"unsub time", "clean time"}),
        ignored=frozenset(
            {"member rating", "optin time", "optin ip", "confirm time", "confirm ip", "last changed", "leid", "euid"}
            | {"gmtoff", "dstoff", "latitude", "longitude", "unsub time", "unsub campaign title", "unsub campaign id"}
            | {"unsub reason", "unsub reason other", "clean time", "clean campaign title", "clean campaign id"}
        ),
    ),
    Elsewhere(
        "Substack",
        frozenset({"email", "active subscription", "email disabled"}),
        left={"email disabled": _TRUE},
        ignored=frozenset({"email disabled", "active subscription", "expiry", "first payment at", "created at"}),
    ),
    Elsewhere(
        "Ghost",
        frozenset({"email", "subscribed to emails", "complimentary plan"}),
        left={"subscribed to emails": _FALSE},
        left_if_filled=frozenset({"deleted at"}),
        ignored=frozenset(
            {"id", "subscribed to emails", "complimentary plan", "stripe customer id", "created at", "deleted at"}
        ),
    ),
    Elsewhere(
        "Buttondown",
        frozenset({"subscriber type", "tags", "metadata"}),
        left={"subscriber type": frozenset({"unsubscribed", "removed", "undeliverable", "blocked", "complained"})},
        left_if_filled=frozenset({"unsubscription date", "undeliverability date"}),
        objects=frozenset({"metadata"}),
        ignored=frozenset(
            {"id", "secondary id", "subscriber type", "source", "creation date", "unsubscription date"}
            | {"undeliverability date", "ip address", "last open date", "last click date", "churn date", "transitions"}
        ),
    ),
    Elsewhere(
        "Keila",
        frozenset({"email", "first name", "last name", "data", "status", "external id"}),
        left={"status": frozenset({"unsubscribed", "unreachable"})},
        objects=frozenset({"data"}),
        ignored=frozenset({"status"}),
    ),
)
_NOBODYS = Elsewhere("", frozenset())


def recognise(header: Sequence[str]) -> Elsewhere:
    """Return whose table this is; one without a name if it is nobody's in particular."""
    names = frozenset(header)
    return next((system for system in _SYSTEMS if system.known_by <= names), _NOBODYS)
