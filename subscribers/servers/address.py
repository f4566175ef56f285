"""The address of a Redis, and which kind of installation it names.

| address | what |
|---|---|
| `redis://host:6379/0`, `rediss://…`, `unix:///path/to.sock?db=0` | one server |
| `redis+sentinel://host:26379,host:26379/name?db=0`, `rediss+sentinel://…` | the primary that sentinels call `name` |
| `redis+cluster://host:6379,host:6379`, `rediss+cluster://…` | a cluster, by some of its nodes |

`rediss` means TLS, with verified certificates. User and password stand before the hosts, `user:password@`, and are the
servers'; what sentinels want is given as `sentinel_username` and `sentinel_password` behind the question mark.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

_PORTS = {"cluster": 6379, "sentinel": 26379}


class Kind(StrEnum):
    """How the servers stand to each other."""

    ALONE = "alone"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Address:
    """What an address says."""

    kind: Kind
    url: str
    hosts: tuple[tuple[str, int], ...] = ()
    name: str = ""
    """What the sentinels call the primary."""
    database: int = 0
    is_tls: bool = False
    credentials: dict[str, str] = field(default_factory=dict)
    sentinel_credentials: dict[str, str] = field(default_factory=dict)


def parse_url(url: str) -> Address:
    """Return what the address says. Raises ValueError, whose text is a sentence without the password."""
    scheme, _, rest = url.partition("://")
    transport, _, kind = scheme.partition("+")
    if not kind:
        return Address(Kind.ALONE, url)
    if kind not in _PORTS or transport not in ("redis", "rediss"):
        raise ValueError("it begins with none of redis://, rediss://, unix://, redis+sentinel:// and redis+cluster://")
    before, _, query = rest.partition("?")
    place, _, path = before.partition("/")
    credentials, _, hosts = place.rpartition("@")
    options = dict(parse_qsl(query))
    return _checked(
        Address(
            kind=Kind(kind),
            url=url,
            hosts=tuple(_host(one, _PORTS[kind]) for one in hosts.split(",")),
            name=unquote(path),
            database=_number(options.get("db", "0"), "a database is a number"),
            is_tls=transport == "rediss",
            credentials=_credentials(*credentials.partition(":")[::2]),
            sentinel_credentials=_credentials(
                options.get("sentinel_username", ""), options.get("sentinel_password", "")
            ),
        )
    )


def without_password(url: str) -> str:
    """Return the address as it may be shown."""
    try:
        scheme, _, rest = url.partition("://")
        credentials, at, place = rest.rpartition("@")
        name, colon, _ = credentials.partition(":")
        return f"{scheme}://{name}{colon and ':…'}{at}{urlsplit('//' + place).netloc}"
    except ValueError:
        return "…"


def _checked(address: Address) -> Address:
    if address.kind is Kind.CLUSTER and (address.name or address.database):
        raise ValueError("a cluster has no databases; leave out what follows the hosts")
    if address.kind is Kind.SENTINEL and not address.name:
        raise ValueError("the name that the sentinels know the primary by is missing after the hosts, as in /mymaster")
    return address


def _host(text: str, port: int) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("a host is missing")
    return parts.hostname, parts.port or port


def _number(text: str, otherwise: str) -> int:
    if not text.isdecimal():
        raise ValueError(otherwise)
    return int(text)


def _credentials(username: str, password: str) -> dict[str, str]:
    given = {"username": unquote(username), "password": unquote(password)}
    return {name: value for name, value in given.items() if value}
